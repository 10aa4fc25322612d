package org.sealwax.forward;

import com.github.benmanes.caffeine.cache.AsyncCache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Mailbox;
import org.sealwax.queue.NextHop;
import org.sealwax.world.Clock;
import org.sealwax.world.Limit;

/**
 * Remembers what next hops said about recipients. Whoever asks first does the asking, in their own
 * thread; others who ask for the same recipient meanwhile wait for that answer.
 */
final class RecipientMemory {
  /** Recipients remembered: some ten megabytes when full. */
  static final int MAX_ENTRIES = 50_000;

  /** Probes under way at a time: a dictionary attack on us must not become one on the next hop. */
  static final int MAX_PROBES = 20;

  /** Who exists today will exist tomorrow. */
  static final Duration EXISTS = Duration.ofDays(7);

  /** A new mailbox must not wait long for its first mail. */
  static final Duration REFUSED = Duration.ofMinutes(30);

  /** A next hop in trouble is left alone for a moment. */
  static final Duration NOT_KNOWN = Duration.ofMinutes(1);

  private final RecipientProbe probe;
  private final Limit probes = Limit.of(MAX_PROBES);
  private final AsyncCache<Mailbox, RecipientProbe.Result> known;

  RecipientMemory(RecipientProbe probe, Clock clock) {
    this.probe = probe;
    this.known =
        Caffeine.newBuilder()
            .maximumSize(MAX_ENTRIES)
            .ticker(clock::nanoTime)
            .executor(Runnable::run)
            .expireAfter(Expiry.<Mailbox, RecipientProbe.Result>writing((m, r) -> lifetime(r)))
            .buildAsync();
  }

  private static Duration lifetime(RecipientProbe.Result result) {
    return switch (result) {
      case RecipientProbe.Result.Exists e -> EXISTS;
      case RecipientProbe.Result.Refused r -> REFUSED;
      case RecipientProbe.Result.NotKnown n -> NOT_KNOWN;
    };
  }

  RecipientProbe.Result ask(Mailbox recipient, NextHop nextHop) {
    CompletableFuture<RecipientProbe.Result> mine = new CompletableFuture<>();
    CompletableFuture<RecipientProbe.Result> others = known.asMap().putIfAbsent(recipient, mine);
    if (others != null) {
      return await(others);
    }
    if (!probes.tryTake()) {
      return answer(recipient, mine, null, "too many recipients are being verified");
    }
    RecipientProbe.Result result = null;
    try {
      result = probe.probe(recipient, nextHop);
    } finally {
      probes.give();
      if (result == null) {
        // A bug in the probe: those who wait must not wait for ever, and nothing is remembered.
        answer(recipient, mine, null, "verification broke off");
      }
    }
    return answer(recipient, mine, result, "");
  }

  private RecipientProbe.Result answer(
      Mailbox recipient,
      CompletableFuture<RecipientProbe.Result> mine,
      RecipientProbe.@Nullable Result result,
      String trouble) {
    if (result == null) {
      // Says nothing about this recipient: the next one who asks shall find out.
      known.asMap().remove(recipient, mine);
      RecipientProbe.Result busy = new RecipientProbe.Result.NotKnown(trouble);
      mine.complete(busy);
      return busy;
    }
    mine.complete(result);
    return result;
  }

  private static RecipientProbe.Result await(CompletableFuture<RecipientProbe.Result> others) {
    try {
      return others.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return new RecipientProbe.Result.NotKnown("shutting down");
    } catch (ExecutionException e) {
      return new RecipientProbe.Result.NotKnown("verification broke off");
    }
  }
}
