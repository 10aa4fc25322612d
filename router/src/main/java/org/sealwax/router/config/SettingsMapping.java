package org.sealwax.router.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.settings.SettingType.CertificateName;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.router.config.ConfigurationSchema.AuthTable;
import org.sealwax.router.config.ConfigurationSchema.ForwardTable;
import org.sealwax.router.config.ConfigurationSchema.IdentityForRow;
import org.sealwax.router.config.ConfigurationSchema.IdentityTable;
import org.sealwax.router.config.ConfigurationSchema.MetricsTable;
import org.sealwax.router.config.ConfigurationSchema.NegativeAnchorRow;
import org.sealwax.router.config.ConfigurationSchema.PolicyTableRow;
import org.sealwax.router.config.ConfigurationSchema.ReceiptsTable;
import org.sealwax.router.config.ConfigurationSchema.RejectTableRow;
import org.sealwax.router.config.ConfigurationSchema.RelayDomainRow;
import org.sealwax.router.config.ConfigurationSchema.SessionLimits;
import org.sealwax.router.config.ConfigurationSchema.SrsTable;
import org.sealwax.router.config.ConfigurationSchema.StsTable;
import org.sealwax.router.config.ConfigurationSchema.TlsReportsInTable;
import org.sealwax.router.config.ConfigurationSchema.TlsRequiredNoFrom;
import org.sealwax.router.config.ConfigurationSchema.TransportRow;
import org.sealwax.router.config.ConfigurationSchema.TrustTable;
import org.sealwax.router.deliver.Credentials;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.AddressPattern;
import org.sealwax.router.receive.ClientLimits.ClientLimitSettings;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RejectRow;
import org.sealwax.router.receive.RejectRow.RejectMatch;
import org.sealwax.router.reports.received.ReceivedReportSettings;
import org.sealwax.router.reports.received.ReportListenerSettings;
import org.sealwax.router.route.ConfiguredHop;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * The mapping from configuration sections to the settings of each package. One mapping belongs to
 * one reading; values that a package's settings refuse, and missing files, become problems of that
 * reading.
 */
final class SettingsMapping {
  /** Bytes of a file that holds one password. */
  private static final int MAX_PASSWORD = 4096;

  private final ConfigurationReader reader;
  private final Path folder;
  private final boolean readsFiles;
  private final ServerSettings server;
  private final Map<String, Path> caFiles = new LinkedHashMap<>();
  private final Map<String, Object> restart = new TreeMap<>();

  /** One row with its place. */
  private record Row<R extends Record>(Section section, R value) {}

  /**
   * Files are relative to {@code folder}.
   *
   * @param readsFiles whether files that are named must be there
   */
  SettingsMapping(
      ConfigurationReader reader, Path folder, MachineDefaults defaults, boolean readsFiles) {
    this.reader = reader;
    this.folder = folder;
    this.readsFiles = readsFiles;
    this.server =
        read(
            reader.section("server"),
            ServerSettings.class,
            Map.of("hostname", defaults.hostname(), "state", defaults.state()));
  }

  /** The table {@code [server]}. */
  ServerSettings server() {
    return server;
  }

  RouterSettings settings() {
    ForwardTable forwarding = table("forward", ForwardTable.class);
    TrustTable trust = table("trust", TrustTable.class);
    IdentityTable identity = table("identity", IdentityTable.class);
    List<ForwardSettings.AliasDomain> aliases =
        values(rows("alias_domain", ForwardSettings.AliasDomain.class, Map.of()));
    List<Row<TransportRow>> transports = rows("transport", TransportRow.class, Map.of());
    List<Row<PipeSettings>> pipes =
        rows("pipe", PipeSettings.class, Map.of("delimiter", forwarding.delimiter()));
    ForwardSettings forward = forward(forwarding, aliases, transports, pipeNames());
    List<ListenerRow> listeners = listeners();
    return new RouterSettings(
        server,
        listeners,
        table("limits", SessionLimits.class).sessions(),
        identity(identity),
        table("roots", RootSettings.class),
        caFiles,
        trust.networks(),
        values(rows("trusted_client", TrustedClientRow.class, Map.of())),
        values(rows("peer", PeerIdentities.NamedPeer.class, Map.of())),
        receive(trust),
        over("limits", ClientLimitSettings.defaults()),
        rejects(forwarding, aliases),
        table("auth", AuthTable.class).passwordFile(),
        forward,
        values(pipes),
        over("queue", SpoolSettings.defaults(server.state().resolve("spool"))),
        queue(),
        deliver(
            Map.of(
                "ownEndpoints", ownEndpoints(listeners),
                "clientCertificate", identity.showToServers(),
                "rows", policyRows(),
                "routes", routes(forward, transports))),
        over("deliver", DialerSettings.defaults()),
        sts(),
        tlsReports(),
        tlsReportsIn(),
        ledger(),
        table("receipts", ReceiptsTable.class).enabled()
            ? Optional.of(over("receipts", ReceiptSettings.defaults()))
            : Optional.empty(),
        dns(),
        over("log", LogSettings.defaults()).format(),
        table("metrics", MetricsTable.class).address(),
        lab(),
        restart);
  }

