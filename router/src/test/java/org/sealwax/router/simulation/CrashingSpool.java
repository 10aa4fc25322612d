package org.sealwax.router.simulation;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchCount;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchMove;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.DueBatch;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.QueueId.QueueIds;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolChange;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;
import org.sealwax.router.spool.StoredTraceEntry;

/**
 * A model of the store with the crash states of the real one: changes wait in memory, then are
 * committed, then synced; a killed process loses the first kind, a power failure some of the second
 * as well. Crashes before and after every operation.
 */
final class CrashingSpool implements Spool {
  private static final Comparator<BatchKey> ORDER =
      Comparator.comparing(BatchKey::message).thenComparingLong(BatchKey::number);

  /** What is on disk. */
  static final class Disk {
    final Map<QueueId, StoredMessage> messages = new LinkedHashMap<>();
    final Map<QueueId, byte[]> contents = new LinkedHashMap<>();
    final TreeMap<BatchKey, RecipientBatch> batches = new TreeMap<>(ORDER);
    final List<SpoolChange> unsynced = new ArrayList<>();

    Disk copy() {
      Disk d = new Disk();
      d.messages.putAll(messages);
      d.contents.putAll(contents);
      d.batches.putAll(batches);
      return d;
    }

    void put(NewMessage m) {
      byte[] content = m.draft().small();
      if (content == null) {
        throw new IllegalStateException("the model keeps small contents");
      }
      messages.put(m.id(), new StoredMessage(m.id(), m.arrived(), content.length, m.envelope()));
      contents.put(m.id(), content);
      m.batches().forEach(s -> batches.put(s.key(), s));
    }

    Set<QueueId> apply(SpoolChange change) {
      change.accepted().forEach(this::put);
      change.removed().forEach(batches::remove);
      change.put().forEach(s -> batches.put(s.key(), s));
      for (BatchMove m : change.moved()) {
        RecipientBatch s = batches.get(m.key());
        if (s != null) {
          String reason = m.reason();
          batches.put(
              m.key(),
              new RecipientBatch(
                  m.key(),
                  m.state(),
                  m.due(),
                  s.hop(),
                  s.sender(),
                  reason == null ? s.reason() : reason,
                  s.recipients()));
        }
      }
      Set<QueueId> gone = new HashSet<>();
      for (BatchKey key : change.removed()) {
        boolean left = batches.keySet().stream().anyMatch(k -> k.message().equals(key.message()));
        if (!left && messages.remove(key.message()) != null) {
          contents.remove(key.message());
          gone.add(key.message());
        }
      }
      return gone;
    }
  }

  private record PendingChange(SpoolChange change, CommitListener settled) {}

  private final Random random;
  private final QueueIds ids;
  private final double crashChance;
  private Disk synced;
  private final Disk live;
  private final List<PendingChange> pending = new ArrayList<>();
  private boolean dead;
  private boolean failing;

  CrashingSpool(Disk disk, QueueIds ids, Random random, double crashChance, Instant now) {
    this.synced = disk;
    this.live = disk.copy();
    this.ids = ids;
    this.random = random;
    this.crashChance = crashChance;
    for (RecipientBatch s : List.copyOf(live.batches.values())) {
      if (s.state() == BatchState.FRESH) {
        BatchMove m = new BatchMove(s.key(), BatchState.QUEUED, now, null);
        live.apply(SpoolChange.moves(List.of(m)));
      } else if (s.state() == BatchState.PROVISIONAL) {
        live.apply(new SpoolChange(List.of(s.key()), List.of(), List.of(), List.of(), List.of()));
      }
    }
    this.synced = live.copy();
  }

  /** What a new process finds: after a power failure only a part of what was not synced. */
  Disk afterCrash(boolean power) {
    dead = true;
    Disk found = synced.copy();
    List<SpoolChange> tail = live.unsynced;
    int survive = power ? random.nextInt(tail.size() + 1) : tail.size();
    tail.subList(0, survive).forEach(found::apply);
    return found;
  }

  /** What is on disk now. */
  Disk live() {
    return live;
  }

  /** Whether commits fail for the time being. */
  void failing(boolean now) {
    failing = now;
  }

  boolean hasPending() {
    return !pending.isEmpty();
  }

  /** The process may end here. */
  void point(String where) {
    if (dead) {
      throw new Crash("a dead process went on: " + where);
    }
    if (random.nextDouble() < crashChance) {
      dead = true;
      throw new Crash(where);
    }
  }

