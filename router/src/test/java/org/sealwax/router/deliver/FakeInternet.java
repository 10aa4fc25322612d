package org.sealwax.router.deliver;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.Tls12Server;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.SessionResult;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceSource;
import org.sealwax.router.ledger.HostMemories;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.receipts.Receipt;
import org.sealwax.router.spool.QueueId;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;

/**
 * A small internet: documentation addresses that lead to {@link FakeHost}s on loopback, a DNS by
 * table, a certificate authority, a clock that stands until moved.
 */
public final class FakeInternet implements Dialer, AutoCloseable {
  static final Instant NOON = Instant.parse("2026-11-23T12:00:00Z");

  private static final TestCa CA = TestCa.root("deliver tests");
  private static final TlsFactory TLS = tlsFactory(TlsEngine.BORINGSSL);

  /** Our side, by engine. */
  private static final Map<TlsEngine, TlsFactory> factories = new ConcurrentHashMap<>();

  final ManualClock clock = new ManualClock(NOON);
  final RecordingMailLog log = new RecordingMailLog();
  FixedResolver.Builder dns = FixedResolver.builder();
  TlsLevel level = TlsLevel.MAY;
  List<PolicyRow> rows = new ArrayList<>();
  Map<String, RouteSettings> routes = new HashMap<>();
  ConnectionPoolSettings pool =
      new ConnectionPoolSettings(0, 0, Duration.ofSeconds(5), 100, Duration.ofMinutes(5));
  Set<InetSocketAddress> own = Set.of();
  boolean hybrid = true;
  List<EvidenceSource> sources = new ArrayList<>();
  boolean dane;
  final Map<String, TrustRoots> roots = new HashMap<>(Map.of("public", CA.roots()));
  TlsEngine engine = TlsEngine.BORINGSSL;
  EvidenceGatherer.StsRecheck rechecks = domain -> Optional.empty();
  Ledger ledger = Ledger.empty();
  final List<Receipt> receipts = new CopyOnWriteArrayList<>();
  final List<Domain> forgotten = new CopyOnWriteArrayList<>();
  final List<SessionResult> results = new CopyOnWriteArrayList<>();
  final HostMemories memories = new HostMemories();
  SmtpTimeouts times = SmtpTimeouts.defaults().atMost(Duration.ofSeconds(10));

  @Nullable InetAddress bind4;

  /** The local address that was asked for, by the last connection to an address. */
  final Map<String, InetAddress> boundTo = new ConcurrentHashMap<>();

  private final Map<InetAddress, FakeHost> hosts = new ConcurrentHashMap<>();
  private final Set<InetAddress> silent = ConcurrentHashMap.newKeySet();
  private final List<Runnable> opened = new CopyOnWriteArrayList<>();
  private final List<String> dialled = new CopyOnWriteArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private @Nullable SmtpDeliveryAgent agent;

  private static TlsFactory tlsFactory(TlsEngine engine) {
    return new TlsFactory(new TlsSettings(engine), Clock.system(), RandomSource.secure());
  }

  /** The DNS or the sources have changed: a new delivery agent, with the same memories. */
  void changed() {
    agent = null;
  }

  /** A host at these addresses. */
  FakeHost host(String... addresses) {
    FakeHost host = new FakeHost();
    opened.add(host::close);
    for (String address : addresses) {
      hosts.put(InetAddress.ofLiteral(address), host);
    }
    return host;
  }

  /** Drops connects. */
  void blackHole(String address) {
    silent.add(InetAddress.ofLiteral(address));
  }

  /** Every address that was dialled, in order. */
  List<String> dialled() {
    return List.copyOf(dialled);
  }

  /** example.org with one MX host at 192.0.2.1. */
  FakeHost simple() {
    dns.mx("example.org", 10, "mx.example.org").a("mx.example.org", "192.0.2.1");
    return host("192.0.2.1");
  }

  static TestCa ca() {
    return CA;
  }

  /** A server side with a certificate for these names. */
  static TlsServer server(String... names) {
    return server(ListenerTlsSettings.defaults("fake"), names);
  }

  static TlsServer server(ListenerTlsSettings listener, String... names) {
    return server(listener, CA.identity(names));
  }

  /** A server side that shows this. */
  static TlsServer server(Identity identity) {
    return server(ListenerTlsSettings.defaults("fake"), identity);
  }

  /** One that shows another certificate to who asks for a name. */
  static TlsServer named(Identity usual, String name, Identity other) {
    return TLS.server(
        ListenerTlsSettings.defaults("named"),
        IdentityStore.fixed(usual, Map.of(name, other), Clock.system()),
        new ReferenceIdentity(List.of(), Set.of(), CA.roots()));
  }

