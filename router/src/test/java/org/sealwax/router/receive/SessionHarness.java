package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.mail.smtp.session.ServerLoop;
import org.sealwax.mail.smtp.session.SessionSettings;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.dmarc.SenderChecks;
import org.sealwax.router.dnsbl.ClientListing;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.dnsbl.DnsListClient;
import org.sealwax.router.dnsbl.ReturnCodes;
import org.sealwax.router.evidence.PeerMatcher;
import org.sealwax.router.milter.MilterSettings;
import org.sealwax.router.milter.Milters;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.route.AddressResolution;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.MemoryWire;
import org.sealwax.testkit.tls.FakeTls;

/** One session of our server over memory, in a world made of a dialogue's options. */
final class SessionHarness {
  static final Domain HOST = Domain.of("mx.example.org");
  static final Pin PIN = new Pin("ab".repeat(32));

  final MemoryIntake intake = new MemoryIntake();
  final StoppedClock clock = new StoppedClock();
  final FactLog log = new FactLog();
  final TableDirectory directory = new TableDirectory(HOST);
  private final List<Cidr> networks = new ArrayList<>();
  private final List<RejectRow> rejects = new ArrayList<>();
  ByteBudget memory = new ByteBudget(16 << 20);
  private @Nullable Mailbox postmaster;
  private InetAddress client = InetAddress.ofLiteral("192.0.2.1");
  private long size = 1_000_000;
  private int recipients = 100;
  private int messages = 100;
  private int hops = 50;
  private int errors = 20;
  private int idle = 50;
  private ListenerSettings.ListenerTlsMode encryption = ListenerSettings.ListenerTlsMode.STARTTLS;
  private ListenerSettings.Dsn dsn = ListenerSettings.Dsn.RELAY;
  private ClientCertificateMode certificates = ClientCertificateMode.ASK;
  private PeerMatcher matcher = PeerMatcher.none();
  private Verdict verdict = new Verdict.Anonymous();
  private @Nullable SaslMechanisms sasl;
  private final List<DnsList> dnsLists = new ArrayList<>();
  private final FixedResolver.Builder dns = FixedResolver.builder();
  final List<MilterSettings> milters = new ArrayList<>();
  private boolean early;
  SigningPolicy signing = SigningPolicy.NONE;
  @Nullable Resolver resolver;
  InboundSettings inbound = SettingsRecord.defaults(InboundSettings.class, java.util.Map.of());
  private boolean strangersNo;
  private ClientLimits.ClientLimitSettings limits = ClientLimits.ClientLimitSettings.defaults();

  private @Nullable MemoryWire serverEnd;
  private @Nullable MemoryWire clientEnd;
  private @Nullable ServerLoop loop;
  private @Nullable Thread thread;

