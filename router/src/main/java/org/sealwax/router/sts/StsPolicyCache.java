package org.sealwax.router.sts;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.ParsedRecordCache;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsMemory;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.sts.StsStep;
import org.sealwax.mail.sts.fetch.PolicyFetch;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.store.DomainCache;

/**
 * The MTA-STS policies of the domains that we send mail to: looked up, fetched, kept on disk,
 * renewed in the background. {@link StsStep} decides; this class asks the DNS and the policy hosts,
 * keeps what came, and sees that one domain is fetched by one thread at a time. Thread-safe.
 *
 * <p>A store that cannot be written does not stop mail: what was fetched holds in memory, and that
 * is logged. A store that cannot be read defers mail to the domains that are not in memory.
 */
public final class StsPolicyCache implements Closeable {
  /** A policy is renewed as long as mail was sent to its domain within this time. */
  public static final Duration IN_USE = Duration.ofDays(180);

  /**
   * A failure that affected no mail for so long is forgotten, and a new one is first contact again.
   */
  static final Duration FAILURE_MEMORY = Duration.ofDays(7);

  /** Use is noted on disk this coarsely. */
  private static final Duration COARSE = Duration.ofHours(1);

  /** Uses that are noted at once rather than at their hour. */
  private static final int MANY = 10_000;

  /** How often the background looks for what is due. */
  private static final Duration SWEEP = Duration.ofSeconds(30);

  /** Renewals at one time: they are never in a hurry. */
  private static final int RENEWALS = 4;

  /** Renewals of one sweep: four hosts that take a minute each must not hold up a thousand. */
  private static final int BATCH = 64;

  /** Memory for what is remembered, in bytes as {@link #weight} counts. */
  private static final long MAX_WEIGHT = 12L << 20;

  /** What a waiter waits beyond the fetch itself: the look-up and a place in line. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final StsSettings settings;
  private final Resolver resolver;
  private final PolicyFetcher fetcher;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final ExpiryListener expiryListener;
  private final StsPolicyStore store;
  private final Semaphore fetches;
  private final ParsedRecordCache<String, StsLookup> announcements = new ParsedRecordCache<>();
  private final DomainCache<StsMemory> memories;
  private final ConcurrentHashMap<Domain, FutureTask<StsStep>> flights = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Domain, Instant> used = new ConcurrentHashMap<>();

  /** Of fetches. */
  private final Set<Thread> threads = new HashSet<>();

  private final RepeatedWork background = new RepeatedWork(SWEEP, this::sweep, this::failed);
  private volatile boolean closed;
  private volatile Instant nextNote = Instant.EPOCH;

  /**
   * The cached state of a domain, for explanations and reports.
   *
   * @param memory everything
   * @param announcement the record in the DNS now
   */
  public record DomainStsStatus(StsMemory memory, StsLookup announcement) {}

  /**
   * Opens the store; nothing is fetched in the background before {@link #start}.
   *
   * @param resolver for {@code _mta-sts}
   * @param fetcher for policies
   * @param clock the time
   * @param random jitter
   * @param log for what an admin should see
   * @param expiryListener notified of policies that end without being withdrawn
   * @throws IOException when it can be neither opened nor made
   */
  public StsPolicyCache(
      StsSettings settings,
      Resolver resolver,
      PolicyFetcher fetcher,
      Clock clock,
      RandomSource random,
      MailLog log,
      ExpiryListener expiryListener)
      throws IOException {
    this.settings = settings;
    this.resolver = resolver;
    this.fetcher = fetcher;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.expiryListener = expiryListener;
    this.store = StsPolicyStore.open(settings.file(), settings.domains(), log);
    this.fetches = new Semaphore(settings.fetches());
    this.memories = new DomainCache<>(MAX_WEIGHT, StsPolicyCache::weight, store::read);
  }

  private static int weight(Domain domain, StsMemory memory) {
    StsMemory.FetchedPolicy fetched = memory.fetched();
    int text = fetched == null ? 0 : fetched.policy().text().length();
    // The text, and its patterns as objects, which are a few times larger.
    return 200 + 2 * domain.name().length() + 4 * text;
  }

  /** Begins to renew in the background. */
  public void start() {
    background.start("sts");
    background.wake();
  }

  /**
   * The MTA-STS evidence about a policy domain for a delivery now. Blocks on the DNS and, where a
   * policy must be fetched, on its host, for a minute and a half at most.
   *
   * @throws UncheckedIOException when the store cannot be read, which is not "no policy"
   */
  public Evidence.Sts evidenceFor(Domain domain) {
    StsLookup lookup = announcement(domain, resolver);
    Instant now = clock.now();
    StsStep step = update(domain, m -> StsStep.decide(m, lookup, settings.patience(), now));
    touch(domain, now, step.memory());
    return evidence(domain, resolved(domain, step));
  }