  private <R extends Record> R table(String name, Class<R> type) {
    return read(reader.section(name), type, Map.of());
  }

  /** A table of one record, with defaults for keys that have none by themselves. */
  private <R extends Record> R read(Section s, Class<R> type, Map<String, ?> others) {
    return noted(s, SettingsRecord.of(type, key -> value(s, key), others));
  }

  /** The keys that the file has; the rest as it is. */
  private <R extends Record> R over(String table, R base) {
    Section s = reader.section(table);
    return noted(s, SettingsRecord.over(base, k -> s.has(k.name()) ? value(s, k) : null));
  }

  /** The rows that their record accepts. */
  private <R extends Record> List<Row<R>> rows(String table, Class<R> type, Map<String, ?> others) {
    List<Row<R>> rows = new ArrayList<>();
    for (Section s : reader.rows(table)) {
      accepted(s, () -> rows.add(new Row<>(s, read(s, type, others))));
    }
    return rows;
  }

  /** Reports what a settings record says of a row that it refuses. */
  private void accepted(Section s, Runnable making) {
    try {
      making.run();
    } catch (IllegalArgumentException e) {
      reader.error(s.head(), String.valueOf(e.getMessage()));
    }
  }

  private static <R extends Record> List<R> values(List<Row<R>> rows) {
    return rows.stream().map(Row::value).toList();
  }

  /** Remembers what cannot change while the server runs. */
  private <R extends Record> R noted(Section s, R record) {
    SettingsRecord.forEach(
        record,
        (key, value) -> {
          if (key.declared().restart() && s.table().repeated()) {
            restart.merge(s.table().heading(), List.of(value), SettingsMapping::joined);
          } else if (key.declared().restart()) {
            restart.put(s.table().heading() + " " + key.name(), value);
          }
        });
    return record;
  }

  private static Object joined(Object some, Object more) {
    return Stream.concat(((List<?>) some).stream(), ((List<?>) more).stream()).toList();
  }

  private @Nullable Object value(Section s, SettingKey key) {
    Object value = s.find(key.name()).orElse(null);
    if (value instanceof List<?> all) {
      return all.stream().map(one -> one instanceof Path p ? file(s, key, p) : one).toList();
    }
    return value instanceof Path p ? file(s, key, p) : value;
  }

  private Path file(Section s, SettingKey key, Path written) {
    Path file = folder.resolve(written).normalize();
    if (readsFiles && !key.declared().created()) {
      FailureText.unreadable(file)
          .ifPresent(
              why -> reader.error(s.at(key.name()), why).help("files are relative to " + folder));
    }
    return file;
  }

  private List<ListenerRow> listeners() {
    List<ListenerRow> rows = values(rows("listener", ListenerRow.class, Map.of()));
    return rows.isEmpty() ? List.of(ListenerRow.byDefault()) : rows;
  }

  private IdentitySettings identity(IdentityTable t) {
    IdentitySettings.@Nullable CertificatePair pair =
        t.certificate().isPresent() && t.key().isPresent()
            ? new IdentitySettings.CertificatePair(t.certificate().get(), t.key().get())
            : null;
    List<IdentitySettings.NamedPair> named =
        rows("identity_for", IdentityForRow.class, Map.of()).stream()
            .map(Row::value)
            .map(
                row ->
                    new IdentitySettings.NamedPair(
                        row.names().stream().map(CertificateName::text).toList(),
                        new IdentitySettings.CertificatePair(row.certificate(), row.key())))
            .toList();
    return new IdentitySettings(pair, named, server.state().resolve("tls"), server.hostname());
  }

