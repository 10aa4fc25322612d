package org.sealwax.router.wiring;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.Judge;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.SessionWitness;
import org.sealwax.router.config.Settings;
import org.sealwax.router.deliver.Sources;
import org.sealwax.router.evidence.DaneSource;
import org.sealwax.router.evidence.HostAddresses;
import org.sealwax.router.evidence.LedgerSource;
import org.sealwax.router.evidence.Mirrors;
import org.sealwax.router.evidence.Source;
import org.sealwax.router.evidence.StsSource;
import org.sealwax.router.ledger.LiveLedger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receipts.ReceiptBook;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receipts.Receipts;
import org.sealwax.router.sts.StsPolicies;
import org.sealwax.router.sts.StsSettings;

/**
 * What is known of other people's domains and outlives a configuration: the stores of MTA-STS
 * policies and of the ledger, the receipts. Opened beside the spool, before anything listens.
 */
public final class Archives implements Closeable {
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
  public record World(
      Settings settings,
      Resolver resolver,
      Supplier<TlsClient> tls,
      Clock clock,
      Chance chance,
      MailLog log) {}

  public Archives(World world) {
    this.world = world;
    this.authorities = new Authorities(world.settings());
    this.policies = world.settings().sts().map(sts -> new Late<>(() -> open(sts)));
    this.ledger = new Late<>(this::openLedger);
    this.receipts = world.settings().receipts().map(r -> new Late<>(() -> openReceipts(r)));
  }

  /** Where the receipts of a state folder are. */
  public static Path receiptsIn(Path state) {
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
  public Optional<StsPolicies> policies() {
    return policies.map(Late::get);
  }

  /** What domains have shown. */
  public LiveLedger ledger() {
    return ledger.get();
  }

  /**
   * Opens all files, or waits for those who do. Before the first session: with a slow disk the
   * first delivery would wait for them otherwise, and mail be taken meanwhile that does not go out.
   *
   * @throws UncheckedIOException when one cannot be opened
   */
  public void open() {
    ledger();
    receipts.ifPresent(Late::get);
    var _ = policies();
  }

  /** Opens all files beside what else there is to do; trouble is met again by {@link #open}. */
  public void openBeside() {
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
  public void start() {
    policies().ifPresent(StsPolicies::start);
  }

  /** Puts another configuration in force, as far as it can change while the router runs. */
  public void use(Settings next, Authorities roots) {
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
  public Sources sources(Settings now, SessionWitness sessions) {
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
  public Mirrors mirrors(Judge judge) {
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