  /**
   * The same when the announcement and what it leads to are in memory; empty when {@link
   * #evidenceFor} must be asked, which may wait for the network.
   *
   * @throws UncheckedIOException when the store cannot be read, which is not "no policy"
   */
  public Optional<Evidence.Sts> ifCached(Domain domain) {
    StsLookup lookup = announcement(domain, resolver.cacheOnly());
    if (lookup instanceof StsLookup.NoRecordAnswer) {
      // Not in memory, or a failure, which is rare enough to be examined in full.
      return Optional.empty();
    }
    Instant now = clock.now();
    StsStep step = update(domain, m -> StsStep.decide(m, lookup, settings.patience(), now));
    if (step.next() instanceof StsStep.StsAction.StateHolds settled) {
      touch(domain, now, step.memory());
      return Optional.of(evidence(domain, settled));
    }
    return Optional.empty();
  }

  /**
   * Begins to look up and fetch in the background, so that {@link #evidenceFor} need not begin when
   * the hosts of the domain are known; does nothing when all is in memory.
   */
  public void prefetch(Domain domain) {
    Optional<Domain> name = StsRecord.nameFor(domain);
    if (name.isEmpty() || resolver.cacheOnly().txt(name.get()).isResolved()) {
      return;
    }
    startThread(
        domain,
        () -> {
          try {
            // A failed look-up is left to the delivery that needs the answer, which records it.
            if (announcement(domain, resolver) instanceof StsLookup.RecordAnswer) {
              evidenceFor(domain);
            }
          } catch (UncheckedIOException e) {
            // The delivery that waits for the policy gets the same error, and defers the mail.
            log.warning("sts", FailureText.of(e));
          }
        });
  }

  /**
   * The same before a failure becomes permanent: a policy is fetched again although the same id is
   * announced, unless that was done within five minutes (RFC 8461 5.1).
   */
  public Evidence.Sts recheck(Domain domain) {
    StsLookup lookup = announcement(domain, resolver);
    Instant now = clock.now();
    return evidence(
        domain,
        resolved(domain, update(domain, m -> StsStep.renew(m, lookup, settings.patience(), now))));
  }

  /** What is kept and announced, without fetching anything. */
  public DomainStsStatus status(Domain domain) {
    return new DomainStsStatus(memories.get(domain), announcement(domain, resolver));
  }

  /**
   * The policy in force, if there is one: reports quote it, and the ledger believes it. Takes no
   * lock: the ledger asks under a lock of its own, and is notified of ended policies under ours.
   */
  public Optional<StsMemory.FetchedPolicy> inForce(Domain domain) {
    StsMemory there = memories.ifPresent(domain);
    try {
      return Optional.ofNullable((there == null ? store.read(domain) : there).live(clock.now()));
    } catch (IOException e) {
      log.warning("sts", FailureText.of(e));
      return Optional.empty();
    }
  }

  /** Whether a policy in force that is to be enforced lists the host. */
  public boolean enforces(Domain domain, Domain host) {
    return inForce(domain)
        .map(StsMemory.FetchedPolicy::policy)
        .filter(policy -> policy.mode() == StsPolicy.Mode.ENFORCE && policy.lists(host))
        .isPresent();
  }

  /** Domains remembered on disk, for metrics. */
  public long domains() {
    return store.size();
  }

  private StsLookup announcement(Domain domain, Resolver resolver) {
    return StsRecord.nameFor(domain)
        .map(
            name -> {
              DnsAnswer<String> txt = resolver.txt(name);
              return announcements.of(name, txt, StsLookup::of).orElseGet(() -> StsLookup.of(txt));
            })
        .orElseGet(() -> new StsLookup.RecordAnswer(new StsRecord.None()));
  }

  private static Evidence.Sts evidence(Domain domain, StsStep.StsAction.StateHolds settled) {
    return new Evidence.Sts(domain, settled.state(), settled.expires());
  }

  private StsStep.StsAction.StateHolds resolved(Domain domain, StsStep step) {
    return switch (step.next()) {
      case StsStep.StsAction.StateHolds s -> s;
      case StsStep.StsAction.FetchPolicy f -> fetch(domain, f.id());
    };
  }

  private StsStep.StsAction.StateHolds fetch(Domain domain, String id) {
    FutureTask<StsStep> mine =
        new FutureTask<>(
            () -> {
              try {
                return flight(domain, id);
              } finally {
                // Before the outcome can be seen: a later caller must start a new fetch.
                flights.remove(domain);
              }
            });
    FutureTask<StsStep> there = flights.putIfAbsent(domain, mine);
    if (there == null && !startThread(domain, mine)) {
      flights.remove(domain);
      return later(domain, "shutting down");
    }
    try {
      Duration longest = settings.total().plus(PATIENCE).plus(PATIENCE);
      StsStep step = (there == null ? mine : there).get(longest.toMillis(), TimeUnit.MILLISECONDS);
      return step.next() instanceof StsStep.StsAction.StateHolds s ? s : later(domain, "try again");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return later(domain, "shutting down");
    } catch (TimeoutException e) {
      return later(domain, "the fetch timed out");
    } catch (ExecutionException e) {
      if (e.getCause() instanceof InterruptedException) {
        return later(domain, "shutting down");
      }
      log.bug("sts " + domain, e.getCause() == null ? e : e.getCause());
      return later(domain, "internal error of Sealwax; see its log");
    }
  }