  private ReceiveSettings receive(TrustTable trust) {
    boolean all = trust.honourTlsRequiredNo() == TlsRequiredNoFrom.ALL;
    return over(
        "limits",
        SettingsRecord.with(
            ReceiveSettings.defaults(server.hostname()),
            Map.of("honoursUntrustedTlsRequiredNo", all)));
  }

  private List<RejectRow> rejects(
      ForwardTable forwarding, List<ForwardSettings.AliasDomain> aliases) {
    Set<Object> caseSensitive =
        aliases.stream()
            .filter(ForwardSettings.AliasDomain::caseSensitive)
            .map(ForwardSettings.AliasDomain::domain)
            .collect(Collectors.toSet());
    List<RejectRow> rejects = new ArrayList<>();
    for (Row<RejectTableRow> row : rows("reject", RejectTableRow.class, Map.of())) {
      RejectTableRow t = row.value();
      Stream<RejectMatch> matches =
          Stream.of(
                  t.client().map(RejectMatch.Client::new),
                  pattern(row.section(), "sender", t.sender()).map(RejectMatch.Sender::new),
                  pattern(row.section(), "recipient", t.recipient())
                      .map(
                          p ->
                              new RejectMatch.Recipient(
                                  p,
                                  forwarding.delimiter(),
                                  p instanceof AddressPattern.OneMailbox one
                                      && caseSensitive.contains(one.mailbox().domain()))))
              .flatMap(Optional::<RejectMatch>stream);
      try {
        matches.map(match -> new RejectRow(match, t.text())).forEach(rejects::add);
      } catch (IllegalArgumentException e) {
        reader
            .error(row.section().at("text"), String.valueOf(e.getMessage()))
            .help("write one plain line");
      }
    }
    return rejects;
  }

  private Optional<AddressPattern> pattern(Section s, String key, Optional<String> text) {
    Optional<AddressPattern> pattern = text.flatMap(AddressPattern::parse);
    if (text.isPresent() && pattern.isEmpty()) {
      reader
          .error(s.at(key), key + " cannot be \"" + text.get() + "\"")
          .help(
              "\"user@example.org\", \"example.org\", \".example.org\" or \"<>\" for the null"
                  + " sender");
    }
    return pattern;
  }

  private Optional<ConfiguredHop> hop(Section s, String text, Set<String> pipes) {
    SourcePosition at = s.at("next_hop");
    return switch (ConfiguredHop.parse(text)) {
      case ConfiguredHop.HopSyntax.Read r -> {
        if (r.hop() instanceof ConfiguredHop.Pipe c && !pipes.contains(c.pipe())) {
          reader.error(at, "there is no [[pipe]] named " + c.pipe()).help("pipes: " + pipes);
          yield Optional.empty();
        }
        yield Optional.of(r.hop());
      }
      case ConfiguredHop.HopSyntax.Wrong w -> {
        ConfigurationReader.Reported wrong =
            reader.error(
                new SourcePosition(at.line(), at.column() + 1 + w.column(), 1), w.problem());
        if (w.help() != null) {
          wrong.help(w.help());
        }
        yield Optional.empty();
      }
    };
  }

  private Set<String> pipeNames() {
    Set<String> names = new HashSet<>();
    for (Section row : reader.rows("pipe")) {
      if (!names.add(row.get("name", String.class))) {
        reader.error(row.at("name"), "a pipe of this name is here twice").help("rename one");
      }
    }
    return names;
  }

  private ForwardSettings forward(
      ForwardTable forwarding,
      List<ForwardSettings.AliasDomain> aliases,
      List<Row<TransportRow>> transports,
      Set<String> pipes) {
    List<ForwardSettings.RelayDomain> relays = new ArrayList<>();
    for (Row<RelayDomainRow> row : rows("relay_domain", RelayDomainRow.class, Map.of())) {
      RelayDomainRow t = row.value();
      ForwardSettings.Recipients recipients =
          t.recipients().isPresent()
              ? new ForwardSettings.Recipients.Listed(t.recipients().get())
              : t.verify().isPresent()
                  ? new ForwardSettings.Recipients.Verified()
                  : new ForwardSettings.Recipients.AcceptAll();
      relays.add(
          new ForwardSettings.RelayDomain(
              t.domain(),
              recipients,
              t.nextHop().flatMap(hop -> hop(row.section(), hop, pipes)).orElse(null)));
    }
    List<ForwardSettings.TransportRoute> routes = new ArrayList<>();
    for (Row<TransportRow> row : transports) {
      TransportRow t = row.value();
      hop(row.section(), t.nextHop(), pipes)
          .ifPresent(
              hop ->
                  routes.add(
                      new ForwardSettings.TransportRoute(t.domain().text(), t.domain(), hop)));
    }
    SrsTable srs =
        read(
            reader.section("srs"),
            SrsTable.class,
            Map.of("secretFile", server.state().resolve("srs.secret")));
    ForwardSettings base = ForwardSettings.defaults();
    try {
      return new ForwardSettings(
          aliases,
          relays,
          routes,
          srs.domain()
              .map(d -> ForwardSettings.SenderRewriting.of(d, srs.secretFile()))
              .orElse(null),
          pipes,
          forwarding.delimiter(),
          forwarding.carryExtension(),
          server.postmaster().orElse(null),
          base.roles());
    } catch (IllegalArgumentException e) {
      reader.error(reader.section("forward").head(), String.valueOf(e.getMessage()));
      return base;
    }
  }