  /** Understands one option of a dialogue file. */
  void option(String text) throws IOException {
    String[] words = text.split(" +", 3);
    String first = words.length > 1 ? words[1] : "";
    String rest = words.length > 2 ? words[2] : "";
    switch (words[0]) {
      case "honours-all" -> strangersNo = true;
      case "talks-early" -> early = true;
      case "client" -> client = InetAddress.ofLiteral(first);
      case "network" -> networks.add(Cidr.parse(first).orElseThrow());
      case "user" -> directory.listed(mailbox(text.substring(5)));
      case "accept-all" -> directory.acceptsAll(Domain.of(first));
      case "alias" ->
          directory.alias(
              mailbox(first),
              Arrays.stream(rest.substring(3).split(", *"))
                  .<DeliveryTarget>map(t -> new DeliveryTarget.Remote(mailbox(t)))
                  .toList());
      case "pipe" ->
          directory.alias(
              mailbox(first), List.of(new DeliveryTarget.Pipe(rest.substring(3), mailbox(first))));
      case "returned" ->
          directory.put(
              mailbox(first),
              new AddressResolution.ReturnedBounce(
                  new DeliveryTarget.Remote(mailbox(rest.substring(3)))));
      case "stored-senders" -> directory.senders.room = Integer.parseInt(first);
      case "stored-senders-fail" -> directory.senders.failsAt = first;
      case "no-store" ->
          directory.put(mailbox(first), new AddressResolution.StoreTrouble("cannot be read now"));
      case "not-now" ->
          directory.put(mailbox(first), new AddressResolution.TemporaryFailure("cannot say now"));
      case "postmaster" -> postmaster = mailbox(first);
      case "memory" -> memory = new ByteBudget(Long.parseLong(first));
      case "size" -> size = Long.parseLong(first);
      case "recipients" -> recipients = Integer.parseInt(first);
      case "messages" -> messages = Integer.parseInt(first);
      case "hops" -> hops = Integer.parseInt(first);
      case "errors" -> errors = Integer.parseInt(first);
      case "idle" -> idle = Integer.parseInt(first);
      case "rate" -> limits = rate(first, Integer.parseInt(rest));
      case "tls" ->
          encryption =
              ListenerSettings.ListenerTlsMode.valueOf(first.toUpperCase(java.util.Locale.ROOT));
      case "dsn" -> dsn = ListenerSettings.Dsn.valueOf(first.toUpperCase(java.util.Locale.ROOT));
      case "certificate" ->
          certificates = ClientCertificateMode.valueOf(first.toUpperCase(java.util.Locale.ROOT));
      case "verdict" ->
          verdict =
              switch (first) {
                case "pinned" -> new Verdict.Verified(Verdict.IdentifiedBy.PIN, PIN.toString());
                case "other-pin" ->
                    new Verdict.Verified(Verdict.IdentifiedBy.PIN, "sha256:" + "cd".repeat(32));
                case "named" ->
                    new Verdict.Verified(Verdict.IdentifiedBy.NAME, "tracker.example.org");
                case "trusted" -> new Verdict.Trusted();
                case "untrusted" -> new Verdict.Untrusted(Verdict.Reason.SELF_SIGNED);
                default -> throw new IOException("no verdict: " + first);
              };
      case "auth" -> sasl = new OneUserSasl(first, rest);
      case "store" -> {
        SpoolException.Kind kind =
            SpoolException.Kind.valueOf(first.toUpperCase(java.util.Locale.ROOT));
        switch (rest) {
          case "open" -> intake.atOpen = kind;
          case "write" -> intake.atWrite = kind;
          case "commit" -> intake.atCommit = kind;
          default -> throw new IOException("no place: " + rest);
        }
      }
      case "reject" -> reject(first, rest);
      case "dnsbl" ->
          dnsLists.add(
              new DnsList(
                  Domain.of(first),
                  List.of(ReturnCodes.parse("127.0.0.2")),
                  DnsList.Action.valueOf(rest.toUpperCase(java.util.Locale.ROOT))));
      case "dns-a" -> dns.a(first, rest);
      case "dns-txt" -> dns.txt(first, rest);
      case "dns-fails" -> dns.fails(first);
      default -> throw new IOException("option not understood: " + text);
    }
  }

  private static ClientLimits.ClientLimitSettings rate(String what, int most) {
    return new ClientLimits.ClientLimitSettings(
        0,
        0,
        what.equals("messages") ? most : 0,
        what.equals("recipients") ? most : 0,
        what.equals("errors") ? most : 0,
        what.equals("handshakes") ? most : 0,
        List.of());
  }

  private void reject(String what, String rest) throws IOException {
    int space = rest.indexOf(' ');
    String pattern = rest.substring(0, space);
    RejectRow.RejectMatch on =
        switch (what) {
          case "client" -> new RejectRow.RejectMatch.Client(Cidr.parse(pattern).orElseThrow());
          case "sender" ->
              new RejectRow.RejectMatch.Sender(AddressPattern.parse(pattern).orElseThrow());
          case "recipient" ->
              new RejectRow.RejectMatch.Recipient(
                  AddressPattern.parse(pattern).orElseThrow(), RecipientDelimiter.PLUS, false);
          default -> throw new IOException("no reject row: " + what);
        };
    rejects.add(new RejectRow(on, rest.substring(space + 1)));
  }

  /** As rows for {@link #PIN} and a private authority would say; chains are judged elsewhere. */
  private static Optional<ClientTrust> trust(Handshake handshake) {
    Verdict verdict = handshake.verdict();
    return verdict instanceof Verdict.Verified v
            && (v.what().equals(PIN.toString()) || v.by() == Verdict.IdentifiedBy.NAME)
        ? Optional.of(new ClientTrust.RelayCertificate(v.text()))
        : Optional.empty();
  }

  static Mailbox mailbox(String text) {
    return MailboxParser.parse(text)
        .orElseThrow(() -> new IllegalArgumentException("not a mailbox: " + text));
  }

  /** One user whose password goes by PLAIN, and a mechanism that asks twice. */
  private record OneUserSasl(String user, String password) implements SaslMechanisms {
    @Override
    public List<String> names() {
      return List.of("PLAIN");
    }

