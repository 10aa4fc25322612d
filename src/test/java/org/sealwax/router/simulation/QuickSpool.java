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
import org.sealwax.router.spool.Change;
import org.sealwax.router.spool.Draft;
import org.sealwax.router.spool.DueShare;
import org.sealwax.router.spool.JourneyEntry;
import org.sealwax.router.spool.KeptMessage;
import org.sealwax.router.spool.Move;
import org.sealwax.router.spool.NewMessage;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.QueueIds;
import org.sealwax.router.spool.Settled;
import org.sealwax.router.spool.Share;
import org.sealwax.router.spool.ShareCount;
import org.sealwax.router.spool.ShareFilter;
import org.sealwax.router.spool.ShareKey;
import org.sealwax.router.spool.ShareState;
import org.sealwax.router.spool.Spool;

/** A store in memory that commits at once and has the indexes of the real one. Thread-safe. */
final class QuickSpool implements Spool {
  private static final Comparator<DueShare> BY_DUE =
      Comparator.comparing(DueShare::due)
          .thenComparing(s -> s.key().message())
          .thenComparingLong(s -> s.key().number());

  private final QueueIds ids;
  private final Map<QueueId, KeptMessage> messages = new HashMap<>();
  private final Map<QueueId, byte[]> contents = new HashMap<>();
  private final Map<QueueId, Set<Long>> numbers = new HashMap<>();
  private final Map<ShareKey, Share> shares = new HashMap<>();
  private final TreeSet<DueShare> due = new TreeSet<>(BY_DUE);
  private final Map<String, TreeSet<DueShare>> queued = new TreeMap<>();

  QuickSpool(QueueIds ids) {
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
  public Draft ownDraft() {
    return Draft.inMemory(ids.next());
  }

  @Override
  public synchronized void accept(NewMessage m) {
    byte[] content = m.draft().small();
    if (content == null) {
      throw new IllegalStateException("small contents only");
    }
    messages.put(m.id(), new KeptMessage(m.id(), m.arrived(), content.length, m.envelope()));
    contents.put(m.id(), content);
    m.shares().forEach(this::put);
  }

  private void put(Share s) {
    remove(s.key());
    shares.put(s.key(), s);
    numbers.computeIfAbsent(s.key().message(), k -> new HashSet<>(2)).add(s.key().number());
    Instant at = s.due();
    if (at != null) {
      DueShare row = new DueShare(s.key(), s.state(), at, s.hop(), s.sender());
      due.add(row);
      if (s.state() == ShareState.QUEUED) {
        queued.computeIfAbsent(s.hop(), k -> new TreeSet<>(BY_DUE)).add(row);
      }
    }
  }

  private void remove(ShareKey key) {
    Share s = shares.remove(key);
    Instant at = s == null ? null : s.due();
    if (s == null || at == null) {
      return;
    }
    DueShare row = new DueShare(key, s.state(), at, s.hop(), s.sender());
    due.remove(row);
    TreeSet<DueShare> ofHop = queued.get(s.hop());
    if (ofHop != null && ofHop.remove(row) && ofHop.isEmpty()) {
      queued.remove(s.hop());
    }
  }

  @Override
  public void change(Change change, Settled settled) {
    settled.settled(apply(change));
  }

  private synchronized Set<QueueId> apply(Change change) {
    change.accepted().forEach(this::accept);
    change.put().forEach(this::put);
    for (Move m : change.moved()) {
      Share s = shares.get(m.key());
      if (s != null) {
        String reason = m.reason() == null ? s.reason() : m.reason();
        put(new Share(m.key(), m.state(), m.due(), s.hop(), s.sender(), reason, s.recipients()));
      }
    }
    Set<QueueId> gone = new HashSet<>();
    for (ShareKey key : change.removed()) {
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
  public synchronized List<DueShare> due(Instant until, int limit) {
    List<DueShare> out = new ArrayList<>();
    for (DueShare row : due) {
      if (row.due().isAfter(until) || out.size() == limit) {
        break;
      }
      out.add(row);
    }
    return out;
  }

  @Override
  public synchronized List<DueShare> queuedFor(String hop, int limit) {
    TreeSet<DueShare> ofHop = queued.get(hop);
    return ofHop == null ? List.of() : ofHop.stream().limit(limit).toList();
  }

  @Override
  public synchronized @Nullable Instant nextDue(Instant after) {
    for (DueShare row : due) {
      if (row.due().isAfter(after)) {
        return row.due();
      }
    }
    return null;
  }

  @Override
  public synchronized Optional<Share> share(ShareKey key) {
    return Optional.ofNullable(shares.get(key));
  }

  @Override
  public synchronized Optional<KeptMessage> message(QueueId id) {
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
  public void setAside(ShareKey key, String why) {
    throw new AssertionError("nothing is damaged here: " + why);
  }

  @Override
  public List<ShareCount> counts() {
    return List.of();
  }

  @Override
  public synchronized List<Share> list(
      ShareFilter filter, @Nullable ShareKey after, int limit, Consumer<ShareKey> damaged) {
    return List.copyOf(shares.values());
  }

  @Override
  public long heldBytes() {
    return 0;
  }

  @Override
  public List<JourneyEntry> journey(QueueId id) {
    return List.of();
  }

  @Override
  public void freshFrom(QueueId id) {}

  @Override
  public void backup(Path folder) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
