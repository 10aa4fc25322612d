package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ProtocolIdentities;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.certs.acme.AcmeOrders;
import org.sealwax.router.certs.acme.AcmeSettings;
import org.sealwax.router.certs.acme.AcmeSetup;
import org.sealwax.router.certs.acme.AlpnProofs;
import org.sealwax.router.certs.acme.CertificateAuthority.OrderFailure;
import org.sealwax.router.certs.acme.HttpProofs;
import org.sealwax.router.certs.acme.IssuedPair;
import org.sealwax.router.certs.acme.ProofPublisher;
import org.sealwax.router.certs.acme.UpdatedZone;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;

/** Certificates by ACME: the orders, the listener for their proofs, and the sources of pairs. */
public final class AcmeCertificates implements Closeable, StatusItem.Source {
  private static final String ORDERS = "sealwax_acme_orders_total";

  /** An order begins within seconds of its time; many at once are spread over hours. */
  private static final Duration OVERDUE = Duration.ofHours(6);

  private static final String ORDERS_HELP = "Orders of certificates by ACME";

  private final RouterSettings settings;
  private final Clock clock;
  private final MailLog log;
  private final @Nullable AcmeOrders orders;
  private final AlpnProofs alpn = new AlpnProofs();
  private final HttpProofs http = new HttpProofs();
  private @Nullable TcpListener listener;

  /**
   * Nothing listens and nothing is ordered yet.
   *
   * @param settings those at the start
   * @param rollovers that have replaced the key of the hostname
   * @param tls for the connections to the authority
   */
  public AcmeCertificates(
      RouterSettings settings,
      Rollovers rollovers,
      Resolver resolver,
      Lazy<TlsClient> tls,
      Clock clock,
      RandomSource random,
      Counters counters,
      MailLog log) {
    this.settings = settings;
    this.clock = clock;
    this.log = log;
    AcmeSettings acme = settings.acme();
    this.orders =
        acme.enabled()
            ? AcmeSetup.orders(
                acme,
                settings.server().hostname(),
                settings.acmeNames(),
                folder(settings),
                rollovers::renewed,
                proofs(acme, clock, random),
                new AcmeSetup.Network(
                    resolver,
                    settings.dialer(),
                    (wire, offer, total) -> tls.get().connect(wire, offer, total)),
                clock,
                random,
                new AcmeOrders.OrderCounts(
                    counters.count(ORDERS, ORDERS_HELP, "result", "issued"),
                    counters.count(ORDERS, ORDERS_HELP, "result", "failed")),
                log)
            : null;
  }

  private ProofPublisher proofs(AcmeSettings acme, Clock clock, RandomSource random) {
    return switch (acme.challenge()) {
      case HTTP_01 -> http;
      case TLS_ALPN_01 -> alpn;
      case DNS_01 -> AcmeSetup.dnsProofs(acme, zones(clock, random), log);
    };
  }

  /** The zones of {@code [[dns_update]]}; a key is read for each update, as it may be replaced. */
  private List<UpdatedZone> zones(Clock clock, RandomSource random) {
    return settings.zoneServers().stream()
        .map(row -> new UpdatedZone(row.zone(), update -> row.send(update, clock, random)))
        .toList();
  }

  /** {@return the file with the pair of the first order for the hostname} */
  static Path firstPair(RouterSettings settings) {
    return AcmeSetup.pairFile(folder(settings), settings.server().hostname());
  }

  private static Path folder(RouterSettings settings) {
    return settings.server().state().resolve("acme");
  }

  /**
   * {@return the slots of a configuration, with those of ACME: the first is for the host name, and
   * its certificate is the former one until the first is issued}
   */
  public static List<CertificateSlot> slots(
      RouterSettings settings, Clock clock, RandomSource random) {
    List<CertificateSlot> slots =
        new ArrayList<>(CertificateSlot.of(settings.identity(), clock, random));
    if (settings.acme().enabled()) {
      Domain host = settings.server().hostname();
      for (Domain name : settings.acmeNames()) {
        PairSource issued = new IssuedPair(AcmeSetup.pairFile(folder(settings), name));
        List<CertificateName> names = List.of(new CertificateName(name.name()));
        if (name.equals(host)) {
          List<PairSource> sources = new ArrayList<>(List.of(issued));
          sources.addAll(slots.getFirst().sources());
          slots.set(0, new CertificateSlot(names, sources));
        } else {
          slots.add(new CertificateSlot(names, List.of(issued)));
        }
      }
    }
    return List.copyOf(slots);
  }