    @Override
    public Optional<SaslExchange> begin(String mechanism) {
      if (!mechanism.equals("PLAIN")) {
        return Optional.empty();
      }
      return Optional.of(
          response -> {
            String text = new String(response, java.nio.charset.StandardCharsets.UTF_8);
            if (!text.startsWith("\0")) {
              return new SaslExchange.SaslStep.Failed(SaslExchange.Kind.MALFORMED, "");
            }
            return text.equals("\0" + user + "\0" + password)
                ? new SaslExchange.SaslStep.Accepted(user)
                : new SaslExchange.SaslStep.Failed(SaslExchange.Kind.CREDENTIALS, "");
          });
    }
  }

  /** Starts the session; the client's end is returned. */
  MemoryWire start() throws IOException {
    MemoryWire.MemoryWirePair pair =
        MemoryWire.pair(
            new InetSocketAddress(client, 40_000),
            new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 25));
    serverEnd = pair.server();
    clientEnd = pair.client();
    ReceiveSettings settings =
        new ReceiveSettings(
            2000,
            HOST,
            size,
            recipients,
            messages,
            hops,
            3,
            false,
            Duration.ZERO,
            strangersNo,
            ZoneOffset.UTC);
    RelayRules rules = new RelayRules(networks, SessionHarness::trust, rejects, postmaster);
    ReceiveConfiguration configuration =
        new ReceiveConfiguration(
            settings, rules, directory, matcher, dnsLists, milters, signing, inbound, sasl);
    SessionSettings talk =
        new SessionSettings(
            Duration.ofMinutes(5),
            Duration.ofMinutes(3),
            Duration.ofHours(1),
            Duration.ofSeconds(60),
            errors,
            idle,
            true);
    ListenerSettings listener =
        new ListenerSettings(
            "test",
            new ListenerSettings.ListenAddress.Tcp(new InetSocketAddress(0)),
            encryption,
            certificates,
            sasl != null,
            dsn,
            1,
            1,
            Duration.ofSeconds(60),
            talk);
    SmtpServer server =
        new SmtpServer(
            () -> configuration,
            intake,
            new ClientLimits(limits, clock),
            new SessionLimit(10, memory),
            new AuthGuard(2, Duration.ZERO),
            resolver == null ? null : new SenderChecks(resolver, 4, log.log),
            null,
            new Milters(clock, log.log),
            null,
            log.log,
            clock);
    TlsServer tls =
        encryption == ListenerSettings.ListenerTlsMode.NONE ? null : FakeTls.server(verdict);
    ClientState clientState =
        new ClientState(
            "s1",
            pair.client().local(),
            false,
            ClientNames.withoutLookup(clock),
            rules.trust(client),
            dnsLists.isEmpty()
                ? null
                : new ClientListing(
                    new DnsListClient(dns.build(), 4, clock, log.log),
                    dnsLists,
                    pair.client().local(),
                    "s1"));
    SessionLimit.SessionMemory held = server.sessions().memory(true);
    ServerSession session =
        new ServerSession(
            server,
            configuration,
            listener,
            tls,
            pair.server().local().getAddress(),
            clientState,
            held);
    if (encryption == ListenerSettings.ListenerTlsMode.IMPLICIT) {
      session.handshake(FakeTls.handshake(verdict));
    }
    if (early) {
      pair.client()
          .out()
          .write("EHLO early.example\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    }
    Wire wire = pair.server();
    ServerLoop running = new ServerLoop(wire, session, talk, clock);
    loop = running;
    thread =
        Threads.start(
            "test-session",
            () -> {
              try (held) {
                var _ = running.run();
              } catch (RuntimeException | Error e) {
                log.log.bug("session", e);
              } finally {
                session.ended();
              }
            });
    return pair.client();
  }

  MemoryWire serverEnd() {
    return java.util.Objects.requireNonNull(serverEnd);
  }

  void endSoon() {
    java.util.Objects.requireNonNull(loop).endSoon();
  }

  /** Hangs up and waits for the session's thread. */
  void finish() throws InterruptedException {
    java.util.Objects.requireNonNull(clientEnd).close();
    java.util.Objects.requireNonNull(thread).join();
  }

  /** Waits for the session's thread, after our direction has ended. */
  void finishAfterEnd() throws InterruptedException {
    java.util.Objects.requireNonNull(thread).join();
  }
}
