package org.sealwax.router.config;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeTrustAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.router.deliver.ConnectionPoolSettings;
import org.sealwax.router.deliver.Credentials;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.evidence.PeerIdentities;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.pipe.PipeSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.RetrySchedule;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.AddressPattern;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RejectRow;
import org.sealwax.router.reports.ReportSettings;
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
  private final MachineDefaults defaults;
  private final boolean readsFiles;
  private final Map<String, Path> caFiles = new LinkedHashMap<>();

  /**
   * Files are relative to {@code folder}.
   *
   * @param looksAtFiles whether files that are named must be there
   */
  SettingsMapping(
      ConfigurationReader reader, Path folder, MachineDefaults defaults, boolean looksAtFiles) {
    this.reader = reader;
    this.folder = folder;
    this.defaults = defaults;
    this.readsFiles = looksAtFiles;
  }

  RouterSettings settings() {
    ServerSettings server = server();
    ForwardSettings forward = forward(server);
    Section roots = reader.section(ConfigurationSchema.RootsKeys.TABLE);
    DeliverySettings deliver = deliver(server, forward);
    return new RouterSettings(
        server,
        listeners(),
        reader
            .section(ConfigurationSchema.LimitsKeys.TABLE)
            .get(ConfigurationSchema.LimitsKeys.SESSIONS),
        identity(server),
        roots.get(ConfigurationSchema.RootsKeys.PUBLIC),
        roots.get(ConfigurationSchema.RootsKeys.FILES).stream()
            .map(f -> existing(roots, ConfigurationSchema.RootsKeys.FILES, f))
            .toList(),
        caFiles,
        reader
            .section(ConfigurationSchema.TrustKeys.TABLE)
            .get(ConfigurationSchema.TrustKeys.NETWORKS),
        reader.rows(ConfigurationSchema.TrustedClientKeys.TABLE).stream()
            .map(this::trustedClient)
            .toList(),
        reader.rows(ConfigurationSchema.PeerKeys.TABLE).stream()
            .map(
                s ->
                    new PeerIdentities.NamedPeer(
                        s.get(ConfigurationSchema.PeerKeys.DOMAIN_OF),
                        s.get(ConfigurationSchema.PeerKeys.RELAY)))
            .toList(),
        receive(server),
        clientLimits(),
        rejects(),
        file(
            reader.section(ConfigurationSchema.AuthKeys.TABLE),
            ConfigurationSchema.AuthKeys.PASSWORD_FILE),
        forward,
        pipes(forward),
        spool(server),
        queue(server),
        deliver,
        new DialerSettings(
            reader
                .section(ConfigurationSchema.DeliverKeys.TABLE)
                .get(ConfigurationSchema.DeliverKeys.ALLOW_TARGETS)),
        sts(server),
        tlsReports(server),
        tlsReportsIn(server),
        ledger(),
        receipts(),
        dns(),
        reader.section(ConfigurationSchema.LogKeys.TABLE).get(ConfigurationSchema.LogKeys.FORMAT),
        reader
            .section(ConfigurationSchema.MetricsKeys.TABLE)
            .find(ConfigurationSchema.MetricsKeys.ADDRESS),
        new LabSettingsMapping(reader).settings());
  }

  private void error(Section s, SettingKey<?> key, String text, String help) {
    reader.add(reader.about(true, s, key, text).help(help));
  }

  private Path existing(Section s, SettingKey<?> key, Path written) {
    Path file = folder.resolve(written).normalize();
    if (readsFiles && !Files.isReadable(file)) {
      String why = Files.exists(file) ? "may not be read by this user" : "is not there";
      error(s, key, file + " " + why, "files are relative to " + folder);
    }
    return file;
  }

  private Optional<Path> file(Section s, SettingKey<Path> key) {
    return s.find(key).map(f -> existing(s, key, f));
  }

  private ServerSettings server() {
    Section s = reader.section(ConfigurationSchema.ServerKeys.TABLE);
    return new ServerSettings(
        s.find(ConfigurationSchema.ServerKeys.HOSTNAME).orElse(defaults.hostname()),
        s.find(ConfigurationSchema.ServerKeys.STATE)
            .map(f -> folder.resolve(f).normalize())
            .orElse(defaults.state()),
        s.find(ConfigurationSchema.ServerKeys.POSTMASTER));
  }

  private List<ListenerRow> listeners() {
    List<ListenerRow> rows =
        reader.rows(ConfigurationSchema.ListenerKeys.TABLE).stream()
            .map(
                s ->
                    new ListenerRow(
                        s.get(ConfigurationSchema.ListenerKeys.ADDRESS),
                        s.get(ConfigurationSchema.ListenerKeys.TLS),
                        s.get(ConfigurationSchema.ListenerKeys.FLOOR),
                        s.get(ConfigurationSchema.ListenerKeys.CLIENT_CERTIFICATE),
                        s.get(ConfigurationSchema.ListenerKeys.AUTH),
                        s.get(ConfigurationSchema.ListenerKeys.DSN),
                        s.get(ConfigurationSchema.ListenerKeys.RESUMPTION)))
            .toList();
    return rows.isEmpty() ? List.of(ListenerRow.byDefault()) : rows;
  }

  private IdentitySettings identity(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.IdentityKeys.TABLE);
    Optional<Path> certificate = file(s, ConfigurationSchema.IdentityKeys.CERTIFICATE);
    Optional<Path> key = file(s, ConfigurationSchema.IdentityKeys.KEY);
    IdentitySettings.@Nullable CertificatePair pair =
        certificate.isPresent() && key.isPresent()
            ? new IdentitySettings.CertificatePair(certificate.get(), key.get())
            : null;
    List<IdentitySettings.NamedPair> named = new ArrayList<>();
    for (Section row : reader.rows(ConfigurationSchema.IdentityForKeys.TABLE)) {
      named.add(
          new IdentitySettings.NamedPair(
              row.get(ConfigurationSchema.IdentityForKeys.NAMES),
              new IdentitySettings.CertificatePair(
                  existing(
                      row,
                      ConfigurationSchema.IdentityForKeys.CERTIFICATE,
                      row.get(ConfigurationSchema.IdentityForKeys.CERTIFICATE)),
                  existing(
                      row,
                      ConfigurationSchema.IdentityForKeys.KEY,
                      row.get(ConfigurationSchema.IdentityForKeys.KEY)))));
    }
    return new IdentitySettings(pair, named, server.state().resolve("tls"), server.hostname());
  }

  private TrustedClientRow trustedClient(Section s) {
    return new TrustedClientRow(
        s.find(ConfigurationSchema.TrustedClientKeys.PIN_OF).orElse(null),
        file(s, ConfigurationSchema.TrustedClientKeys.CA).orElse(null),
        s.get(ConfigurationSchema.TrustedClientKeys.NAMES));
  }

  private ReceiveSettings receive(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.LimitsKeys.TABLE);
    ReceiveSettings base = ReceiveSettings.defaults(server.hostname());
    return new ReceiveSettings(
        server.hostname(),
        s.get(ConfigurationSchema.LimitsKeys.MESSAGE_SIZE),
        s.get(ConfigurationSchema.LimitsKeys.RECIPIENTS),
        base.messages(),
        s.get(ConfigurationSchema.LimitsKeys.HOPS),
        base.authFailures(),
        base.looksUpNames(),
        base.nameWait(),
        reader
            .section(ConfigurationSchema.TrustKeys.TABLE)
            .get(ConfigurationSchema.TrustKeys.HONOUR_TLS_REQUIRED_NO)
            .equals(ConfigurationSchema.TrustKeys.ALL),
        ZoneId.systemDefault());
  }

  private ClientLimits.ClientLimitSettings clientLimits() {
    Section s = reader.section(ConfigurationSchema.LimitsKeys.TABLE);
    return new ClientLimits.ClientLimitSettings(
        s.get(ConfigurationSchema.LimitsKeys.SESSIONS_PER_CLIENT),
        s.get(ConfigurationSchema.LimitsKeys.CONNECTIONS),
        s.get(ConfigurationSchema.LimitsKeys.MESSAGES),
        s.get(ConfigurationSchema.LimitsKeys.RECIPIENTS_PER_MINUTE),
        s.get(ConfigurationSchema.LimitsKeys.ERRORS),
        s.get(ConfigurationSchema.LimitsKeys.HANDSHAKES),
        s.get(ConfigurationSchema.LimitsKeys.EXEMPT));
  }

  private List<RejectRow> rejects() {
    List<RejectRow> rows = new ArrayList<>();
    for (Section s : reader.rows(ConfigurationSchema.RejectKeys.TABLE)) {
      List<RejectRow.RejectMatch> on = new ArrayList<>();
      s.find(ConfigurationSchema.RejectKeys.CLIENT)
          .ifPresent(n -> on.add(new RejectRow.RejectMatch.Client(n)));
      pattern(s, ConfigurationSchema.RejectKeys.SENDER)
          .ifPresent(p -> on.add(new RejectRow.RejectMatch.Sender(p)));
      pattern(s, ConfigurationSchema.RejectKeys.RECIPIENT).ifPresent(p -> on.add(recipient(p)));
      for (RejectRow.RejectMatch one : on) {
        try {
          rows.add(new RejectRow(one, s.get(ConfigurationSchema.RejectKeys.TEXT_OF)));
        } catch (IllegalArgumentException e) {
          error(
              s,
              ConfigurationSchema.RejectKeys.TEXT_OF,
              String.valueOf(e.getMessage()),
              "write one plain line");
        }
      }
    }
    return rows;
  }

  private RejectRow.RejectMatch recipient(AddressPattern pattern) {
    boolean caseSensitive =
        pattern instanceof AddressPattern.OneMailbox one
            && reader.rows(ConfigurationSchema.AliasDomainKeys.TABLE).stream()
                .anyMatch(
                    s ->
                        s.get(ConfigurationSchema.AliasDomainKeys.DOMAIN_OF)
                                .equals(one.mailbox().domain())
                            && s.get(ConfigurationSchema.AliasDomainKeys.CASE_SENSITIVE));
    return new RejectRow.RejectMatch.Recipient(
        pattern,
        reader
            .section(ConfigurationSchema.ForwardKeys.TABLE)
            .get(ConfigurationSchema.ForwardKeys.DELIMITER),
        caseSensitive);
  }

  private Optional<AddressPattern> pattern(Section s, SettingKey<String> key) {
    Optional<String> text = s.find(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<AddressPattern> pattern = AddressPattern.parse(text.get());
    if (pattern.isEmpty()) {
      error(
          s,
          key,
          key.name() + " cannot be \"" + text.get() + "\"",
          "\"user@example.org\", \"example.org\", \".example.org\" or \"<>\" for the null sender");
    }
    return pattern;
  }

  private Optional<ConfiguredHop> hop(Section s, SettingKey<String> key, Set<String> pipes) {
    Optional<String> text = s.find(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    return switch (ConfiguredHop.parse(text.get())) {
      case ConfiguredHop.HopSyntax.Read r -> {
        if (r.hop() instanceof ConfiguredHop.Pipe c && !pipes.contains(c.pipe())) {
          error(s, key, "there is no [[pipe]] named " + c.pipe(), "pipes: " + pipes);
          yield Optional.empty();
        }
        yield Optional.of(r.hop());
      }
      case ConfiguredHop.HopSyntax.Wrong w -> {
        ConfigurationProblem c = reader.about(true, s, key, w.problem());
        ConfigurationProblem placed =
            new ConfigurationProblem(
                true,
                c.line(),
                c.column() + 1 + w.column(),
                1,
                c.text(),
                c.furtherNotes(),
                c.help());
        reader.add(w.help() == null ? placed : placed.help(w.help()));
        yield Optional.empty();
      }
    };
  }

  private ForwardSettings forward(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.ForwardKeys.TABLE);
    Set<String> pipes = new HashSet<>();
    for (Section row : reader.rows(ConfigurationSchema.PipeKeys.TABLE)) {
      if (!pipes.add(row.get(ConfigurationSchema.PipeKeys.NAME))) {
        error(
            row,
            ConfigurationSchema.PipeKeys.NAME,
            "a pipe of this name is here twice",
            "rename one");
      }
    }
    List<ForwardSettings.AliasDomain> aliases = new ArrayList<>();
    for (Section row : reader.rows(ConfigurationSchema.AliasDomainKeys.TABLE)) {
      aliases.add(
          new ForwardSettings.AliasDomain(
              row.get(ConfigurationSchema.AliasDomainKeys.DOMAIN_OF),
              existing(
                  row,
                  ConfigurationSchema.AliasDomainKeys.FILE_OF,
                  row.get(ConfigurationSchema.AliasDomainKeys.FILE_OF)),
              row.get(ConfigurationSchema.AliasDomainKeys.CASE_SENSITIVE)));
    }
    List<ForwardSettings.RelayDomain> relays = new ArrayList<>();
    for (Section row : reader.rows(ConfigurationSchema.RelayDomainKeys.TABLE)) {
      Optional<Path> listed = file(row, ConfigurationSchema.RelayDomainKeys.RECIPIENTS);
      ForwardSettings.Recipients recipients =
          listed.isPresent()
              ? new ForwardSettings.Recipients.Listed(listed.get())
              : row.has(ConfigurationSchema.RelayDomainKeys.VERIFY)
                  ? new ForwardSettings.Recipients.Verified()
                  : new ForwardSettings.Recipients.AcceptAll();
      relays.add(
          new ForwardSettings.RelayDomain(
              row.get(ConfigurationSchema.RelayDomainKeys.DOMAIN_OF),
              recipients,
              hop(row, ConfigurationSchema.RelayDomainKeys.NEXT_HOP, pipes).orElse(null)));
    }
    List<ForwardSettings.TransportRoute> routes = new ArrayList<>();
    for (Section row : reader.rows(ConfigurationSchema.TransportKeys.TABLE)) {
      hop(row, ConfigurationSchema.TransportKeys.NEXT_HOP, pipes)
          .ifPresent(
              h ->
                  routes.add(
                      new ForwardSettings.TransportRoute(
                          row.get(ConfigurationSchema.TransportKeys.DOMAIN_OF).text(),
                          row.get(ConfigurationSchema.TransportKeys.DOMAIN_OF),
                          h)));
    }
    Section srs = reader.section(ConfigurationSchema.SrsKeys.TABLE);
    ForwardSettings.@Nullable SenderRewriting rewriting =
        srs.find(ConfigurationSchema.SrsKeys.DOMAIN_OF)
            .map(
                d ->
                    ForwardSettings.SenderRewriting.of(
                        d,
                        srs.find(ConfigurationSchema.SrsKeys.SECRET_FILE)
                            .map(f -> folder.resolve(f).normalize())
                            .orElse(server.state().resolve("srs.secret"))))
            .orElse(null);
    ForwardSettings base = ForwardSettings.defaults();
    try {
      return new ForwardSettings(
          aliases,
          relays,
          routes,
          rewriting,
          pipes,
          s.get(ConfigurationSchema.ForwardKeys.DELIMITER),
          s.get(ConfigurationSchema.ForwardKeys.CARRY_EXTENSION),
          server.postmaster().orElse(null),
          base.roles());
    } catch (IllegalArgumentException e) {
      reader.add(reader.about(true, s, String.valueOf(e.getMessage())));
      return base;
    }
  }

  private List<PipeSettings> pipes(ForwardSettings forward) {
    List<PipeSettings> pipes = new ArrayList<>();
    for (Section s : reader.rows(ConfigurationSchema.PipeKeys.TABLE)) {
      Map<String, String> environment = new LinkedHashMap<>();
      for (String variable : s.get(ConfigurationSchema.PipeKeys.ENVIRONMENT)) {
        int equals = variable.indexOf('=');
        if (equals < 1) {
          error(
              s,
              ConfigurationSchema.PipeKeys.ENVIRONMENT,
              "not a variable: " + variable,
              "write NAME=value");
        } else {
          environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
      }
      try {
        pipes.add(
            new PipeSettings(
                s.get(ConfigurationSchema.PipeKeys.NAME),
                s.get(ConfigurationSchema.PipeKeys.COMMAND),
                s.get(ConfigurationSchema.PipeKeys.WRAPPER),
                existing(
                    s,
                    ConfigurationSchema.PipeKeys.DIRECTORY,
                    s.get(ConfigurationSchema.PipeKeys.DIRECTORY)),
                environment,
                s.get(ConfigurationSchema.PipeKeys.LINE_END),
                s.get(ConfigurationSchema.PipeKeys.MBOX_FROM),
                forward.delimiter(),
                s.get(ConfigurationSchema.PipeKeys.TIMEOUT),
                s.get(ConfigurationSchema.PipeKeys.CONCURRENT)));
      } catch (IllegalArgumentException e) {
        reader.add(reader.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return pipes;
  }

  private SpoolSettings spool(ServerSettings server) {
    SpoolSettings base = SpoolSettings.defaults(server.state().resolve("spool"));
    return new SpoolSettings(
        base.folder(),
        reader
            .section(ConfigurationSchema.QueueKeys.TABLE)
            .get(ConfigurationSchema.QueueKeys.FREE_SPACE),
        base.tracesKept());
  }

  private QueueSettings queue(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.QueueKeys.TABLE);
    QueueSettings base = QueueSettings.defaults(server.hostname());
    return new QueueSettings(
        new RetrySchedule(
            s.get(ConfigurationSchema.QueueKeys.RETRY),
            base.schedule().jitter(),
            s.get(ConfigurationSchema.QueueKeys.LIFETIME),
            s.get(ConfigurationSchema.QueueKeys.DELAY_NOTICE)),
        s.get(ConfigurationSchema.QueueKeys.DELIVERIES),
        s.get(ConfigurationSchema.QueueKeys.DELIVERIES_PER_HOP),
        base.recipientsPerRound(),
        s.get(ConfigurationSchema.QueueKeys.DEAD_SITE_FIRST),
        s.get(ConfigurationSchema.QueueKeys.DEAD_SITE_MOST),
        base.loadedBytes(),
        base.returnedContent(),
        server.hostname(),
        server.postmaster());
  }

  private DeliverySettings deliver(ServerSettings server, ForwardSettings forward) {
    Section s = reader.section(ConfigurationSchema.DeliverKeys.TABLE);
    DeliverySettings base = DeliverySettings.defaults(server.hostname());
    ConnectionPoolSettings pool = base.pool();
    int messages = s.get(ConfigurationSchema.DeliverKeys.MESSAGES_PER_CONNECTION);
    return new DeliverySettings(
        server.hostname().name(),
        ownNames(server),
        ownEndpoints(),
        s.get(ConfigurationSchema.DeliverKeys.MX_PORT),
        s.get(ConfigurationSchema.DeliverKeys.IPV4),
        s.get(ConfigurationSchema.DeliverKeys.IPV6),
        s.find(ConfigurationSchema.DeliverKeys.BIND_IPV4).orElse(null),
        s.find(ConfigurationSchema.DeliverKeys.BIND_IPV6).orElse(null),
        base.stagger(),
        base.times(),
        new ConnectionPoolSettings(
            messages == 1 ? 0 : pool.perHost(), pool.total(), pool.idle(), messages, pool.age()),
        s.get(ConfigurationSchema.DeliverKeys.POST_QUANTUM),
        s.get(ConfigurationSchema.DeliverKeys.RESUMPTION),
        reader
            .section(ConfigurationSchema.IdentityKeys.TABLE)
            .get(ConfigurationSchema.IdentityKeys.SHOW_TO_SERVERS),
        s.get(ConfigurationSchema.DeliverKeys.HOLD),
        s.get(ConfigurationSchema.DeliverKeys.LEVEL),
        new TlsFloors(
            s.get(ConfigurationSchema.DeliverKeys.FLOOR),
            s.get(ConfigurationSchema.DeliverKeys.FLOOR_ALWAYS)),
        policyRows(),
        routes(forward));
  }

  private static Set<Domain> ownNames(ServerSettings server) {
    return Set.of(server.hostname());
  }

  private Set<InetSocketAddress> ownEndpoints() {
    Set<InetSocketAddress> own = new HashSet<>();
    for (ListenerRow row : listeners()) {
      if (!row.address().getAddress().isAnyLocalAddress()) {
        own.add(row.address());
      } else {
        own.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), row.address().getPort()));
      }
    }
    return own;
  }

  private List<PolicyRow> policyRows() {
    List<PolicyRow> rows = new ArrayList<>();
    for (Section s : reader.rows(ConfigurationSchema.PolicyKeys.TABLE)) {
      Optional<Path> ca = file(s, ConfigurationSchema.PolicyKeys.CA);
      ca.ifPresent(f -> caFiles.put(f.toString(), f));
      try {
        rows.add(
            new PolicyRow(
                s.get(ConfigurationSchema.PolicyKeys.DOMAIN_OF),
                s.get(ConfigurationSchema.PolicyKeys.LEVEL),
                Set.copyOf(s.get(ConfigurationSchema.PolicyKeys.PINS)),
                s.get(ConfigurationSchema.PolicyKeys.NAMES),
                s.find(ConfigurationSchema.PolicyKeys.FLOOR).map(TlsFloor::lowest).orElse(null),
                ca.map(Path::toString).orElse(null),
                s.find(ConfigurationSchema.PolicyKeys.SERVERNAME).orElse(null),
                s.get(ConfigurationSchema.PolicyKeys.CLIENT_CERTIFICATE),
                s.get(ConfigurationSchema.PolicyKeys.NOTE),
                s.get(ConfigurationSchema.PolicyKeys.OWNER),
                s.find(ConfigurationSchema.PolicyKeys.EXPIRES)
                    .map(d -> d.atStartOfDay().toInstant(ZoneOffset.UTC))
                    .orElse(null),
                s.get(ConfigurationSchema.PolicyKeys.OVERRIDE)));
      } catch (IllegalArgumentException e) {
        reader.add(reader.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return rows;
  }

  private Map<String, RouteSettings> routes(ForwardSettings forward) {
    Map<String, RouteSettings> routes = new HashMap<>();
    for (ForwardSettings.RelayDomain relay : forward.relayDomains()) {
      if (relay.nextHop() instanceof ConfiguredHop.Host host) {
        String name = relay.domain().name();
        routes.put(name, RouteSettings.plain(name, host.host(), host.port()));
      }
    }
    Map<String, Section> rows = new HashMap<>();
    reader
        .rows(ConfigurationSchema.TransportKeys.TABLE)
        .forEach(s -> rows.put(s.get(ConfigurationSchema.TransportKeys.DOMAIN_OF).text(), s));
    for (ForwardSettings.TransportRoute route : forward.routes()) {
      Section s = rows.get(route.name());
      if (s == null || !(route.hop() instanceof ConfiguredHop.Host host)) {
        continue;
      }
      try {
        routes.put(
            route.name(),
            new RouteSettings(
                route.name(),
                host.host(),
                host.port(),
                s.get(ConfigurationSchema.TransportKeys.IMPLICIT_TLS),
                credentials(s),
                demand(s)));
      } catch (IllegalArgumentException e) {
        reader.add(reader.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return routes;
  }

  /** What a transport row demands of its next hop itself, or null. */
  private static @Nullable PolicyRow demand(Section s) {
    List<Domain> names = s.get(ConfigurationSchema.TransportKeys.NAMES);
    List<Pin> pins = s.get(ConfigurationSchema.TransportKeys.PINS);
    Optional<TlsLevel> implied =
        pins.isEmpty()
            ? Optional.of(TlsLevel.SECURE).filter(l -> !names.isEmpty())
            : Optional.of(TlsLevel.FINGERPRINT);
    return s.find(ConfigurationSchema.TransportKeys.LEVEL)
        .or(() -> implied)
        .map(
            level ->
                new PolicyRow(
                    s.get(ConfigurationSchema.TransportKeys.DOMAIN_OF),
                    level,
                    Set.copyOf(pins),
                    names,
                    null,
                    null,
                    null,
                    true,
                    "",
                    "",
                    null,
                    false))
        .orElse(null);
  }

  private @Nullable Credentials credentials(Section s) {
    Optional<String> user = s.find(ConfigurationSchema.TransportKeys.USER);
    Optional<Path> file = file(s, ConfigurationSchema.TransportKeys.PASSWORD_FILE);
    if (user.isEmpty() || file.isEmpty()) {
      return null;
    }
    if (!readsFiles || !Files.isReadable(file.get())) {
      // Never used: a text alone is not served, and a file that is not there is an error.
      return new Credentials(user.get(), "");
    }
    try {
      if (Files.size(file.get()) > MAX_PASSWORD) {
        throw new IOException("is larger than " + MAX_PASSWORD + " octets");
      }
      return new Credentials(user.get(), Files.readString(file.get()).strip());
    } catch (IOException | IllegalArgumentException e) {
      // The sentence names the file, never what is in it.
      error(
          s,
          ConfigurationSchema.TransportKeys.PASSWORD_FILE,
          file.get() + " is no file with one password in UTF-8",
          "write the password alone into it");
      return null;
    }
  }

  private Optional<StsSettings> sts(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.StsKeys.TABLE);
    if (!s.get(ConfigurationSchema.StsKeys.ENABLED)) {
      return Optional.empty();
    }
    StsSettings base = StsSettings.in(server.state().resolve("sts.db"));
    return Optional.of(
        new StsSettings(
            base.file(),
            base.domains(),
            base.fetches(),
            base.total(),
            s.get(ConfigurationSchema.StsKeys.PORT),
            new FirstContactWait(
                s.find(ConfigurationSchema.StsKeys.FIRST_CONTACT_HOLD)
                    .orElseGet(() -> halfAtMost(FirstContactWait.FETCH)),
                s.find(ConfigurationSchema.StsKeys.LOOKUP_HOLD)
                    .orElseGet(() -> halfAtMost(FirstContactWait.LOOKUP)))));
  }

  /** A default wait is at most half the time that mail stays in the queue. */
  private Duration halfAtMost(Duration usual) {
    Duration half =
        reader
            .section(ConfigurationSchema.QueueKeys.TABLE)
            .get(ConfigurationSchema.QueueKeys.LIFETIME)
            .dividedBy(2);
    return half.compareTo(usual) < 0 ? half : usual;
  }

  /** Empty without a contact address: no report is sent without one. */
  private Optional<TlsReportRow> tlsReports(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.TlsRptKeys.TABLE);
    Optional<Mailbox> contact =
        s.find(ConfigurationSchema.TlsRptKeys.CONTACT).or(server::postmaster);
    if (!s.get(ConfigurationSchema.TlsRptKeys.ENABLED) || contact.isEmpty()) {
      return Optional.empty();
    }
    Duration period = s.get(ConfigurationSchema.TlsRptKeys.PERIOD);
    if (period.compareTo(ReportSettings.LEAST_PERIOD) < 0) {
      error(
          s,
          ConfigurationSchema.TlsRptKeys.PERIOD,
          "a report covers " + ReportSettings.LEAST_PERIOD.toSeconds() + " seconds at least",
          "RFC 8460 section 4.1 asks for a day");
      period = ReportSettings.DAY;
    }
    Optional<Path> key = file(s, ConfigurationSchema.TlsRptKeys.DKIM_KEY);
    Optional<Domain> domain = s.find(ConfigurationSchema.TlsRptKeys.DKIM_DOMAIN);
    Optional<Domain> selector = s.find(ConfigurationSchema.TlsRptKeys.DKIM_SELECTOR);
    return Optional.of(
        new TlsReportRow(
            s.find(ConfigurationSchema.TlsRptKeys.ORGANIZATION).orElse(server.hostname().name()),
            contact.get(),
            period,
            period.compareTo(ReportSettings.DAY) < 0 ? Duration.ZERO : ReportSettings.SPREAD,
            key.isEmpty() || domain.isEmpty() || selector.isEmpty()
                ? Optional.empty()
                : Optional.of(new TlsReportRow.DkimKey(domain.get(), selector.get(), key.get()))));
  }

  private Optional<TlsReportsInRow> tlsReportsIn(ServerSettings server) {
    Section s = reader.section(ConfigurationSchema.TlsRptInKeys.TABLE);
    Duration keep = s.get(ConfigurationSchema.TlsRptInKeys.KEEP);
    if (keep.compareTo(ReceivedReportSettings.LEAST) < 0
        || keep.compareTo(ReceivedReportSettings.MOST) > 0) {
      error(
          s,
          ConfigurationSchema.TlsRptInKeys.KEEP,
          "reports are kept for "
              + ReceivedReportSettings.LEAST.toDays()
              + " to "
              + ReceivedReportSettings.MOST.toDays()
              + " days",
          "they come a day late, and show a trend in weeks");
      keep = ReceivedReportSettings.DEFAULT_KEEP;
    }
    Optional<ReportListenerSettings> listener = Optional.empty();
    try {
      String path = s.get(ConfigurationSchema.TlsRptInKeys.PATH);
      listener =
          s.find(ConfigurationSchema.TlsRptInKeys.LISTEN)
              .map(a -> ReportListenerSettings.at(a, path));
    } catch (IllegalArgumentException e) {
      error(
          s,
          ConfigurationSchema.TlsRptInKeys.PATH,
          String.valueOf(e.getMessage()),
          "/v1/tlsrpt is usual");
    }
    List<Mailbox> addresses = s.get(ConfigurationSchema.TlsRptInKeys.ADDRESSES);
    return addresses.isEmpty() && listener.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new TlsReportsInRow(
                addresses,
                listener,
                ReceivedReportSettings.in(server.state().resolve("tlsrpt-received"), keep)));
  }

  private LedgerSettings ledger() {
    Section s = reader.section(ConfigurationSchema.LedgerKeys.TABLE);
    return new LedgerSettings(
        s.get(ConfigurationSchema.LedgerKeys.SESSIONS),
        s.get(ConfigurationSchema.LedgerKeys.DAYS),
        s.get(ConfigurationSchema.LedgerKeys.SESSIONS_PER_DAY),
        s.get(ConfigurationSchema.LedgerKeys.RESOLUTIONS),
        s.get(ConfigurationSchema.LedgerKeys.HOST_DAYS),
        s.get(ConfigurationSchema.LedgerKeys.GREET_UNSEEN),
        hold(s),
        s.get(ConfigurationSchema.LedgerKeys.REGRESSION),
        s.get(ConfigurationSchema.LedgerKeys.DECAY),
        s.get(ConfigurationSchema.LedgerKeys.DOMAINS));
  }

  private Duration hold(Section s) {
    Duration usual = halfAtMost(LedgerSettings.DEFAULT_HOLD);
    // Where mail lives for less than two hours the hold outlives it, and mail is held in the end.
    Duration left =
        usual.compareTo(LedgerSettings.SHORTEST_HOLD) < 0 ? LedgerSettings.SHORTEST_HOLD : usual;
    return s.find(ConfigurationSchema.LedgerKeys.HOLD).orElse(left);
  }

  private Optional<ReceiptSettings> receipts() {
    Section s = reader.section(ConfigurationSchema.ReceiptsKeys.TABLE);
    return s.get(ConfigurationSchema.ReceiptsKeys.ENABLED)
        ? Optional.of(
            new ReceiptSettings(
                s.get(ConfigurationSchema.ReceiptsKeys.RETENTION),
                s.get(ConfigurationSchema.ReceiptsKeys.SIZE),
                ReceiptSettings.DEFAULT_FILE_SIZE))
        : Optional.empty();
  }

  private DnsSettings dns() {
    Section s = reader.section(ConfigurationSchema.DnsKeys.TABLE);
    Duration timeout = s.get(ConfigurationSchema.DnsKeys.TIMEOUT);
    return new DnsSettings(
        s.get(ConfigurationSchema.DnsKeys.RESOLVERS),
        s.get(ConfigurationSchema.DnsKeys.ANCHORS),
        s.get(ConfigurationSchema.DnsKeys.VALIDATION),
        timeout,
        s.get(ConfigurationSchema.DnsKeys.TOTAL),
        s.get(ConfigurationSchema.DnsKeys.CACHE),
        s.get(ConfigurationSchema.DnsKeys.CONCURRENT),
        negativeAnchors());
  }

  private List<NegativeTrustAnchor> negativeAnchors() {
    List<NegativeTrustAnchor> anchors = new ArrayList<>();
    for (Section s : reader.rows(ConfigurationSchema.NegativeAnchorKeys.TABLE)) {
      try {
        anchors.add(
            new NegativeTrustAnchor(
                s.get(ConfigurationSchema.NegativeAnchorKeys.DOMAIN_OF),
                s.get(ConfigurationSchema.NegativeAnchorKeys.OWNER),
                s.get(ConfigurationSchema.NegativeAnchorKeys.NOTE),
                s.get(ConfigurationSchema.NegativeAnchorKeys.EXPIRES)
                    .atStartOfDay()
                    .toInstant(ZoneOffset.UTC)));
      } catch (IllegalArgumentException e) {
        reader.add(reader.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return anchors;
  }
}