  /** One that speaks TLS 1.2 and nothing newer. */
  static TlsServer old(Identity identity) {
    try {
      return new Tls12Server(identity, new ReferenceIdentity(List.of(), Set.of(), CA.roots()));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** What a 3 1 1 record about this states. */
  static TlsaAssociations associations(Identity identity) {
    return new TlsaAssociations(
        Set.of(new TlsaAssociation(3, 1, 1, Pins.of(identity.chain().getFirst()).hex())),
        List.of());
  }

  static TlsServer server(ListenerTlsSettings listener, Identity identity) {
    return TLS.server(
        listener,
        IdentityStore.fixed(identity, Map.of(), Clock.system()),
        new ReferenceIdentity(List.of(), Set.of(), CA.roots()));
  }

  SmtpDeliveryAgent agent() {
    SmtpDeliveryAgent made = agent;
    if (made == null) {
      made = agent(dns.build(), Dialers.both(this), roots);
      agent = made;
      opened.add(made::close);
    }
    return made;
  }

  DeliverySettings settings() {
    return new DeliverySettings(
        "router.example",
        Set.of(Domain.of("router.example")),
        own,
        25,
        true,
        true,
        bind4,
        null,
        Duration.ofSeconds(1),
        times,
        pool,
        hybrid,
        true,
        true,
        Duration.ofMinutes(30),
        level,
        TlsFloors.DEFAULT,
        rows,
        routes);
  }

  /** An agent with another view of the DNS, other dialers or other roots. */
  SmtpDeliveryAgent agent(Resolver resolver, Dialers dialers, Map<String, TrustRoots> trusted) {
    List<EvidenceSource> all = new ArrayList<>(sources);
    if (dane) {
      all.add(new DaneSource(dns.build(), new HostAddresses.Families(true, true), clock));
    }
    RandomSource random = RandomSource.seeded(1);
    return new SmtpDeliveryAgent(
        settings(),
        resolver,
        new HostConnector(settings(), resolver, dialers, tls(), trusted, random),
        new EvidenceGatherer(all, rechecks, forgotten::add),
        new DeliveryRecorder(
            log.log(), ledger, memories, receipts::add, (d, r) -> results.addAll(r)),
        clock,
        random);
  }

  TlsClient tls() {
    return factories
        .computeIfAbsent(engine, FakeInternet::tlsFactory)
        .client(
            ClientTlsSettings.defaults(),
            IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system()));
  }

  @Override
  public Wire connect(InetSocketAddress to, @Nullable InetAddress from, Duration timeout)
      throws IOException {
    dialled.add(to.getAddress().getHostAddress());
    if (from != null) {
      boundTo.put(to.getAddress().getHostAddress(), from);
    }
    if (silent.contains(to.getAddress())) {
      try {
        end.await(timeout.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        throw new InterruptedIOException();
      }
      throw new SocketTimeoutException("connect timed out");
    }
    FakeHost host = hosts.get(to.getAddress());
    if (host == null) {
      throw new ConnectException("Connection refused");
    }
    return Wire.of(host.connect());
  }

  @Override
  public void close() {
    end.countDown();
    opened.forEach(Runnable::run);
  }

  static final String BODY = "Subject: hello\r\n\r\n.dot\r\nend\r\n";

  /** A message in the making. */
  final class FakeMail {
    NextHop hop = new NextHop.ByMx(Domain.of("example.org"));
    ReversePath sender = ReversePath.of(new Mailbox("sender", Domain.of("origin.example")));
    MailOptions options = MailOptions.plain();
    final List<Recipient> recipients = new ArrayList<>();
    byte[] content = BODY.getBytes(StandardCharsets.UTF_8);
    @Nullable String deliveredTo;
    int round = 1;
    DeliverySlot slot = DeliverySlot.unlimited();
    long sizeClaimed = -1;

    FakeMail to(String... localParts) {
      for (String local : localParts) {
        add(local, DsnRequest.none());
      }
      return this;
    }

    FakeMail add(String local, DsnRequest dsn) {
      MailHost domain = hop instanceof NextHop.ByMx mx ? mx.domain() : Domain.of("relay.example");
      recipients.add(
          TestRecipients.of(
              recipients.size() + 1L, new DeliveryTarget.Remote(new Mailbox(local, domain)), dsn));
      return this;
    }

    FakeMail body(String text) {
      content = text.getBytes(StandardCharsets.UTF_8);
      return this;
    }

    FakeMail options(MailOptions.BodyType body, boolean utf8) {
      options =
          new MailOptions(
              body, utf8, null, ReturnParameter.UNSPECIFIED, MailOptions.TlsOption.UNSPECIFIED);
      return this;
    }

    FakeMail tls(MailOptions.TlsOption tlsOption) {
      options =
          new MailOptions(
              MailOptions.BodyType.SEVEN_BIT, false, null, ReturnParameter.UNSPECIFIED, tlsOption);
      return this;
    }

    FakeMail fromNullSender() {
      sender = ReversePath.nullPath();
      return this;
    }

    /** A later round of mail whose first one was then: by now it was. */
    FakeMail again(Instant first) {
      if (clock.now().isBefore(first)) {
        throw new AssertionError("the first round is still to come");
      }
      round = 2;
      return this;
    }

    FakeMail by(NextHop next) {
      hop = next;
      return this;
    }

    Consignment consignment() {
      return new Consignment(
          new QueueId("0TestMail1"),
          sender,
          options,
          hop,
          recipients,
          deliveredTo,
          NOON,
          round,
          sizeClaimed < 0 ? content.length : sizeClaimed,
          () -> new ByteArrayInputStream(content),
          slot);
    }

    Map<Long, Outcome> deliver() throws InterruptedException {
      Map<Long, Outcome> outcomes = agent().deliver(consignment());
      if (!outcomes.keySet().equals(Set.copyOf(recipients.stream().map(Recipient::key).toList()))) {
        throw new AssertionError("not exactly one outcome each: " + outcomes);
      }
      return outcomes;
    }

    /** Delivers to one recipient. */
    Outcome one() throws InterruptedException {
      if (recipients.isEmpty()) {
        to("bob");
      }
      return deliver().values().iterator().next();
    }
  }

  FakeMail mail() {
    return new FakeMail();
  }

  public static String reason(@Nullable Outcome outcome) {
    return switch (outcome) {
      case null -> "no outcome";
      case Outcome.Delivered d -> "delivered " + d.tls();
      case Outcome.Deferred d -> "deferred " + d.cause().reason();
      case Outcome.Refused r -> "refused " + r.cause().reason();
      case Outcome.Held h -> "held " + h.cause().reason();
    };
  }
}
