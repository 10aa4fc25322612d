package org.sealwax.dns.live;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.sealwax.dns.Answer;
import org.sealwax.dns.DnsSettings;
import org.sealwax.dns.Security;
import org.sealwax.dns.Tlsa;
import org.sealwax.world.Clock;
import org.sealwax.world.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers by question: from the cache, or from the one look-up that is under way, or from a new one
 * in a thread of its own. Bounds the time a caller waits, the look-ups in the air, and the memory.
 */
final class Answers {
  /** Memory stated per entry of {@link DnsSettings#cacheEntries}; big answers count for several. */
  static final int ENTRY_OCTETS = 512;

  /** What one answer costs beside its record data, roughly. */
  private static final int ANSWER_OCTETS = 300;

  private static final int RECORD_OCTETS = 60;

  /** Added to a caller's patience, so that the look-up's own words about the time come first. */
  private static final Duration GRACE = Duration.ofMillis(250);

  /** An answer used in the last tenth of its time is looked up again before it ends. */
  static final int PREFETCH_SHARE = 10;

  /** Of the look-ups in the air, those ahead of time: nobody waits for them, others wait behind. */
  private static final int AHEAD_SHARE = 4;

  private static final Logger LOG = LoggerFactory.getLogger(Answers.class);

  private record Kept(Answer<?> answer, long until) {}

  private final Lookup lookup;
  private final Clock clock;
  private final Duration total;
  private final Semaphore air;
  private final Semaphore ahead;
  private final Cache<Question, Kept> cache;
  private final Map<Question, CompletableFuture<Answer<?>>> flights = new ConcurrentHashMap<>();

  Answers(DnsSettings settings, Lookup lookup, Clock clock) {
    this.lookup = lookup;
    this.clock = clock;
    this.total = settings.total();
    this.air = new Semaphore(settings.concurrent());
    this.ahead = new Semaphore(Math.max(1, settings.concurrent() / AHEAD_SHARE));
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight((long) settings.cacheEntries() * ENTRY_OCTETS)
            .weigher((Question question, Kept kept) -> weight(question, kept))
            .expireAfter(Expiry.creating((Question question, Kept kept) -> kept.answer().ttl()))
            .ticker(clock::nanoTime)
            // Eviction on the thread that stores: no pool of our own for so little.
            .executor(Runnable::run)
            .build();
  }

  private static int weight(Question question, Kept kept) {
    int weight = ANSWER_OCTETS + question.name().name().length();
    for (Object record : kept.answer().records()) {
      weight += RECORD_OCTETS;
      if (record instanceof String text) {
        weight += text.length();
      } else if (record instanceof Tlsa tlsa) {
        weight += tlsa.data().length();
      }
    }
    return weight;
  }

  /** The next asker goes to the DNS; one that is under way is not called back. */
  void forget(Question question) {
    cache.invalidate(question);
  }

  /** From the cache, and looked up anew behind the caller's back when its time ends; or null. */
  @Nullable Answer<?> atHand(Question question) {
    Kept kept = cache.getIfPresent(question);
    if (kept == null) {
      return null;
    }
    long left = kept.until() - clock.nanoTime();
    if (left < kept.answer().ttl().toNanos() / PREFETCH_SHARE) {
      // What is asked for again shortly before its end is what the queue needs next.
      refresh(question);
    }
    return aged(kept, left);
  }

  Answer<?> answer(Question question) {
    Answer<?> there = atHand(question);
    if (there != null) {
      return there;
    }
    CompletableFuture<Answer<?>> mine = new CompletableFuture<>();
    CompletableFuture<Answer<?>> flight = flights.putIfAbsent(question, mine);
    if (flight == null) {
      flight = mine;
      // Between the look into the cache and the take-off another flight may have landed.
      Kept landed = cache.getIfPresent(question);
      if (landed == null) {
        Threads.start("dns", () -> fly(question, mine));
      } else {
        flights.remove(question, mine);
        mine.complete(aged(landed, landed.until() - clock.nanoTime()));
      }
    }
    try {
      return flight.get(total.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return failed(question, "no answer in " + total.toSeconds() + " s");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return failed(question, "interrupted");
    } catch (ExecutionException e) {
      throw new IllegalStateException("flights end with an answer", e);
    }
  }

  /** Looks up anew behind the back of the one who got the old answer. */
  private void refresh(Question question) {
    if (flights.containsKey(question) || !ahead.tryAcquire()) {
      return;
    }
    CompletableFuture<Answer<?>> mine = new CompletableFuture<>();
    if (flights.putIfAbsent(question, mine) != null) {
      ahead.release();
      return;
    }
    Threads.start(
        "dns",
        () -> {
          try {
            fly(question, mine);
          } finally {
            ahead.release();
          }
        });
  }

  private static Answer<?> failed(Question question, String reason) {
    return Answer.unknown(Security.FAILED, question.name(), 0, Duration.ZERO, reason);
  }

  private static Answer<?> aged(Kept kept, long left) {
    Answer<?> a = kept.answer();
    return new Answer<>(
        a.records(),
        a.kind(),
        a.security(),
        a.name(),
        a.aliases(),
        Duration.ofNanos(Math.max(0, left)),
        a.reason());
  }

  private void fly(Question question, CompletableFuture<Answer<?>> flight) {
    Answer<?> answer = failed(question, "the look-up broke off");
    try {
      answer = inTheAir(question);
      if (answer.ttl().isPositive() && !isWorseThanWhatIsKept(question, answer)) {
        cache.put(question, new Kept(answer, clock.nanoTime() + answer.ttl().toNanos()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException | StackOverflowError e) {
      // A bug of ours or of the validator, found by a hostile answer: the unknown defers.
      LOG.error("look-up of {} type {} broke off", question.name(), question.type(), e);
    } finally {
      flights.remove(question, flight);
      flight.complete(answer);
    }
  }

  /** A look-up ahead of time that came to nothing leaves the good answer to its time to live. */
  private boolean isWorseThanWhatIsKept(Question question, Answer<?> answer) {
    if (answer.kind() != Answer.Kind.UNKNOWN) {
      return false;
    }
    Kept kept = cache.getIfPresent(question);
    return kept != null && kept.answer().kind() != Answer.Kind.UNKNOWN;
  }

  private Answer<?> inTheAir(Question question) throws InterruptedException {
    Inquiry inquiry = new Inquiry(clock, total);
    if (!air.tryAcquire(total.toNanos(), TimeUnit.NANOSECONDS)) {
      return failed(question, "too many questions in the air");
    }
    try {
      return lookup.look(question, inquiry);
    } finally {
      air.release();
    }
  }
}
