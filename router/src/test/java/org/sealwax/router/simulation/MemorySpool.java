package org.sealwax.router.simulation;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
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
import org.sealwax.router.spool.StoredMessage;
import org.sealwax.router.spool.StoredTraceEntry;

/** A store in memory that commits at once and has the indexes of the real one. Thread-safe. */
final class MemorySpool implements Spool {
  private static final Comparator<DueBatch> BY_DUE =
      Comparator.comparing(DueBatch::due)
          .thenComparing(s -> s.key().message())
          .thenComparingLong(s -> s.key().number());

  private final QueueIds ids;
  private final Map<QueueId, StoredMessage> messages = new HashMap<>();
  private final Map<QueueId, byte[]> contents = new HashMap<>();
  private final Map<QueueId, Set<Long>> numbers = new HashMap<>();
  private final Map<BatchKey, RecipientBatch> batches = new HashMap<>();
  private final TreeSet<DueBatch> due = new TreeSet<>(BY_DUE);
  private final Map<String, TreeSet<DueBatch>> queued = new TreeMap<>();

  MemorySpool(QueueIds ids) {
    this.ids = ids;
  }

  /** Messages in it. */
  synchronized int size() {
    return messages.size();
  }

  @Override
  public Draft draft() {
    return Draft.inMemory(ids.next());
  }

  @Override
  public Draft notificationDraft() {
    return Draft.inMemory(ids.next());
  }

  @Override
  public synchronized void accept(NewMessage m) {
    byte[] content = m.draft().small();
    if (content == null) {
      throw new IllegalStateException("small contents only");
    }
    messages.put(m.id(), new StoredMessage(m.id(), m.arrived(), content.length, m.envelope()));
    contents.put(m.id(), content);
    m.batches().forEach(this::put);
  }

  private void put(RecipientBatch s) {
    remove(s.key());
    batches.put(s.key(), s);
    numbers.computeIfAbsent(s.key().message(), k -> new HashSet<>(2)).add(s.key().number());
    Instant at = s.due();
    if (at != null) {
      DueBatch row = new DueBatch(s.key(), s.state(), at, s.hop(), s.sender());
      due.add(row);
      if (s.state() == BatchState.QUEUED) {
        queued.computeIfAbsent(s.hop(), k -> new TreeSet<>(BY_DUE)).add(row);
      }
    }
  }

  private void remove(BatchKey key) {
    RecipientBatch s = batches.remove(key);
    Instant at = s == null ? null : s.due();
    if (s == null || at == null) {
      return;
    }
    DueBatch row = new DueBatch(key, s.state(), at, s.hop(), s.sender());
    due.remove(row);
    TreeSet<DueBatch> ofHop = queued.get(s.hop());
    if (ofHop != null && ofHop.remove(row) && ofHop.isEmpty()) {
      queued.remove(s.hop());
    }
  }

  @Override
  public void change(SpoolChange change, CommitListener listener) {
    listener.settled(apply(change));
  }

  @Override
  public void commit(SpoolChange change, CommitListener listener) {
    change(change, listener);
  }

  @Override
  public void commitSynced(SpoolChange change) {
    apply(change);
  }

  private synchronized Set<QueueId> apply(SpoolChange change) {
    change.accepted().forEach(this::accept);
    change.put().forEach(this::put);
    for (BatchMove m : change.moved()) {
      RecipientBatch s = batches.get(m.key());
      if (s != null) {
        String reason = m.reason() == null ? s.reason() : m.reason();
        put(
            new RecipientBatch(
                m.key(), m.state(), m.due(), s.hop(), s.sender(), reason, s.recipients()));
      }
    }
    Set<QueueId> gone = new HashSet<>();
    for (BatchKey key : change.removed()) {
      remove(key);
      Set<Long> left = numbers.getOrDefault(key.message(), new HashSet<>());
      left.remove(key.number());
      if (left.isEmpty() && messages.remove(key.message()) != null) {
        numbers.remove(key.message());
        contents.remove(key.message());
        gone.add(key.message());
      }
    }
    return gone;
  }

  @Override
  public synchronized List<DueBatch> due(Instant until, int limit) {
    List<DueBatch> out = new ArrayList<>();
    for (DueBatch row : due) {
      if (row.due().isAfter(until) || out.size() == limit) {
        break;
      }
      out.add(row);
    }
    return out;
  }

  @Override
  public synchronized List<DueBatch> queuedFor(String hop, int limit) {
    TreeSet<DueBatch> ofHop = queued.get(hop);
    return ofHop == null ? List.of() : ofHop.stream().limit(limit).toList();
  }

  @Override
  public synchronized @Nullable Instant nextDue(Instant after) {
    for (DueBatch row : due) {
      if (row.due().isAfter(after)) {
        return row.due();
      }
    }
    return null;
  }

  @Override
  public synchronized Optional<RecipientBatch> batch(BatchKey key) {
    return Optional.ofNullable(batches.get(key));
  }

  @Override
  public synchronized Optional<StoredMessage> message(QueueId id) {
    return Optional.ofNullable(messages.get(id));
  }

  @Override
  public synchronized InputStream content(QueueId id) {
    byte[] content = contents.get(id);
    if (content == null) {
      throw new AssertionError("the content of " + id + " is gone");
    }
    return new ByteArrayInputStream(content);
  }

  @Override
  public void setAside(BatchKey key, String why) {
    throw new AssertionError("nothing is damaged here: " + why);
  }

  @Override
  public List<BatchCount> counts() {
    return List.of();
  }

  @Override
  public synchronized List<RecipientBatch> list(
      BatchFilter filter, @Nullable BatchKey after, int limit, Consumer<BatchKey> damaged) {
    return List.copyOf(batches.values());
  }

  @Override
  public long heldBytes() {
    return 0;
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
