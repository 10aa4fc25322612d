package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.QueueId;

/**
 * The batches in hand: in line, in a round, or with a change that is not committed yet. Not
 * thread-safe; part of {@link QueueState}.
 */
final class BatchesInHand {
  private static final class BatchInHand {
    final boolean isFresh;
    @Nullable LoadedBatch loaded;
    long loadedBytes;
    boolean waiting;

    /** Not acknowledged: its client waits for its delivery. */
    boolean provisional;

    /** Marked until what followed from its round is stored. */
    boolean marked;

    /** Not touched, because that ended the process: only by an admin's order. */
    boolean paused;

    List<Runnable> orders = List.of();

    BatchInHand(boolean isFresh, boolean waiting) {
      this.isFresh = isFresh;
      this.waiting = waiting;
    }
  }

  /** Batches whose faults are remembered. */
  private static final int MOST_FAULTS = 10_000;

  /** With more of them let go during one query, none of its rows is used. */
  private static final int MOST_LET_GO = 10_000;

  private final Map<BatchKey, BatchInHand> batches = new HashMap<>();

  /**
   * Batches let go during a query of the store: its row of them may be older than their state. A
   * fresh one is not among them, as no query finds its row before that.
   */
  private final Set<BatchKey> letGo = new HashSet<>();

  private boolean isQuerying;

  /** Faults of this program while a batch was worked on. */
  private final Map<BatchKey, Integer> faults = BoundedMap.byAge(MOST_FAULTS);

  private final CrashMarks marks;
  private int fresh;
  private int provisional;
  private long loadedBytes;

  BatchesInHand(CrashMarks marks) {
    this.marks = marks;
  }

  int size() {
    return batches.size();
  }

  /** Batches accepted and not yet through their first round. */
  int fresh() {
    return fresh - provisional;
  }

  /** Whether a start would have to look for one: for a fresh or a provisional batch. */
  boolean hasFresh() {
    return fresh > 0;
  }

  /** What they take in memory for their first round. */
  long loadedBytes() {
    return loadedBytes;
  }

  boolean contains(BatchKey key) {
    return batches.containsKey(key);
  }

  /** A query of the store begins; what was found before is not used any more. */
  void queryBegins() {
    letGo.clear();
    isQuerying = true;
  }

  /** What the last query found is not used any more. */
  void queryEnded() {
    letGo.clear();
    isQuerying = false;
  }

  /** Whether a row of the current query is perhaps out of date. */
  boolean isStale(BatchKey key) {
    return letGo.size() >= MOST_LET_GO || letGo.contains(key);
  }

  boolean isFresh(BatchKey key) {
    BatchInHand hand = batches.get(key);
    return hand != null && hand.isFresh;
  }

  /** The message of the oldest fresh one, or an identifier of that time. */
  QueueId oldestFresh(Instant now) {
    QueueId oldest = QueueId.earliestAt(now);
    for (Map.Entry<BatchKey, BatchInHand> e : batches.entrySet()) {
      QueueId id = e.getKey().message();
      if (e.getValue().isFresh && id.compareTo(oldest) < 0) {
        oldest = id;
      }
    }
    return oldest;
  }

  void addFresh(BatchKey key) {
    fresh++;
    batches.put(key, new BatchInHand(true, false));
  }

  /** One that is not acknowledged. */
  void addProvisional(BatchKey key) {
    addFresh(key);
    provisional(key, true);
  }

  /** A provisional batch is acknowledged. */
  void acknowledged(BatchKey key) {
    provisional(key, false);
  }

  private void provisional(BatchKey key, boolean isProvisional) {
    BatchInHand hand = batches.get(key);
    if (hand != null && hand.provisional != isProvisional) {
      hand.provisional = isProvisional;
      provisional += isProvisional ? 1 : -1;
    }
  }

  /**
   * A batch that the store had.
   *
   * @param waits in line
   */
  void add(BatchKey key, boolean waits) {
    batches.put(key, new BatchInHand(false, waits));
  }

  /** What a fresh batch has in memory for its first round. */
  void loaded(LoadedBatch batch, long bytes) {
    BatchInHand hand = batches.get(batch.key());
    if (hand != null) {
      hand.loaded = batch;
      hand.loadedBytes = bytes;
      loadedBytes += bytes;
    }
  }

  /** What its first round needs, or null when that is not in memory. */
  @Nullable LoadedBatch loaded(BatchKey key) {
    BatchInHand hand = batches.get(key);
    return hand == null ? null : hand.loaded;
  }

  /** The batch that lost its place for another one goes back to the store. */
  void evicted(Admission.Admitted admitted, Instant now, BatchMoves moves, RandomSource random) {
    DueBatch evicted = admitted.evicted();
    if (evicted != null) {
      waiting(evicted.key(), false);
      moves.crowded(evicted.key(), evicted.hop(), now, random);
    }
  }

  void waiting(BatchKey key, boolean waits) {
    BatchInHand hand = batches.get(key);
    if (hand != null) {
      hand.waiting = waits;
    }
  }

  /** Its message is marked until the batch is let go. */
  void mark(BatchKey key) {
    BatchInHand hand = batches.get(key);
    if (hand == null) {
      marks.end(key.message());
    } else {
      hand.marked = true;
    }
  }

  void unmark(BatchKey key) {
    BatchInHand hand = batches.get(key);
    if (hand != null && hand.marked) {
      hand.marked = false;
      marks.end(key.message());
    }
  }

  /** It is not touched any more, but by an admin's order. */
  void pause(BatchKey key) {
    BatchInHand hand = batches.get(key);
    if (hand != null) {
      hand.paused = true;
    }
  }

  /** A fault of this program while it was worked on; true when it is to be held. */
  boolean isFaultTooMany(BatchKey key) {
    boolean tooMany = faults.merge(key, 1, Integer::sum) >= CrashMarks.ENDS;
    if (tooMany) {
      faults.remove(key);
    }
    return tooMany;
  }

  /** Lets it go; returns the orders that waited for that. */
  List<Runnable> remove(BatchKey key) {
    unmark(key);
    provisional(key, false);
    BatchInHand hand = batches.remove(key);
    if (hand == null) {
      return List.of();
    }
    if (isQuerying && !hand.isFresh && letGo.size() < MOST_LET_GO) {
      letGo.add(key);
    }
    loadedBytes -= hand.loadedBytes;
    fresh -= hand.isFresh ? 1 : 0;
    return hand.orders;
  }

  /**
   * Takes it for an admin's order; when that cannot be now, the order is kept for its end.
   *
   * @param withdrawn takes it out of the line
   * @param order to be kept after those that are kept already, or null
   * @return true when the caller has it now
   */
  boolean take(BatchKey key, BooleanSupplier withdrawn, @Nullable Runnable order) {
    BatchInHand hand = batches.get(key);
    if (hand == null) {
      add(key, false);
      return true;
    }
    if (hand.paused) {
      // Its suspicion ends when that is stored.
      hand.paused = false;
      hand.marked = true;
      return true;
    }
    if (hand.waiting && withdrawn.getAsBoolean()) {
      hand.waiting = false;
      return true;
    }
    if (order != null) {
      List<Runnable> orders = new ArrayList<>(hand.orders);
      orders.add(order);
      hand.orders = orders;
    }
    return false;
  }
}
