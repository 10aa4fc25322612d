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
import org.sealwax.mail.cli.Machine;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.NegativeAnchor;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.policy.Floors;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.sts.Patience;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.router.deliver.Credentials;
import org.sealwax.router.deliver.DeliverSettings;
import org.sealwax.router.deliver.PoolSettings;
import org.sealwax.router.deliver.RouteSettings;
import org.sealwax.router.evidence.Mirrors;
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
import org.sealwax.router.reports.received.DoorSettings;
import org.sealwax.router.reports.received.ReceivedSettings;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.route.Hop;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/**
 * From sections to the rooms' settings. One mapping belongs to one reading; what a room refuses,
 * and files that are not there, become complaints of that reading.
 */
final class Mapping {
  /** Octets of a file that holds one password. */
  private static final int MAX_PASSWORD = 4096;

  private final Reading reading;
  private final Path folder;
  private final Machine machine;
  private final boolean looksAtFiles;
  private final Map<String, Path> caFiles = new LinkedHashMap<>();

  /**
   * Files are relative to {@code folder}.
   *
   * @param looksAtFiles whether files that are named must be there
   */
  Mapping(Reading reading, Path folder, Machine machine, boolean looksAtFiles) {
    this.reading = reading;
    this.folder = folder;
    this.machine = machine;
    this.looksAtFiles = looksAtFiles;
  }

  Settings settings() {
    Server server = server();
    ForwardSettings forward = forward(server);
    Section roots = reading.one(Schema.Roots.TABLE);
    DeliverSettings deliver = deliver(server, forward);
    return new Settings(
        server,
        listeners(),
        reading.one(Schema.Limits.TABLE).get(Schema.Limits.SESSIONS),
        identity(server),
        roots.get(Schema.Roots.PUBLIC),
        roots.get(Schema.Roots.FILES).stream()
            .map(f -> existing(roots, Schema.Roots.FILES, f))
            .toList(),
        caFiles,
        reading.one(Schema.Trust.TABLE).get(Schema.Trust.NETWORKS),
        reading.rows(Schema.TrustedClient.TABLE).stream().map(this::trustedClient).toList(),
        reading.rows(Schema.Peer.TABLE).stream()
            .map(s -> new Mirrors.Peer(s.get(Schema.Peer.DOMAIN_OF), s.get(Schema.Peer.RELAY)))
            .toList(),
        receive(server),
        clientLimits(),
        rejects(),
        file(reading.one(Schema.Auth.TABLE), Schema.Auth.PASSWORD_FILE),
        forward,
        pipes(forward),
        spool(server),
        queue(server),
        deliver,
        new DialerSettings(reading.one(Schema.Deliver.TABLE).get(Schema.Deliver.ALLOW_TARGETS)),
        sts(server),
        tlsReports(server),
        tlsReportsIn(server),
        ledger(),
        receipts(),
        dns(),
        reading.one(Schema.Log.TABLE).get(Schema.Log.FORMAT),
        reading.one(Schema.Metrics.TABLE).find(Schema.Metrics.ADDRESS),
        new LabMapping(reading).settings());
  }

  private void error(Section s, Key<?> key, String text, String help) {
    reading.add(reading.about(true, s, key, text).help(help));
  }

  private Path existing(Section s, Key<?> key, Path written) {
    Path file = folder.resolve(written).normalize();
    if (looksAtFiles && !Files.isReadable(file)) {
      String why = Files.exists(file) ? "may not be read by this user" : "is not there";
      error(s, key, file + " " + why, "files are relative to " + folder);
    }
    return file;
  }

  private Optional<Path> file(Section s, Key<Path> key) {
    return s.find(key).map(f -> existing(s, key, f));
  }

  private Server server() {
    Section s = reading.one(Schema.Server.TABLE);
    return new Server(
        s.find(Schema.Server.HOSTNAME).orElse(machine.hostname()),
        s.find(Schema.Server.STATE).map(f -> folder.resolve(f).normalize()).orElse(machine.state()),
        s.find(Schema.Server.POSTMASTER));
  }