  /** A local error is not a result about the domain: use the old policy, or wait. */
  private StsStep.StsAction.StateHolds later(Domain domain, String why) {
    Instant now = clock.now();
    StsMemory.FetchedPolicy fetched = memories.get(domain).fetched();
    if (fetched != null) {
      return new StsStep.StsAction.StateHolds(fetched.state(), fetched.expires());
    }
    Instant until = now.plus(StsStep.LEAST_GAP);
    return new StsStep.StsAction.StateHolds(
        new Evidence.StsState.Pending("its policy is not available yet: " + why, until), until);
  }

  /**
   * Starts a thread of its own: the caller may be interrupted, and others wait for the same.
   *
   * @return false when this is closed
   */
  private boolean startThread(Domain domain, Runnable task) {
    synchronized (threads) {
      if (closed) {
        return false;
      }
      threads.removeIf(thread -> !thread.isAlive());
      threads.add(Threads.start("sts " + domain, task));
      return true;
    }
  }

  private StsStep flight(Domain domain, String id) throws InterruptedException {
    if (!fetches.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
      return new StsStep(
          memories.get(domain), later(domain, "too many policies are being fetched"), null);
    }
    try {
      PolicyFetch fetch = fetcher.fetch(domain);
      PolicyFetch.FetchOutcome outcome = fetch.outcome();
      if (closed) {
        throw new InterruptedException("the end of a fetch shows nothing about its host");
      }
      Instant now = clock.now();
      if (outcome instanceof PolicyFetch.FetchOutcome.Obtained obtained) {
        StsPolicy policy = obtained.policy();
        log.note("sts", domain + ": fetched policy " + id + ", " + policy.mode().word());
        double jitter = random.fraction();
        return update(domain, m -> StsStep.fetched(id, policy, now, jitter));
      }
      log.note("sts", domain + ": policy " + id + " not fetched: " + outcome.text());
      return update(
          domain,
          m ->
              fetch.isInvalid()
                  ? StsStep.invalid(m, outcome.text(), settings.patience(), now)
                  : StsStep.failed(m, outcome.text(), settings.patience(), now));
    } finally {
      fetches.release();
    }
  }

  private interface StsMemoryChange {
    StsStep of(StsMemory memory);
  }

  /** Reads, decides, keeps; one at a time for a domain. */
  private StsStep update(Domain domain, StsMemoryChange change) {
    return memories.locked(
        domain,
        () -> {
          StsMemory before = memories.get(domain);
          StsStep step = change.of(before);
          if (closed) {
            return step; // it may follow from a look-up that was interrupted
          }
          StsStep.LostPolicy lost = step.lost();
          if (lost != null) {
            log.warning(
                "sts",
                domain
                    + ": its policy "
                    + lost.fetched().id()
                    + " ended "
                    + (lost.why() == StsStep.PolicyEnd.RECORD_GONE
                        ? "and is no longer announced"
                        : "and could not be refreshed")
                    + "; the ledger records its hosts");
            expiryListener.ended(domain, lost);
          }
          if (!step.memory().equals(before)) {
            memories.put(domain, step.memory());
            try {
              store.write(domain, step.memory(), clock.now());
            } catch (IOException e) {
              log.warning("sts", FailureText.of(e));
            }
          }
          return step;
        });
  }

  private void touch(Domain domain, Instant now, StsMemory memory) {
    if (!memory.isEmpty()) {
      used.put(domain, now);
    }
  }

  private void failed(Throwable e) {
    if (e instanceof IOException) {
      log.warning("sts", FailureText.of(e));
    } else {
      log.bug("sts", e);
    }
  }

  /** Notes use, forgets what is over, and renews what is due; for the background and tests. */
  void sweep() throws InterruptedException, IOException {
    Instant now = clock.now();
    if (!now.isBefore(nextNote) || used.size() > MANY) {
      note(now);
    }
    if (!clock.isUncertain()) {
      store.forget(now, now.minus(FAILURE_MEMORY), now.minus(IN_USE));
    }
    List<Domain> due = store.due(now, now.minus(IN_USE), BATCH);
    for (int from = 0; from < due.size(); from += RENEWALS) {
      try (Scope scope = new Scope("sts renewals")) {
        for (Domain domain : due.subList(from, Math.min(due.size(), from + RENEWALS))) {
          scope.fork(() -> recheck(domain));
        }
        scope.join();
      }
    }
  }

  private void note(Instant now) throws IOException {
    Map<Domain, Instant> noted = new HashMap<>(used);
    store.touch(noted);
    noted.forEach(used::remove);
    nextNote = now.plus(COARSE);
  }

  /**
   * Ends the background and the fetches, waits for their threads, and closes the store; only what
   * is in memory can be asked after that.
   */
  @Override
  public void close() throws IOException {
    List<Thread> running;
    synchronized (threads) {
      if (closed) {
        return;
      }
      closed = true;
      running = new ArrayList<>(threads);
    }
    running.forEach(Thread::interrupt);
    background.closeNow();
    running.forEach(Threads::join);
    try {
      note(clock.now());
    } finally {
      store.close();
    }
  }
}
