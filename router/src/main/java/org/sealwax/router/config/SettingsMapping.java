package org.sealwax.router.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.router.config.ConfigurationSchema.AuthTable;
import org.sealwax.router.config.ConfigurationSchema.ForwardTable;
import org.sealwax.router.config.ConfigurationSchema.IdentityTable;
import org.sealwax.router.config.ConfigurationSchema.MetricsTable;
import org.sealwax.router.config.ConfigurationSchema.ReceiptsTable;
import org.sealwax.router.config.ConfigurationSchema.RejectTableRow;
import org.sealwax.router.config.ConfigurationSchema.RelayDomainRow;
import org.sealwax.router.config.ConfigurationSchema.SessionLimits;
import org.sealwax.router.config.ConfigurationSchema.SrsTable;
import org.sealwax.router.config.ConfigurationSchema.StsTable;
import org.sealwax.router.config.ConfigurationSchema.TlsRequiredNoFrom;
import org.sealwax.router.config.ConfigurationSchema.TransportRow;
import org.sealwax.router.config.ConfigurationSchema.TrustTable;
import org.sealwax.router.config.TableRecords.Row;
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

  private final TableRecords tables;
  private final ServerSettings server;

  SettingsMapping(TableRecords tables, MachineDefaults defaults) {
    this.tables = tables;
    this.server =
        tables.table(
            ServerSettings.class,
            Map.of("hostname", defaults.hostname(), "state", defaults.state()));
  }

  /** The table {@code [server]}. */
  ServerSettings server() {
    return server;
  }

  RouterSettings settings() {
    ForwardTable forwarding = tables.table(ForwardTable.class);
    TrustTable trust = tables.table(TrustTable.class);
    IdentityTable identity = tables.table(IdentityTable.class);
    List<ForwardSettings.AliasDomain> aliases = tables.values(ForwardSettings.AliasDomain.class);
    List<Row<TransportRow>> transports = tables.rows(TransportRow.class);
    List<PipeSettings> pipes =
        tables.rows(PipeSettings.class, Map.of("delimiter", forwarding.delimiter())).stream()
            .map(Row::value)
            .toList();
    ForwardSettings forward = forward(forwarding, aliases, transports, pipeNames());
    List<ListenerRow> written = tables.values(ListenerRow.class);
    List<ListenerRow> listeners = written.isEmpty() ? List.of(ListenerRow.byDefault()) : written;
    return new RouterSettings(
        server,
        listeners,
        tables.table(SessionLimits.class).sessions(),
        identity(identity),
        tables.table(RootSettings.class),
        trust.networks(),
        tables.values(TrustedClientRow.class),
        tables.values(PeerIdentities.NamedPeer.class),
        tables.over(
            SettingsRecord.with(
                ReceiveSettings.defaults(server.hostname()),
                Map.of(
                    "honoursUntrustedTlsRequiredNo",
                    trust.honourTlsRequiredNo() == TlsRequiredNoFrom.ALL))),
        tables.over(ClientLimitSettings.defaults()),
        rejects(forwarding, aliases),
        tables.table(AuthTable.class).passwordFile(),
        forward,
        pipes,
        tables.over(SpoolSettings.defaults(server.state().resolve("spool"))),
        tables.over(
            SettingsRecord.with(
                QueueSettings.defaults(server.hostname()),
                Map.of("postmaster", server.postmaster()))),
        tables.over(
            SettingsRecord.with(
                DeliverySettings.defaults(server.hostname()),
                Map.of(
                    "ownEndpoints", ownEndpoints(listeners),
                    "clientCertificate", identity.showToServers(),
                    "rows", tables.values(PolicyRow.class),
                    "routes", routes(forward, transports)))),
        tables.over(DialerSettings.defaults()),
        sts(),
        tlsReports(),
        tlsReportsIn(),
        ledger(),
        tables.table(ReceiptsTable.class).enabled()
            ? Optional.of(tables.over(ReceiptSettings.defaults()))
            : Optional.empty(),
        tables.table(
            DnsSettings.class, Map.of("negativeAnchors", tables.values(NegativeTrustAnchor.class))),
        tables.over(LogSettings.defaults()).format(),
        tables.table(MetricsTable.class).address(),
        lab(),
        tables.restart());
  }

  private IdentitySettings identity(IdentityTable t) {
    IdentitySettings.@Nullable CertificatePair pair =
        t.certificate().isPresent() && t.key().isPresent()
            ? new IdentitySettings.CertificatePair(t.certificate().get(), t.key().get())
            : null;
    return new IdentitySettings(
        pair,
        tables.values(IdentitySettings.NamedPair.class),
        server.state().resolve("tls"),
        server.hostname());
  }

  private List<RejectRow> rejects(
      ForwardTable forwarding, List<ForwardSettings.AliasDomain> aliases) {
    Set<Object> caseSensitive =
        aliases.stream()
            .filter(ForwardSettings.AliasDomain::caseSensitive)
            .map(ForwardSettings.AliasDomain::domain)
            .collect(Collectors.toSet());
    List<RejectRow> rejects = new ArrayList<>();
    for (Row<RejectTableRow> row : tables.rows(RejectTableRow.class)) {
      RejectTableRow t = row.value();
      Stream<RejectMatch> matches =
          Stream.of(
                  t.client().map(RejectMatch.Client::new),
                  pattern(row, "sender", t.sender()).map(RejectMatch.Sender::new),
                  pattern(row, "recipient", t.recipient())
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
        row.at("text").error(String.valueOf(e.getMessage())).help("write one plain line");
      }
    }
    return rejects;
  }

  private static Optional<AddressPattern> pattern(
      Row<RejectTableRow> row, String key, Optional<String> text) {
    Optional<AddressPattern> pattern = text.flatMap(AddressPattern::parse);
    row.at(key)
        .error(
            text.isPresent() && pattern.isEmpty(), key + " cannot be \"" + text.orElse("") + "\"")
        .help(
            "\"user@example.org\", \"example.org\", \".example.org\" or \"<>\" for the null"
                + " sender");
    return pattern;
  }

  private static Optional<ConfiguredHop> hop(Row<?> row, String text, Set<String> pipes) {
    ProblemPlace at = row.at("next_hop");
    switch (ConfiguredHop.parse(text)) {
      case ConfiguredHop.HopSyntax.Read r -> {
        if (!(r.hop() instanceof ConfiguredHop.Pipe c) || pipes.contains(c.pipe())) {
          return Optional.of(r.hop());
        }
        at.error("there is no [[pipe]] named " + c.pipe())
            .help("pipes: " + String.join(", ", pipes));
      }
      case ConfiguredHop.HopSyntax.Wrong w -> {
        ProblemPlace.Reported wrong = at.inside(1 + w.column()).error(w.problem());
        if (w.help() != null) {
          wrong.help(w.help());
        }
      }
    }
    return Optional.empty();
  }

  private Set<String> pipeNames() {
    Set<String> names = new HashSet<>();
    for (Section row : tables.sections(PipeSettings.class)) {
      row.at("name")
          .error(!names.add(row.get("name", String.class)), "a pipe of this name is defined twice")
          .help("rename one");
    }
    return names;
  }

  private ForwardSettings forward(
      ForwardTable forwarding,
      List<ForwardSettings.AliasDomain> aliases,
      List<Row<TransportRow>> transports,
      Set<String> pipes) {
    List<ForwardSettings.RelayDomain> relays = new ArrayList<>();
    for (Row<RelayDomainRow> row : tables.rows(RelayDomainRow.class)) {
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
              t.nextHop().flatMap(hop -> hop(row, hop, pipes)).orElse(null)));
    }
    List<ForwardSettings.TransportRoute> routes = new ArrayList<>();
    for (Row<TransportRow> row : transports) {
      TransportRow t = row.value();
      hop(row, t.nextHop(), pipes)
          .ifPresent(
              hop ->
                  routes.add(
                      new ForwardSettings.TransportRoute(t.domain().text(), t.domain(), hop)));
    }
    SrsTable srs =
        tables.table(SrsTable.class, Map.of("secretFile", server.state().resolve("srs.secret")));
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
      tables.section(ForwardTable.class).head().error(String.valueOf(e.getMessage()));
      return base;
    }
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
        TableRecords.accepted(
            row.section(),
            () ->
                routes.put(
                    name,
                    new RouteSettings(
                        name,
                        host.host(),
                        host.port(),
                        t.implicitTls(),
                        credentials(row),
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

  private @Nullable Credentials credentials(Row<TransportRow> row) {
    TransportRow t = row.value();
    if (t.user().isEmpty() || t.passwordFile().isEmpty()) {
      return null;
    }
    String password = password(row, t.passwordFile().get());
    return password == null ? null : new Credentials(t.user().get(), password);
  }

  /** The password of a file, or null when it has none, which is reported. */
  private @Nullable String password(Row<TransportRow> row, Path file) {
    if (!tables.readable(file)) {
      return ""; // never used: a text alone is not served, and a file that is not there is an error
    }
    try {
      if (Files.size(file) > MAX_PASSWORD) {
        throw new IOException("is larger than " + MAX_PASSWORD + " bytes");
      }
      return Files.readString(file).strip();
    } catch (IOException | IllegalArgumentException e) {
      // The sentence names the file, never what is in it.
      row.at("password_file")
          .error(file + " is no file with one password in UTF-8")
          .help("write the password alone into it");
      return null;
    }
  }

  private Optional<StsSettings> sts() {
    if (!tables.table(StsTable.class).enabled()) {
      return Optional.empty();
    }
    FirstContactWait patience =
        SettingsRecord.with(
            FirstContactWait.defaults(),
            Map.of(
                "fetch", halfAtMost(FirstContactWait.FETCH),
                "lookup", halfAtMost(FirstContactWait.LOOKUP)));
    return Optional.of(
        tables.over(
            SettingsRecord.with(
                StsSettings.in(server.state().resolve("sts.db")), Map.of("patience", patience))));
  }

  /** A default wait is at most half the time that mail stays in the queue. */
  private Duration halfAtMost(Duration usual) {
    Duration half = tables.halfOfLifetime();
    return half.compareTo(usual) < 0 ? half : usual;
  }

  /** Empty without a contact address: no report is sent without one. */
  private Optional<TlsReportRow> tlsReports() {
    Section s = tables.section(TlsReportRow.class);
    TlsReportRow row =
        tables.table(
            TlsReportRow.class,
            Map.of("organization", server.hostname().name(), "contact", server.postmaster()));
    // What follows from another key is named by that key.
    if (!s.has("organization")) {
      tables.restart().put("[tlsrpt] organization", "");
    }
    if (!s.has("contact")) {
      tables.restart().put("[tlsrpt] contact", "");
      tables
          .restart()
          .put("[server] postmaster, as the contact of TLS reports", server.postmaster());
    }
    return Optional.of(row).filter(r -> r.enabled() && r.contact().isPresent());
  }

  private Optional<TlsReportsInRow> tlsReportsIn() {
    TlsReportsInRow row = tables.table(TlsReportsInRow.class);
    // Addresses are looked at again by a reload; the first one brings the inbox.
    tables.restart().put(RouterSettings.FIRST_REPORT_ADDRESS, row.enabled());
    return Optional.of(row).filter(TlsReportsInRow::enabled);
  }

  private LedgerSettings ledger() {
    Duration usual = halfAtMost(LedgerSettings.DEFAULT_HOLD);
    // Where mail lives for less than two hours the hold outlives it, and mail is held in the end.
    Duration left =
        usual.compareTo(LedgerSettings.SHORTEST_HOLD) < 0 ? LedgerSettings.SHORTEST_HOLD : usual;
    return tables.table(LedgerSettings.class, Map.of("hold", left));
  }

  /** Empty when the file has no such table, or one with errors, which are reported then. */
  private Optional<PublicLab> lab() {
    return tables.section(PublicLab.class).present() && !tables.broken()
        ? Optional.of(tables.table(PublicLab.class))
        : Optional.empty();
  }
}