  private List<ListenerRow> listeners() {
    List<ListenerRow> rows =
        reading.rows(Schema.Listener.TABLE).stream()
            .map(
                s ->
                    new ListenerRow(
                        s.get(Schema.Listener.ADDRESS),
                        s.get(Schema.Listener.TLS),
                        s.get(Schema.Listener.FLOOR),
                        s.get(Schema.Listener.CLIENT_CERTIFICATE),
                        s.get(Schema.Listener.AUTH),
                        s.get(Schema.Listener.DSN),
                        s.get(Schema.Listener.RESUMPTION)))
            .toList();
    return rows.isEmpty() ? List.of(ListenerRow.byDefault()) : rows;
  }

  private IdentitySettings identity(Server server) {
    Section s = reading.one(Schema.Identity.TABLE);
    Optional<Path> certificate = file(s, Schema.Identity.CERTIFICATE);
    Optional<Path> key = file(s, Schema.Identity.KEY);
    IdentitySettings.@Nullable Pair pair =
        certificate.isPresent() && key.isPresent()
            ? new IdentitySettings.Pair(certificate.get(), key.get())
            : null;
    List<IdentitySettings.Named> named = new ArrayList<>();
    for (Section row : reading.rows(Schema.IdentityFor.TABLE)) {
      named.add(
          new IdentitySettings.Named(
              row.get(Schema.IdentityFor.NAMES),
              new IdentitySettings.Pair(
                  existing(
                      row, Schema.IdentityFor.CERTIFICATE, row.get(Schema.IdentityFor.CERTIFICATE)),
                  existing(row, Schema.IdentityFor.KEY, row.get(Schema.IdentityFor.KEY)))));
    }
    return new IdentitySettings(pair, named, server.state().resolve("tls"), server.hostname());
  }

  private TrustedClientRow trustedClient(Section s) {
    return new TrustedClientRow(
        s.find(Schema.TrustedClient.PIN_OF).orElse(null),
        file(s, Schema.TrustedClient.CA).orElse(null),
        s.get(Schema.TrustedClient.NAMES));
  }

  private ReceiveSettings receive(Server server) {
    Section s = reading.one(Schema.Limits.TABLE);
    ReceiveSettings base = ReceiveSettings.defaults(server.hostname());
    return new ReceiveSettings(
        server.hostname(),
        s.get(Schema.Limits.MESSAGE_SIZE),
        s.get(Schema.Limits.RECIPIENTS),
        base.messages(),
        s.get(Schema.Limits.HOPS),
        base.authFailures(),
        base.looksUpNames(),
        base.nameWait(),
        reading
            .one(Schema.Trust.TABLE)
            .get(Schema.Trust.HONOUR_TLS_REQUIRED_NO)
            .equals(Schema.Trust.ALL),
        ZoneId.systemDefault());
  }

  private ClientLimits.Settings clientLimits() {
    Section s = reading.one(Schema.Limits.TABLE);
    return new ClientLimits.Settings(
        s.get(Schema.Limits.SESSIONS_PER_CLIENT),
        s.get(Schema.Limits.CONNECTIONS),
        s.get(Schema.Limits.MESSAGES),
        s.get(Schema.Limits.RECIPIENTS_PER_MINUTE),
        s.get(Schema.Limits.ERRORS),
        s.get(Schema.Limits.HANDSHAKES),
        s.get(Schema.Limits.EXEMPT));
  }