  /** Certificates that our HTTPS listeners show to an authority. */
  public ProtocolIdentities challengeIdentities() {
    return alpn.identities();
  }

  /** Where a listener of its own is needed; empty: nowhere. */
  public Optional<InetSocketAddress> listenAddress() {
    if (orders == null) {
      return Optional.empty();
    }
    // Our listeners of HTTPS show the certificates of challenges as well.
    List<InetSocketAddress> https =
        Stream.of(settings.tlsReportsIn().flatMap(r -> r.listen()), settings.policyAddress())
            .flatMap(Optional::stream)
            .toList();
    boolean shared = settings.acme().challenge() == AcmeSettings.ChallengeType.TLS_ALPN_01;
    return settings.acme().listenAddress().filter(address -> !(shared && https.contains(address)));
  }

  /**
   * Begins to listen and to order.
   *
   * @param tls makes the TLS of a listener for challenges
   * @throws IOException when the address is not available
   */
  public void start(Function<ProtocolIdentities, TlsServer> tls, Counters counters)
      throws IOException {
    AcmeOrders all = orders;
    if (all == null) {
      return;
    }
    Optional<InetSocketAddress> address = listenAddress();
    if (address.isPresent()) {
      listener =
          settings.acme().challenge() == AcmeSettings.ChallengeType.HTTP_01
              ? http.service().listen("acme", address.get(), text -> log.warning("acme", text))
              : alpn.listen(address.get(), tls.apply(alpn.identities()), log);
      log.note("acme", "answers challenges at " + ListenAddress.text(listener.address()));
    }
    counters.gauge(
        "sealwax_acme_failing", "Certificates whose last order by ACME failed", all::failing);
    all.start();
  }

  /**
   * {@return a certificate for the host name}
   *
   * @param key whose certificate it is
   * @throws IOException when there is none; the message is for the admin
   */
  public Identity order(KeyPair key) throws IOException, InterruptedException {
    if (orders == null) {
      throw new IOException("ACME is not configured");
    }
    try {
      return orders.order(settings.server().hostname(), key);
    } catch (OrderFailure e) {
      throw new IOException(e.getMessage(), e);
    }
  }

  /** Orders certificates for the names of another configuration, where it had some before. */
  public void use(RouterSettings next) {
    if (orders != null && next.acme().enabled()) {
      orders.use(next.acmeNames());
    }
  }

  /** Lines for the daily summary. */
  public List<String> summary() {
    return orders == null ? List.of() : orders.summary();
  }

  @Override
  public List<StatusItem> items() {
    return orders == null ? List.of() : orders.status().stream().map(this::item).toList();
  }

  private StatusItem item(AcmeOrders.OrderStatus order) {
    StatusItem item =
        StatusItem.of(order.name(), StatusTopic.RENEWAL, "by ACME at " + order.next())
            .with("next", order.next().toString());
    int failures = order.state().failures();
    boolean overdue =
        order.state().issued().isPresent() && order.next().plus(OVERDUE).isBefore(clock.now());
    if (failures == 0 && overdue) {
      return StatusItem.of(
              order.name(), StatusTopic.RENEWAL, "by ACME is overdue since " + order.next())
          .with("next", order.next().toString())
          .needs("start the router: sealwax serve; if it runs, its log has the reason");
    }
    return failures == 0
        ? item
        : StatusItem.of(
                order.name(),
                StatusTopic.RENEWAL,
                "the last "
                    + failures
                    + " orders by ACME failed: "
                    + order.state().failure()
                    + "; next at "
                    + order.next())
            .with("next", order.next().toString())
            .with("failures", (long) failures)
            .needs("remove the cause; the order is repeated at the time above");
  }

  @Override
  public void close() {
    if (orders != null) {
      orders.close();
    }
    TcpListener open = listener;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
