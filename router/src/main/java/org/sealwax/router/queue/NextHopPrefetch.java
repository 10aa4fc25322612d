package org.sealwax.router.queue;

import java.io.Closeable;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiPredicate;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.Scope;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;

/**
 * Has looked up what waiting mail will need shortly before its time has come, so that a round finds
 * the answers of the DNS and the policies in memory and does not wait for slow name servers.
 *
 * <p><b>Polite.</b> Each next hop once for each time that mail is due for it, and only those that
 * go by MX; none that is left alone as dead; what is in memory is not asked for again. Few at a
 * time, and when more mail is due than one scan finds, nothing is looked up ahead: the mail itself
 * is already late. A look-up too many costs a DNS server a question, one too few costs us a wait.
 */
public final class NextHopPrefetch implements Closeable {
  /** How long before its time: a slow look-up chain fits in, a short time to live does not end. */
  static final Duration BEFORE = Duration.ofSeconds(20);

  /** Interval at which the store is queried. */
  static final Duration EVERY = Duration.ofSeconds(5);

  /** Rows of one scan. */
  static final int ROWS = 2_000;

  /** Next hops of one scan; the others have the next one, or wait for their own answers. */
  static final int HOPS = 100;

  /** Next hops at one time: the queue's own rounds come first at the resolver. */
  static final int AT_ONCE = 4;

  /** Next hops remembered as looked up. */
  static final int REMEMBERED = 10_000;

  /** Performs the look-ups; implemented by the delivery agent. */
  @FunctionalInterface
  public interface Prefetcher {
    /** Looks up; blocks, and ends by itself. The results stay in the caches. */
    void prefetch(NextHop.ByMx hop) throws InterruptedException;
  }

  private final Spool spool;
  private final Prefetcher prefetcher;
  private final BiPredicate<String, Instant> pauseCheck;
  private final Clock clock;
  private final MailLog log;
  private final RepeatedWork work = new RepeatedWork(EVERY, this::prefetchDue, this::failed);

  /** Until when the time for which a next hop was looked up has not come. */
  private final Map<String, Instant> done = BoundedMap.byAge(REMEMBERED);

  /**
   * For the waiting mail of this store.
   *
   * @param pauseCheck whether a next hop, by its key, will still be left alone then
   */
  public NextHopPrefetch(
      Spool spool,
      Prefetcher prefetcher,
      BiPredicate<String, Instant> pauseCheck,
      Clock clock,
      MailLog log) {
    this.spool = spool;
    this.prefetcher = prefetcher;
    this.pauseCheck = pauseCheck;
    this.clock = clock;
    this.log = log;
  }

  /** Begins, in the background. */
  public void start() {
    work.start("look ahead");
  }

  private void failed(Throwable e) {
    // A failure of the store is the queue's, too, which reports it.
    if (!(e instanceof SpoolException)) {
      log.bug("look ahead", e);
    }
  }

  /**
   * One query of the store and what follows from it; when it returns, all that was begun has ended.
   *
   * @return the next hops that were asked about
   */
  int prefetchDue() throws SpoolException, InterruptedException {
    Instant now = clock.now();
    done.values().removeIf(until -> !until.isAfter(now));
    Map<String, NextHop.ByMx> hops = new HashMap<>();
    Map<String, Instant> last = new HashMap<>();
    int rows = 0;
    for (DueBatch batch : spool.due(now.plus(BEFORE), ROWS)) {
      rows++;
      Optional<NextHop.ByMx> hop = byMx(batch.hop());
      if (hop.isPresent()
          && batch.due().isAfter(now)
          && (hops.size() < HOPS || hops.containsKey(batch.hop()))
          && !done.containsKey(batch.hop())
          && !pauseCheck.test(batch.hop(), batch.due())) {
        hops.putIfAbsent(batch.hop(), hop.get());
        last.put(batch.hop(), batch.due());
      }
    }
    if (rows == ROWS) {
      // Too much is due, and what was found may be late already.
      return 0;
    }
    done.putAll(last);
    prefetch(List.copyOf(hops.values()));
    return hops.size();
  }

  private void prefetch(List<NextHop.ByMx> hops) throws InterruptedException {
    for (int from = 0; from < hops.size() && !work.isClosed(); from += AT_ONCE) {
      try (Scope scope = new Scope("look ahead")) {
        for (NextHop.ByMx hop : hops.subList(from, Math.min(hops.size(), from + AT_ONCE))) {
          scope.fork(
              () -> {
                prefetch(hop);
                return null;
              });
        }
        scope.join();
      }
    }
  }

  private void prefetch(NextHop.ByMx hop) throws InterruptedException {
    try {
      prefetcher.prefetch(hop);
    } catch (RuntimeException e) {
      // The mail's own round meets the same, and gives it its meaning.
      log.bug("look ahead", e);
    }
  }

  private static Optional<NextHop.ByMx> byMx(String key) {
    return Domain.parse(key).map(NextHop.ByMx::new).filter(hop -> hop.key().equals(key));
  }

  /** Ends it; what is being asked ends by itself. */
  @Override
  public void close() {
    work.close();
  }
}