  private List<RejectRow> rejects() {
    List<RejectRow> rows = new ArrayList<>();
    for (Section s : reading.rows(Schema.Reject.TABLE)) {
      List<RejectRow.On> on = new ArrayList<>();
      s.find(Schema.Reject.CLIENT).ifPresent(n -> on.add(new RejectRow.On.Client(n)));
      pattern(s, Schema.Reject.SENDER).ifPresent(p -> on.add(new RejectRow.On.Sender(p)));
      pattern(s, Schema.Reject.RECIPIENT).ifPresent(p -> on.add(recipient(p)));
      for (RejectRow.On one : on) {
        try {
          rows.add(new RejectRow(one, s.get(Schema.Reject.TEXT_OF)));
        } catch (IllegalArgumentException e) {
          error(s, Schema.Reject.TEXT_OF, String.valueOf(e.getMessage()), "write one plain line");
        }
      }
    }
    return rows;
  }

  private RejectRow.On recipient(AddressPattern pattern) {
    boolean caseSensitive =
        pattern instanceof AddressPattern.One one
            && reading.rows(Schema.AliasDomain.TABLE).stream()
                .anyMatch(
                    s ->
                        s.get(Schema.AliasDomain.DOMAIN_OF).equals(one.mailbox().domain())
                            && s.get(Schema.AliasDomain.CASE_SENSITIVE));
    return new RejectRow.On.Recipient(
        pattern, reading.one(Schema.Forward.TABLE).get(Schema.Forward.DELIMITER), caseSensitive);
  }