  /** The writer commits some of what waits. */
  void commitSome() {
    if (failing || pending.isEmpty()) {
      return;
    }
    point("before a batch");
    int n = 1 + random.nextInt(pending.size());
    List<PendingChange> batch = List.copyOf(pending.subList(0, n));
    pending.subList(0, n).clear();
    List<Set<QueueId>> gone = new ArrayList<>();
    for (PendingChange p : batch) {
      gone.add(live.apply(p.change()));
      live.unsynced.add(p.change());
    }
    point("after a batch, nobody told");
    for (int i = 0; i < n; i++) {
      batch.get(i).settled().settled(gone.get(i));
    }
  }

  @Override
  public Draft draft() throws SpoolException {
    point("draft");
    if (failing) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "failing");
    }
    return Draft.inMemory(ids.next());
  }

  @Override
  public Draft notificationDraft() {
    point("own draft");
    return Draft.inMemory(ids.next());
  }

  @Override
  public void accept(NewMessage message) throws SpoolException {
    point("before accept");
    if (failing) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "failing");
    }
    live.put(message);
    synced = live.copy();
    live.unsynced.clear();
    point("after accept, before it returned");
  }

  @Override
  public void change(SpoolChange change, CommitListener listener) {
    point("change");
    pending.add(new PendingChange(change, listener));
  }

  @Override
  public void commit(SpoolChange change, CommitListener listener) throws SpoolException {
    point("before a commit");
    if (failing) {
      // It stays among those that wait, and is carried out when the store works again.
      pending.add(new PendingChange(change, listener));
      throw new SpoolException(SpoolException.Kind.BROKEN, "failing");
    }
    commitPending();
    Set<QueueId> gone = live.apply(change);
    live.unsynced.add(change);
    point("after a commit, before its caller knew");
    listener.settled(gone);
  }

  @Override
  public void commitSynced(SpoolChange change) throws SpoolException {
    point("before a synced commit");
    if (failing) {
      throw new SpoolException(SpoolException.Kind.BROKEN, "failing");
    }
    commitPending();
    live.apply(change);
    synced = live.copy();
    live.unsynced.clear();
    point("after a synced commit, before its caller knew");
  }

  private void commitPending() {
    while (!pending.isEmpty()) {
      commitSome();
    }
  }

  @Override
  public List<DueBatch> due(Instant until, int limit) {
    point("due");
    return live.batches.values().stream()
        .filter(s -> isDue(s, until))
        .sorted(Comparator.comparing(CrashingSpool::time))
        .limit(limit)
        .map(CrashingSpool::dueBatch)
        .toList();
  }

  private static boolean isDue(RecipientBatch s, Instant until) {
    Instant due = s.due();
    return due != null && !due.isAfter(until);
  }

  private static Instant time(RecipientBatch s) {
    Instant due = s.due();
    return due == null ? Instant.EPOCH : due;
  }

  private static DueBatch dueBatch(RecipientBatch s) {
    return new DueBatch(s.key(), s.state(), time(s), s.hop(), s.sender());
  }

  @Override
  public List<DueBatch> queuedFor(String hop, int limit) {
    point("queuedFor");
    return live.batches.values().stream()
        .filter(s -> s.state() == BatchState.QUEUED && s.hop().equals(hop))
        .sorted(Comparator.comparing(CrashingSpool::time))
        .limit(limit)
        .map(CrashingSpool::dueBatch)
        .toList();
  }

  @Override
  public @Nullable Instant nextDue(Instant after) {
    point("nextDue");
    Instant next = null;
    for (RecipientBatch s : live.batches.values()) {
      Instant due = s.due();
      if (due != null && due.isAfter(after) && (next == null || due.isBefore(next))) {
        next = due;
      }
    }
    return next;
  }

  @Override
  public Optional<RecipientBatch> batch(BatchKey key) {
    point("share");
    return Optional.ofNullable(live.batches.get(key));
  }

  @Override
  public Optional<StoredMessage> message(QueueId id) {
    point("message");
    return Optional.ofNullable(live.messages.get(id));
  }

  @Override
  public InputStream content(QueueId id) throws SpoolException {
    point("content");
    byte[] content = live.contents.get(id);
    if (content == null) {
      throw new SpoolException(SpoolException.Kind.DAMAGED, "gone");
    }
    return new ByteArrayInputStream(content);
  }

  @Override
  public void setAside(BatchKey key, String why) {
    throw new AssertionError("nothing is damaged in the model: " + why);
  }

  @Override
  public List<BatchCount> counts() {
    return List.of();
  }

  @Override
  public long heldBytes() {
    return 0;
  }

  @Override
  public List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged) {
    return live.batches.values().stream()
        .filter(s -> after == null || ORDER.compare(s.key(), after) > 0)
        .limit(limit)
        .toList();
  }

  @Override
  public List<StoredTraceEntry> trace(QueueId id) {
    return List.of();
  }

  @Override
  public void noFreshBefore(QueueId id) {}

  @Override
  public void backup(Path folder, BackupPart others) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
