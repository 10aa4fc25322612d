package org.sealwax.mail.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Policy;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers by question: from the cache, or from the one look-up that is in progress, or from a new
 * one in a thread of its own. Bounds the time a caller waits, the number of concurrent look-ups,
 * and the memory.
 */
final class AnswerCache {
  /** Memory stated per entry of {@link DnsSettings#cacheEntries}; big answers count for several. */
  static final int ENTRY_BYTES = 512;

  /** What one answer costs next to its record data, roughly. */
  private static final int ANSWER_BYTES = 300;

  private static final int RECORD_BYTES = 60;

  /** Added to a caller's timeout, so that the look-up's own timeout error comes first. */
  private static final Duration GRACE = Duration.ofMillis(250);

  /** An answer used in the last tenth of its time is looked up again before it ends. */
  static final int PREFETCH_SHARE = 10;

  /**
   * Concurrent look-ups ahead of expiry: no caller waits for them, and other look-ups wait in the
   * queue after them.
   */
  private static final int AHEAD_SHARE = 4;

  private static final Logger LOG = LoggerFactory.getLogger(AnswerCache.class);

  private final DnsLookup lookup;
  private final Clock clock;
  private final Duration total;
  private final Semaphore air;
  private final Semaphore ahead;
  private final Cache<DnsQuestion, DnsAnswer<?>> cache;
  private final Policy.VarExpiration<DnsQuestion, DnsAnswer<?>> expiry;
  private final Set<DnsQuestion> refreshed = ConcurrentHashMap.newKeySet();

  /**
   * The look-ups in progress. Not entries of an asynchronous cache: that one sets an answer's
   * expiry after callers have the answer, so a caller could read a time to live that was not set,
   * and a late thread counted it from a later clock. The look-up's own thread stores the answer
   * first.
   */
  private final Map<DnsQuestion, CompletableFuture<DnsAnswer<?>>> underWay = new HashMap<>();

  AnswerCache(DnsSettings settings, DnsLookup lookup, Clock clock) {
    this.lookup = lookup;
    this.clock = clock;
    this.total = settings.total();
    this.air = new Semaphore(settings.concurrent());
    this.ahead = new Semaphore(Math.max(1, settings.concurrent() / AHEAD_SHARE));
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight((long) settings.cacheEntries() * ENTRY_BYTES)
            .weigher((DnsQuestion question, DnsAnswer<?> answer) -> weight(question, answer))
            .expireAfter(
                Expiry.writing((DnsQuestion question, DnsAnswer<?> answer) -> answer.ttl()))
            .ticker(clock::nanoTime)
            // Eviction on the thread that stores: no pool is needed for it.
            .executor(Runnable::run)
            .build();
    this.expiry = cache.policy().expireVariably().orElseThrow();
  }

  private static int weight(DnsQuestion question, DnsAnswer<?> answer) {
    int weight = ANSWER_BYTES + question.name().name().length();
    for (Object record : answer.records()) {
      weight += RECORD_BYTES;
      if (record instanceof String text) {
        weight += text.length();
      } else if (record instanceof TlsaRecord tlsa) {
        weight += tlsa.data().length();
      }
    }
    return weight;
  }

  /** The next look-up goes to the DNS; one that is in progress is not cancelled. */
  void forget(DnsQuestion question) {
    synchronized (underWay) {
      underWay.remove(question);
      cache.invalidate(question);
    }
  }

  /** From the cache, and refreshed in the background when its time ends; or null. */
  @Nullable DnsAnswer<?> cached(DnsQuestion question) {
    DnsAnswer<?> there = cache.getIfPresent(question);
    return there == null ? null : aged(question, there);
  }

  DnsAnswer<?> answer(DnsQuestion question) {
    DnsAnswer<?> there = cached(question);
    if (there != null) {
      return there;
    }
    try {
      return underWay(question).get(total.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return failed(question, "no answer in " + total.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed(question, "interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException("look-ups end with an answer", e);
    }
  }

  private DnsAnswer<?> aged(DnsQuestion question, DnsAnswer<?> a) {
    Duration left = expiry.getExpiresAfter(question).orElse(Duration.ZERO);
    if (left.compareTo(a.ttl().dividedBy(PREFETCH_SHARE)) < 0) {
      // An answer that is used shortly before its end is needed by the queue again.
      refresh(question);
    }
    return new DnsAnswer<>(
        a.records(), a.kind(), a.security(), a.name(), a.aliases(), left, a.reason());
  }

  /** A look-up that fails leaves the good answer in the cache for its time to live. */
  private void refresh(DnsQuestion question) {
    if (!refreshed.add(question)) {
      return;
    }
    if (!ahead.tryAcquire()) {
      refreshed.remove(question);
      return;
    }
    Threads.start(
        "dns",
        () -> {
          try {
            DnsAnswer<?> answer = lookUp(question);
            if (answer.kind() != DnsAnswer.Kind.UNKNOWN) {
              cache.put(question, answer);
            }
          } finally {
            ahead.release();
            refreshed.remove(question);
          }
        });
  }

  private CompletableFuture<DnsAnswer<?>> underWay(DnsQuestion question) {
    synchronized (underWay) {
      DnsAnswer<?> stored = cache.getIfPresent(question); // by a look-up that has just ended
      return stored == null
          ? underWay.computeIfAbsent(question, this::start)
          : CompletableFuture.completedFuture(stored);
    }
  }

  private CompletableFuture<DnsAnswer<?>> start(DnsQuestion question) {
    CompletableFuture<DnsAnswer<?>> flight = new CompletableFuture<>();
    Threads.start(
        "dns",
        () -> {
          DnsAnswer<?> answer = failed(question, "the look-up was interrupted");
          try {
            answer = lookUp(question);
          } finally {
            store(question, answer, flight);
            flight.complete(answer);
          }
        });
    return flight;
  }

  private void store(
      DnsQuestion question, DnsAnswer<?> answer, CompletableFuture<DnsAnswer<?>> flight) {
    synchronized (underWay) {
      // A look-up that was dropped meanwhile answers its callers only.
      if (underWay.remove(question, flight)) {
        cache.put(question, answer);
      }
    }
  }

  private static DnsAnswer<?> failed(DnsQuestion question, String reason) {
    return DnsAnswer.unknown(DnssecStatus.FAILED, question.name(), 0, Duration.ZERO, reason);
  }

  private DnsAnswer<?> lookUp(DnsQuestion question) {
    LookupLimits limits = new LookupLimits(clock, total);
    try {
      if (!air.tryAcquire(total.toNanos(), TimeUnit.NANOSECONDS)) {
        return failed(question, "too many concurrent look-ups");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed(question, "interrupted");
    }
    try {
      return lookup.lookUp(question, limits);
    } catch (RuntimeException | StackOverflowError e) {
      // A fault in our code or in the validator, triggered by a hostile answer: unknown failures
      // defer.
      LOG.error("look-up of {} type {} was interrupted", question.name(), question.type(), e);
      return failed(question, "the look-up was interrupted");
    } finally {
      air.release();
    }
  }
}