  private Optional<AddressPattern> pattern(Section s, Key<String> key) {
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

  private Optional<Hop> hop(Section s, Key<String> key, Set<String> pipes) {
    Optional<String> text = s.find(key);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    return switch (Hop.parse(text.get())) {
      case Hop.Reading.Read r -> {
        if (r.hop() instanceof Hop.Command c && !pipes.contains(c.pipe())) {
          error(s, key, "there is no [[pipe]] named " + c.pipe(), "pipes: " + pipes);
          yield Optional.empty();
        }
        yield Optional.of(r.hop());
      }
      case Hop.Reading.Wrong w -> {
        Complaint c = reading.about(true, s, key, w.problem());
        Complaint placed =
            new Complaint(
                true, c.line(), c.column() + 1 + w.column(), 1, c.text(), c.notes(), c.help());
        reading.add(w.help() == null ? placed : placed.help(w.help()));
        yield Optional.empty();
      }
    };
  }

  private ForwardSettings forward(Server server) {
    Section s = reading.one(Schema.Forward.TABLE);
    Set<String> pipes = new HashSet<>();
    for (Section row : reading.rows(Schema.Pipe.TABLE)) {
      if (!pipes.add(row.get(Schema.Pipe.NAME))) {
        error(row, Schema.Pipe.NAME, "a pipe of this name is here twice", "rename one");
      }
    }
    List<ForwardSettings.AliasDomain> aliases = new ArrayList<>();
    for (Section row : reading.rows(Schema.AliasDomain.TABLE)) {
      aliases.add(
          new ForwardSettings.AliasDomain(
              row.get(Schema.AliasDomain.DOMAIN_OF),
              existing(row, Schema.AliasDomain.FILE_OF, row.get(Schema.AliasDomain.FILE_OF)),
              row.get(Schema.AliasDomain.CASE_SENSITIVE)));
    }
    List<ForwardSettings.RelayDomain> relays = new ArrayList<>();
    for (Section row : reading.rows(Schema.RelayDomain.TABLE)) {
      Optional<Path> listed = file(row, Schema.RelayDomain.RECIPIENTS);
      ForwardSettings.Recipients recipients =
          listed.isPresent()
              ? new ForwardSettings.Recipients.Listed(listed.get())
              : row.has(Schema.RelayDomain.VERIFY)
                  ? new ForwardSettings.Recipients.Verified()
                  : new ForwardSettings.Recipients.AcceptAll();
      relays.add(
          new ForwardSettings.RelayDomain(
              row.get(Schema.RelayDomain.DOMAIN_OF),
              recipients,
              hop(row, Schema.RelayDomain.NEXT_HOP, pipes).orElse(null)));
    }
    List<ForwardSettings.Route> routes = new ArrayList<>();
    for (Section row : reading.rows(Schema.Transport.TABLE)) {
      hop(row, Schema.Transport.NEXT_HOP, pipes)
          .ifPresent(
              h ->
                  routes.add(
                      new ForwardSettings.Route(
                          row.get(Schema.Transport.DOMAIN_OF).text(),
                          row.get(Schema.Transport.DOMAIN_OF),
                          h)));
    }
    Section srs = reading.one(Schema.Srs.TABLE);
    ForwardSettings.@Nullable SenderRewriting rewriting =
        srs.find(Schema.Srs.DOMAIN_OF)
            .map(
                d ->
                    ForwardSettings.SenderRewriting.of(
                        d,
                        srs.find(Schema.Srs.SECRET_FILE)
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
          s.get(Schema.Forward.DELIMITER),
          s.get(Schema.Forward.CARRY_EXTENSION),
          server.postmaster().orElse(null),
          base.roles());
    } catch (IllegalArgumentException e) {
      reading.add(reading.about(true, s, String.valueOf(e.getMessage())));
      return base;
    }
  }

  private List<PipeSettings> pipes(ForwardSettings forward) {
    List<PipeSettings> pipes = new ArrayList<>();
    for (Section s : reading.rows(Schema.Pipe.TABLE)) {
      Map<String, String> environment = new LinkedHashMap<>();
      for (String variable : s.get(Schema.Pipe.ENVIRONMENT)) {
        int equals = variable.indexOf('=');
        if (equals < 1) {
          error(s, Schema.Pipe.ENVIRONMENT, "not a variable: " + variable, "write NAME=value");
        } else {
          environment.put(variable.substring(0, equals), variable.substring(equals + 1));
        }
      }
      try {
        pipes.add(
            new PipeSettings(
                s.get(Schema.Pipe.NAME),
                s.get(Schema.Pipe.COMMAND),
                s.get(Schema.Pipe.WRAPPER),
                existing(s, Schema.Pipe.DIRECTORY, s.get(Schema.Pipe.DIRECTORY)),
                environment,
                s.get(Schema.Pipe.LINE_END),
                s.get(Schema.Pipe.MBOX_FROM),
                forward.delimiter(),
                s.get(Schema.Pipe.TIMEOUT),
                s.get(Schema.Pipe.CONCURRENT)));
      } catch (IllegalArgumentException e) {
        reading.add(reading.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return pipes;
  }

  private SpoolSettings spool(Server server) {
    SpoolSettings base = SpoolSettings.defaults(server.state().resolve("spool"));
    return new SpoolSettings(
        base.folder(),
        reading.one(Schema.Queue.TABLE).get(Schema.Queue.FREE_SPACE),
        base.journeysKept());
  }

  private QueueSettings queue(Server server) {
    Section s = reading.one(Schema.Queue.TABLE);
    QueueSettings base = QueueSettings.defaults(server.hostname());
    return new QueueSettings(
        new RetrySchedule(
            s.get(Schema.Queue.RETRY),
            base.schedule().jitter(),
            s.get(Schema.Queue.LIFETIME),
            s.get(Schema.Queue.DELAY_NOTICE)),
        s.get(Schema.Queue.DELIVERIES),
        s.get(Schema.Queue.DELIVERIES_PER_HOP),
        base.recipientsPerRound(),
        s.get(Schema.Queue.DEAD_SITE_FIRST),
        s.get(Schema.Queue.DEAD_SITE_MOST),
        base.hotBytes(),
        base.returnedContent(),
        server.hostname(),
        server.postmaster());
  }

  private DeliverSettings deliver(Server server, ForwardSettings forward) {
    Section s = reading.one(Schema.Deliver.TABLE);
    DeliverSettings base = DeliverSettings.defaults(server.hostname());
    PoolSettings pool = base.pool();
    int messages = s.get(Schema.Deliver.MESSAGES_PER_CONNECTION);
    return new DeliverSettings(
        server.hostname().name(),
        ownNames(server),
        ownEndpoints(),
        s.get(Schema.Deliver.MX_PORT),
        s.get(Schema.Deliver.IPV4),
        s.get(Schema.Deliver.IPV6),
        s.find(Schema.Deliver.BIND_IPV4).orElse(null),
        s.find(Schema.Deliver.BIND_IPV6).orElse(null),
        base.stagger(),
        base.times(),
        new PoolSettings(
            messages == 1 ? 0 : pool.perHost(), pool.total(), pool.idle(), messages, pool.age()),
        s.get(Schema.Deliver.POST_QUANTUM),
        s.get(Schema.Deliver.RESUMPTION),
        reading.one(Schema.Identity.TABLE).get(Schema.Identity.SHOW_TO_SERVERS),
        s.get(Schema.Deliver.HOLD),
        s.get(Schema.Deliver.LEVEL),
        new Floors(s.get(Schema.Deliver.FLOOR), s.get(Schema.Deliver.FLOOR_ALWAYS)),
        policyRows(),
        routes(forward));
  }

  private static Set<Domain> ownNames(Server server) {
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
    for (Section s : reading.rows(Schema.Policy.TABLE)) {
      Optional<Path> ca = file(s, Schema.Policy.CA);
      ca.ifPresent(f -> caFiles.put(f.toString(), f));
      try {
        rows.add(
            new PolicyRow(
                s.get(Schema.Policy.DOMAIN_OF),
                s.get(Schema.Policy.LEVEL),
                Set.copyOf(s.get(Schema.Policy.PINS)),
                s.get(Schema.Policy.NAMES),
                s.find(Schema.Policy.FLOOR).map(TlsFloor::lowest).orElse(null),
                ca.map(Path::toString).orElse(null),
                s.find(Schema.Policy.SERVERNAME).orElse(null),
                s.get(Schema.Policy.CLIENT_CERTIFICATE),
                s.get(Schema.Policy.NOTE),
                s.get(Schema.Policy.OWNER),
                s.find(Schema.Policy.EXPIRES)
                    .map(d -> d.atStartOfDay().toInstant(ZoneOffset.UTC))
                    .orElse(null),
                s.get(Schema.Policy.OVERRIDE)));
      } catch (IllegalArgumentException e) {
        reading.add(reading.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return rows;
  }

  private Map<String, RouteSettings> routes(ForwardSettings forward) {
    Map<String, RouteSettings> routes = new HashMap<>();
    for (ForwardSettings.RelayDomain relay : forward.relayDomains()) {
      if (relay.nextHop() instanceof Hop.Host host) {
        String name = relay.domain().name();
        routes.put(name, RouteSettings.plain(name, host.host(), host.port()));
      }
    }
    Map<String, Section> rows = new HashMap<>();
    reading
        .rows(Schema.Transport.TABLE)
        .forEach(s -> rows.put(s.get(Schema.Transport.DOMAIN_OF).text(), s));
    for (ForwardSettings.Route route : forward.routes()) {
      Section s = rows.get(route.name());
      if (s == null || !(route.hop() instanceof Hop.Host host)) {
        continue;
      }
      try {
        routes.put(
            route.name(),
            new RouteSettings(
                route.name(),
                host.host(),
                host.port(),
                s.get(Schema.Transport.IMPLICIT_TLS),
                credentials(s),
                demand(s)));
      } catch (IllegalArgumentException e) {
        reading.add(reading.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return routes;
  }

  /** What a transport row demands of its next hop itself, or null. */
  private static @Nullable PolicyRow demand(Section s) {
    List<Domain> names = s.get(Schema.Transport.NAMES);
    List<Pin> pins = s.get(Schema.Transport.PINS);
    Optional<Level> implied =
        pins.isEmpty()
            ? Optional.of(Level.SECURE).filter(l -> !names.isEmpty())
            : Optional.of(Level.FINGERPRINT);
    return s.find(Schema.Transport.LEVEL)
        .or(() -> implied)
        .map(
            level ->
                new PolicyRow(
                    s.get(Schema.Transport.DOMAIN_OF),
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
    Optional<String> user = s.find(Schema.Transport.USER);
    Optional<Path> file = file(s, Schema.Transport.PASSWORD_FILE);
    if (user.isEmpty() || file.isEmpty()) {
      return null;
    }
    if (!looksAtFiles || !Files.isReadable(file.get())) {
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
          Schema.Transport.PASSWORD_FILE,
          file.get() + " is no file with one password in UTF-8",
          "write the password alone into it");
      return null;
    }
  }

  private Optional<StsSettings> sts(Server server) {
    Section s = reading.one(Schema.Sts.TABLE);
    if (!s.get(Schema.Sts.ENABLED)) {
      return Optional.empty();
    }
    StsSettings base = StsSettings.in(server.state().resolve("sts.db"));
    return Optional.of(
        new StsSettings(
            base.file(),
            base.domains(),
            base.fetches(),
            base.total(),
            s.get(Schema.Sts.PORT),
            new Patience(
                s.find(Schema.Sts.FIRST_CONTACT_HOLD).orElseGet(() -> halfAtMost(Patience.FETCH)),
                s.find(Schema.Sts.LOOKUP_HOLD).orElseGet(() -> halfAtMost(Patience.LOOKUP)))));
  }

  /** A wait that nobody set never outlives the mail that waits. */
  private Duration halfAtMost(Duration usual) {
    Duration half = reading.one(Schema.Queue.TABLE).get(Schema.Queue.LIFETIME).dividedBy(2);
    return half.compareTo(usual) < 0 ? half : usual;
  }

  /** Nothing without a person who answers for it. */
  private Optional<TlsReportRow> tlsReports(Server server) {
    Section s = reading.one(Schema.TlsRpt.TABLE);
    Optional<Mailbox> contact = s.find(Schema.TlsRpt.CONTACT).or(server::postmaster);
    if (!s.get(Schema.TlsRpt.ENABLED) || contact.isEmpty()) {
      return Optional.empty();
    }
    Duration period = s.get(Schema.TlsRpt.PERIOD);
    if (period.compareTo(ReportSettings.LEAST_PERIOD) < 0) {
      error(
          s,
          Schema.TlsRpt.PERIOD,
          "a report covers " + ReportSettings.LEAST_PERIOD.toSeconds() + " seconds at least",
          "RFC 8460 section 4.1 asks for a day");
      period = ReportSettings.DAY;
    }
    Optional<Path> key = file(s, Schema.TlsRpt.DKIM_KEY);
    Optional<Domain> domain = s.find(Schema.TlsRpt.DKIM_DOMAIN);
    Optional<Domain> selector = s.find(Schema.TlsRpt.DKIM_SELECTOR);
    return Optional.of(
        new TlsReportRow(
            s.find(Schema.TlsRpt.ORGANIZATION).orElse(server.hostname().name()),
            contact.get(),
            period,
            period.compareTo(ReportSettings.DAY) < 0 ? Duration.ZERO : ReportSettings.SPREAD,
            key.isEmpty() || domain.isEmpty() || selector.isEmpty()
                ? Optional.empty()
                : Optional.of(new TlsReportRow.Dkim(domain.get(), selector.get(), key.get()))));
  }

  private Optional<TlsReportsInRow> tlsReportsIn(Server server) {
    Section s = reading.one(Schema.TlsRptIn.TABLE);
    Duration keep = s.get(Schema.TlsRptIn.KEEP);
    if (keep.compareTo(ReceivedSettings.LEAST) < 0 || keep.compareTo(ReceivedSettings.MOST) > 0) {
      error(
          s,
          Schema.TlsRptIn.KEEP,
          "reports are kept for "
              + ReceivedSettings.LEAST.toDays()
              + " to "
              + ReceivedSettings.MOST.toDays()
              + " days",
          "they come a day late, and show a trend in weeks");
      keep = ReceivedSettings.DEFAULT_KEEP;
    }
    Optional<DoorSettings> door = Optional.empty();
    try {
      String path = s.get(Schema.TlsRptIn.PATH);
      door = s.find(Schema.TlsRptIn.LISTEN).map(a -> DoorSettings.at(a, path));
    } catch (IllegalArgumentException e) {
      error(s, Schema.TlsRptIn.PATH, String.valueOf(e.getMessage()), "/v1/tlsrpt is usual");
    }
    List<Mailbox> addresses = s.get(Schema.TlsRptIn.ADDRESSES);
    return addresses.isEmpty() && door.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new TlsReportsInRow(
                addresses,
                door,
                ReceivedSettings.in(server.state().resolve("tlsrpt-received"), keep)));
  }

  private LedgerSettings ledger() {
    Section s = reading.one(Schema.Ledger.TABLE);
    return new LedgerSettings(
        s.get(Schema.Ledger.SESSIONS),
        s.get(Schema.Ledger.DAYS),
        s.get(Schema.Ledger.SESSIONS_PER_DAY),
        s.get(Schema.Ledger.RESOLUTIONS),
        s.get(Schema.Ledger.HOST_DAYS),
        s.get(Schema.Ledger.GREET_UNSEEN),
        hold(s),
        s.get(Schema.Ledger.REGRESSION),
        s.get(Schema.Ledger.DECAY),
        s.get(Schema.Ledger.DOMAINS));
  }

  private Duration hold(Section s) {
    Duration usual = halfAtMost(LedgerSettings.DEFAULT_HOLD);
    // Where mail lives for less than two hours the hold outlives it, and mail is held in the end.
    Duration left =
        usual.compareTo(LedgerSettings.SHORTEST_HOLD) < 0 ? LedgerSettings.SHORTEST_HOLD : usual;
    return s.find(Schema.Ledger.HOLD).orElse(left);
  }

  private Optional<ReceiptSettings> receipts() {
    Section s = reading.one(Schema.Receipts.TABLE);
    return s.get(Schema.Receipts.ENABLED)
        ? Optional.of(
            new ReceiptSettings(
                s.get(Schema.Receipts.RETENTION),
                s.get(Schema.Receipts.SIZE),
                ReceiptSettings.DEFAULT_FILE_SIZE))
        : Optional.empty();
  }

  private DnsSettings dns() {
    Section s = reading.one(Schema.Dns.TABLE);
    Duration timeout = s.get(Schema.Dns.TIMEOUT);
    return new DnsSettings(
        s.get(Schema.Dns.RESOLVERS),
        s.get(Schema.Dns.ANCHORS),
        s.get(Schema.Dns.VALIDATION),
        timeout,
        s.get(Schema.Dns.TOTAL),
        s.get(Schema.Dns.CACHE),
        s.get(Schema.Dns.CONCURRENT),
        negativeAnchors());
  }

  private List<NegativeAnchor> negativeAnchors() {
    List<NegativeAnchor> anchors = new ArrayList<>();
    for (Section s : reading.rows(Schema.NegativeAnchor.TABLE)) {
      try {
        anchors.add(
            new NegativeAnchor(
                s.get(Schema.NegativeAnchor.DOMAIN_OF),
                s.get(Schema.NegativeAnchor.OWNER),
                s.get(Schema.NegativeAnchor.NOTE),
                s.get(Schema.NegativeAnchor.EXPIRES).atStartOfDay().toInstant(ZoneOffset.UTC)));
      } catch (IllegalArgumentException e) {
        reading.add(reading.about(true, s, String.valueOf(e.getMessage())));
      }
    }
    return anchors;
  }
}