  private QueueSettings queue() {
    return over(
        "queue",
        SettingsRecord.with(
            QueueSettings.defaults(server.hostname()), Map.of("postmaster", server.postmaster())));
  }

  private DeliverySettings deliver(Map<String, ?> others) {
    return over(
        "deliver", SettingsRecord.with(DeliverySettings.defaults(server.hostname()), others));
  }

  private static Set<InetSocketAddress> ownEndpoints(List<ListenerRow> listeners) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    return listeners.stream()
        .map(ListenerRow::address)
        .map(
            at ->
                at.getAddress().isAnyLocalAddress()
                    ? new InetSocketAddress(loopback, at.getPort())
                    : at)
        .collect(Collectors.toSet());
  }

  private List<PolicyRow> policyRows() {
    List<PolicyRow> rows = new ArrayList<>();
    for (Row<PolicyTableRow> row : rows("policy", PolicyTableRow.class, Map.of())) {
      PolicyTableRow t = row.value();
      t.ca().ifPresent(f -> caFiles.put(f.toString(), f));
      accepted(
          row.section(),
          () ->
              rows.add(
                  new PolicyRow(
                      t.domain(),
                      t.level(),
                      Set.copyOf(t.pins()),
                      t.names(),
                      t.floor().map(TlsFloor::lowest).orElse(null),
                      t.ca().map(Path::toString).orElse(null),
                      t.serverName(),
                      t.clientCertificate(),
                      t.note(),
                      t.owner(),
                      t.expires().map(d -> d.atStartOfDay().toInstant(ZoneOffset.UTC)).orElse(null),
                      t.override())));
    }
    return rows;
  }

  private Map<String, RouteSettings> routes(
      ForwardSettings forward, List<Row<TransportRow>> transports) {
    Map<String, RouteSettings> routes = new HashMap<>();
    for (ForwardSettings.RelayDomain relay : forward.relayDomains()) {
      if (relay.nextHop() instanceof ConfiguredHop.Host host) {
        String name = relay.domain().name();
        routes.put(name, RouteSettings.plain(name, host.host(), host.port()));
      }
    }
    Map<String, ConfiguredHop> hops = new HashMap<>();
    forward.routes().forEach(route -> hops.put(route.name(), route.hop()));
    for (Row<TransportRow> row : transports) {
      TransportRow t = row.value();
      String name = t.domain().text();
      if (hops.get(name) instanceof ConfiguredHop.Host host) {
        accepted(
            row.section(),
            () ->
                routes.put(
                    name,
                    new RouteSettings(
                        name,
                        host.host(),
                        host.port(),
                        t.implicitTls(),
                        credentials(row.section(), t),
                        demand(t))));
      }
    }
    return routes;
  }

  /** What a transport row demands of its next hop itself, or null. */
  private static @Nullable PolicyRow demand(TransportRow t) {
    Optional<TlsLevel> implied =
        t.pins().isEmpty()
            ? Optional.of(TlsLevel.SECURE).filter(l -> !t.names().isEmpty())
            : Optional.of(TlsLevel.FINGERPRINT);
    return t.level()
        .or(() -> implied)
        .map(level -> PolicyRow.of(t.domain(), level, Set.copyOf(t.pins()), t.names()))
        .orElse(null);
  }

  private @Nullable Credentials credentials(Section s, TransportRow t) {
    if (t.user().isEmpty() || t.passwordFile().isEmpty()) {
      return null;
    }
    String password = password(s, t.passwordFile().get());
    return password == null ? null : new Credentials(t.user().get(), password);
  }

  /** The password of a file, or null when it has none, which is reported. */
  private @Nullable String password(Section s, Path file) {
    if (!readsFiles || !Files.isReadable(file)) {
      return ""; // never used: a text alone is not served, and a file that is not there is an error
    }
    try {
      if (Files.size(file) > MAX_PASSWORD) {
        throw new IOException("is larger than " + MAX_PASSWORD + " octets");
      }
      return Files.readString(file).strip();
    } catch (IOException | IllegalArgumentException e) {
      // The sentence names the file, never what is in it.
      reader
          .error(s.at("password_file"), file + " is no file with one password in UTF-8")
          .help("write the password alone into it");
      return null;
    }
  }

  private Optional<StsSettings> sts() {
    if (!table("sts", StsTable.class).enabled()) {
      return Optional.empty();
    }
    FirstContactWait patience =
        SettingsRecord.with(
            FirstContactWait.defaults(),
            Map.of(
                "fetch", halfAtMost(FirstContactWait.FETCH),
                "lookup", halfAtMost(FirstContactWait.LOOKUP)));
    return Optional.of(
        over(
            "sts",
            SettingsRecord.with(
                StsSettings.in(server.state().resolve("sts.db")), Map.of("patience", patience))));
  }

  /** A default wait is at most half the time that mail stays in the queue. */
  private Duration halfAtMost(Duration usual) {
    Duration half = reader.section("queue").get("lifetime", Duration.class).dividedBy(2);
    return half.compareTo(usual) < 0 ? half : usual;
  }

  /** Empty without a contact address: no report is sent without one. */
  private Optional<TlsReportRow> tlsReports() {
    Section s = reader.section("tlsrpt");
    TlsReportRow row =
        read(
            s,
            TlsReportRow.class,
            Map.of("organization", server.hostname().name(), "contact", server.postmaster()));
    // What follows from another key is named by that key.
    if (!s.has("organization")) {
      restart.put("[tlsrpt] organization", "");
    }
    if (!s.has("contact")) {
      restart.put("[tlsrpt] contact", "");
      restart.put("[server] postmaster, as the contact of TLS reports", server.postmaster());
    }
    return Optional.of(row).filter(r -> r.enabled() && r.contact().isPresent());
  }

  private Optional<TlsReportsInRow> tlsReportsIn() {
    TlsReportsInTable t = table("tlsrpt_in", TlsReportsInTable.class);
    Optional<ReportListenerSettings> listener =
        t.listen().map(a -> ReportListenerSettings.at(a, t.path()));
    boolean off = t.addresses().isEmpty() && listener.isEmpty();
    // Addresses are looked at again by a reload; the first one brings the inbox.
    restart.put(RouterSettings.FIRST_REPORT_ADDRESS, !off);
    return off
        ? Optional.empty()
        : Optional.of(
            new TlsReportsInRow(
                t.addresses(),
                listener,
                ReceivedReportSettings.in(server.state().resolve("tlsrpt-received"), t.keep())));
  }

  private LedgerSettings ledger() {
    Duration usual = halfAtMost(LedgerSettings.DEFAULT_HOLD);
    // Where mail lives for less than two hours the hold outlives it, and mail is held in the end.
    Duration left =
        usual.compareTo(LedgerSettings.SHORTEST_HOLD) < 0 ? LedgerSettings.SHORTEST_HOLD : usual;
    return read(reader.section("ledger"), LedgerSettings.class, Map.of("hold", left));
  }

  private DnsSettings dns() {
    List<NegativeTrustAnchor> anchors = new ArrayList<>();
    for (Row<NegativeAnchorRow> row : rows("negative_anchor", NegativeAnchorRow.class, Map.of())) {
      NegativeAnchorRow t = row.value();
      accepted(
          row.section(),
          () ->
              anchors.add(
                  new NegativeTrustAnchor(
                      t.domain(),
                      t.owner(),
                      t.note(),
                      t.expires().atStartOfDay().toInstant(ZoneOffset.UTC))));
    }
    return read(reader.section("dns"), DnsSettings.class, Map.of("negativeAnchors", anchors));
  }

  /** Empty when the file has no such table, or one with errors, which are reported then. */
  private Optional<PublicLab> lab() {
    Section s = reader.section("lab");
    return s.present() && !reader.broken()
        ? Optional.of(read(s, PublicLab.class, Map.of()))
        : Optional.empty();
  }
}
