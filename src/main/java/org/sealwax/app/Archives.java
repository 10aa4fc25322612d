package org.sealwax.app;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.address.Domain;
import org.sealwax.config.Settings;
import org.sealwax.deliver.Sources;
import org.sealwax.dns.Resolver;
import org.sealwax.evidence.DaneSource;
import org.sealwax.evidence.HostAddresses;
import org.sealwax.evidence.LedgerSource;
import org.sealwax.evidence.Mirrors;
import org.sealwax.evidence.Source;
import org.sealwax.evidence.StsSource;
import org.sealwax.https.HttpsClient;
import org.sealwax.ledger.LiveLedger;
import org.sealwax.log.MailLog;
import org.sealwax.receipt.ReceiptBook;
import org.sealwax.receipt.ReceiptSettings;
import org.sealwax.receipt.Receipts;
import org.sealwax.sts.StsPolicy;
import org.sealwax.sts.store.PolicyFetcher;
import org.sealwax.sts.store.StsPolicies;
import org.sealwax.sts.store.StsSettings;
import org.sealwax.tls.Judge;
import org.sealwax.tls.TlsClient;
import org.sealwax.tls.verdict.TrustRoots;
import org.sealwax.tlsrpt.SessionWitness;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.SystemDialer;
import org.sealwax.world.Threads;

/**
 * What is known of other people's domains and outlives a configuration: the stores of MTA-STS
 * policies and of the ledger, the receipts. Opened beside the spool, before anything listens.
 */
final class Archives implements Closeable {
  private final World world;
  private volatile Authorities authorities;
  private final Optional<Late<StsPolicies>> policies;
  private final Late<LiveLedger> ledger;
  private final Optional<Late<ReceiptBook>> receipts;

  /**
   * What they work with.
   *
   * @param settings those in force at the start
   * @param resolver for policy hosts, TLSA records and addresses
   * @param tls our side of TLS
   * @param clock the time
   * @param chance jitter
   * @param log facts
   */
  record World(
      Settings settings,
      Resolver resolver,
      Supplier<TlsClient> tls,
      Clock clock,
      Chance chance,
      MailLog log) {}

  Archives(World world) {
    this.world = world;
    this.authorities = new Authorities(world.settings());
    this.policies = world.settings().sts().map(sts -> new Late<>(() -> open(sts)));
    this.ledger = new Late<>(this::openLedger);
    this.receipts = world.settings().receipts().map(r -> new Late<>(() -> openReceipts(r)));
  }

  /** Where the receipts of a state folder are. */
  static Path receiptsIn(Path state) {
    return state.resolve("receipts");
  }

  private ReceiptBook openReceipts(ReceiptSettings settings) {
    try {
      return ReceiptBook.open(
          receiptsIn(world.settings().server().state()),
          settings,
          new ReceiptBook.World(world.clock(), world.chance(), world.log()));
    } catch (IOException e) {
      throw new UncheckedIOException("the receipts cannot be opened: " + e.getMessage(), e);
    }
  }

  private LiveLedger openLedger() {
    try {
      return LiveLedger.open(
          world.settings().server().state().resolve("ledger.db"),
          world.settings().ledger(),
          new LiveLedger.World(world.clock(), world.log(), this::vouches));
    } catch (IOException e) {
      throw new UncheckedIOException("the ledger cannot be opened: " + e.getMessage(), e);
    }
  }

  /** Whether an MTA-STS policy in force lists the host; from memory. */
  private boolean vouches(Domain domain, Domain host) {
    return policies()
        .flatMap(p -> p.inForce(domain))
        .filter(kept -> kept.policy().mode() == StsPolicy.Mode.ENFORCE)
        .filter(kept -> kept.policy().mx().stream().anyMatch(m -> m.matches(host)))
        .isPresent();
  }

  /** The roots that count by default in the configuration in force. */
  TrustRoots roots() {
    return authorities.standard();
  }

  private StsPolicies open(StsSettings settings) {
    HttpsClient https =
        new HttpsClient(
            world.resolver(),
            SystemDialer.guarded(world.settings().dialer()),
            (wire, offer, total) -> world.tls().get().connect(wire, offer, total),
            this::roots,
            world.clock());
    try {
      return StsPolicies.open(
          settings,
          new StsPolicies.World(
              world.resolver(),
              new PolicyFetcher(https, settings.port(), settings.total()),
              world.clock(),
              world.chance(),
              world.log(),
              (domain, lost) -> ledger().keep(domain, lost.kept().policy().mx())));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "the store of MTA-STS policies cannot be opened: " + e.getMessage(), e);
    }
  }

  /** The MTA-STS policies; empty when they are switched off. */
  Optional<StsPolicies> policies() {
    return policies.map(Late::get);
  }

  /** What domains have shown. */
  LiveLedger ledger() {
    return ledger.get();
  }

  /**
   * Opens all files, or waits for those who do. Before the first session: with a slow disk the
   * first delivery would wait for them otherwise, and mail be taken meanwhile that does not go out.
   *
   * @throws UncheckedIOException when one cannot be opened
   */
  void open() {
    ledger();
    receipts.ifPresent(Late::get);
    var _ = policies();
  }

  /** Opens all files beside what else there is to do; trouble is met again by {@link #open}. */
  void openBeside() {
    Threads.startPlatform(
        "archives",
        () -> {
          try {
            open();
          } catch (RuntimeException e) {
            // Made again, and said, by the one who waits for it.
          }
        });
  }

  /** Begins what goes on in the background. */
  void start() {
    policies().ifPresent(StsPolicies::start);
  }

  /** Puts another configuration in force, as far as it can change while the router runs. */
  void use(Settings next, Authorities roots) {
    authorities = roots;
    LiveLedger book = ledger.ifMade();
    if (book != null) {
      book.use(next.ledger());
    }
    ReceiptBook written = receipts.map(Late::ifMade).orElse(null);
    if (written != null) {
      next.receipts().ifPresent(written::use);
    }
  }

  /** For the rounds of one configuration. */
  Sources sources(Settings now, SessionWitness sessions) {
    List<Source> published = new ArrayList<>();
    published.add(
        new DaneSource(
            world.resolver(),
            new HostAddresses.Families(now.deliver().ipv4(), now.deliver().ipv6()),
            world.clock()));
    Optional<StsPolicies> sts = policies();
    sts.ifPresent(p -> published.add(new StsSource(p)));
    published.add(new LedgerSource(ledger()));
    return new Sources(
        published,
        domain -> sts.map(p -> p.recheck(domain)),
        ledger(),
        receipts.<Receipts>map(Late::get).orElse(Receipts.none()),
        sessions,
        world.resolver()::forget);
  }

  /** What is known of named peers; nothing yet. */
  Mirrors mirrors(Judge judge) {
    return new Mirrors(
        new Mirrors.World(
            world.resolver(),
            new DaneSource(world.resolver(), new HostAddresses.Families(true, true), world.clock()),
            (domain, since) -> ledger().proven(domain, since),
            judge,
            world.clock(),
            world.chance(),
            world.log()));
  }

  @Override
  public void close() throws IOException {
    StsPolicies sts = policies.map(Late::ifMade).orElse(null);
    LiveLedger book = ledger.ifMade();
    ReceiptBook written = receipts.map(Late::ifMade).orElse(null);
    // Closed from the last to the first: the ledger last, for the end of a policy is told to it.
    try (book;
        written;
        sts) {
      world.log().note("app", "closing the ledger, receipts and policies");
    }
  }
}
