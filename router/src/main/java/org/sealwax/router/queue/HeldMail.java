package org.sealwax.router.queue;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.BatchCount;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.BatchState;
import org.sealwax.router.spool.CommitListener;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.StoredMessage;
import org.sealwax.router.spool.StoredTraceEntry;
import org.sealwax.router.store.StateFiles;

/**
 * Mail that is held for the admin, and its deletion after some time. Senders can make us hold mail
 * (any alias to a target that refuses does), so mail without a possible notification has a lifetime
 * and a part of the disk; what an admin held, or what is damaged, stays until an admin decides.
 *
 * <p>Nothing is deleted before it was announced a day earlier. The time of the last summary is kept
 * in a file, so that a server that restarts every day announces and deletes as well. A clock that
 * jumps deletes nothing, if it is right again within a day; and the mail of {@link Kind#UNVOUCHED}
 * alone goes earlier, the oldest first, when held mail takes more than its part of the disk.
 */
public final class HeldMail implements Closeable {
  /** The kind of a hold, which decides its lifetime. */
  enum Kind {
    /**
     * A refused forward or notification, of which no sender could safely be notified; mail that a
     * filter put on hold.
     */
    UNVOUCHED(Duration.ofDays(14)),
    /** Only our memory of a domain stands in the way. */
    REMEMBERED(Duration.ofDays(30)),
    /** Held by an admin, or for a reason that only an admin can judge. */
    KEPT(null);

    final @Nullable Duration lifetime;

    Kind(@Nullable Duration lifetime) {
      this.lifetime = lifetime;
    }
  }

  /** Interval of the checks of disk usage. */
  static final Duration CHECK_INTERVAL = Duration.ofMinutes(1);

  /** The space is measured so often also when the number of held batches stays the same. */
  static final Duration MEASURE_EVERY = Duration.ofMinutes(30);

  /** Between summaries, and from the announcement to the end. */
  static final Duration DAY = Duration.ofDays(1);

  /** Announced at a time; the rest is announced the next day. */
  static final int MOST_ANNOUNCED = 10_000;

  /** Held mail has this part of the file system. */
  private static final int DISK_PART = 10;

  private static final int PAGE = 500;
  private static final int MAX_SUMMARY_FILE = 64;

  private static final BatchFilter HELD =
      new BatchFilter(
          Optional.empty(),
          Optional.of(BatchState.HELD),
          Optional.empty(),
          Optional.empty(),
          Optional.empty());

  private final Queue queue;
  private final Spool spool;
  private final LongSupplier mostBytes;
  private final Path summaryFile;
  private final Map<BatchKey, Kind> announced = new LinkedHashMap<>();
  private @Nullable RepeatedWork checks;
  private volatile Supplier<List<String>> furtherLines = List::of;
  private long lastSummary;

  /** Time of the last summary of an earlier process, or null. */
  private @Nullable Instant announcedBefore;

  private long countReported;
  private long measured = -1;
  private long lastMeasured;
  private boolean fullReported;

  /**
   * Held mail of a queue.
   *
   * @param mostBytes of content that held mail may take on the disk, asked again and again
   * @param summaryFile keeps the time of the last summary over restarts
   */
  public HeldMail(Queue queue, LongSupplier mostBytes, Path summaryFile) {
    this.queue = queue;
    this.spool = queue.spool;
    this.mostBytes = mostBytes;
    this.summaryFile = summaryFile;
    this.lastSummary = queue.clock.nanoTime();
    Instant now = queue.clock.now();
    Instant before = readSummaryTime();
    if (before == null || before.isAfter(now)) {
      // The first start, or a clock that was wrong: a day from now.
      writeSummaryTime(now);
      return;
    }
    Duration age = Duration.between(before, now);
    lastSummary -= (age.compareTo(DAY) < 0 ? age : DAY).toNanos();
    announcedBefore = before;
  }

  /** A tenth of the file system of a folder, in bytes; all of it when its size is not known. */
  public static long diskShare(Path folder) {
    try {
      return Files.getFileStore(folder).getTotalSpace() / DISK_PART;
    } catch (IOException e) {
      return Long.MAX_VALUE;
    }
  }

  private @Nullable Instant readSummaryTime() {
    try {
      return Instant.ofEpochSecond(
          Long.parseLong(
              RegularFile.text(summaryFile, StandardCharsets.US_ASCII, MAX_SUMMARY_FILE).strip()));
    } catch (NoSuchFileException e) {
      return null;
    } catch (IOException | DateTimeException | NumberFormatException e) {
      queue.log.warning(
          "queue", summaryFile + " cannot be read; the next summary is sent in a day");
      return null;
    }
  }

  private void writeSummaryTime(Instant time) {
    byte[] text = (time.getEpochSecond() + "\n").getBytes(StandardCharsets.US_ASCII);
    try {
      StateFiles.replace(summaryFile, out -> out.write(text));
    } catch (IOException e) {
      queue.log.warning("queue", summaryFile + " cannot be written: " + FailureText.of(e));
    }
  }

  /**
   * Begins the checks, and goes on.
   *
   * @param further lines for the summary besides those about held and refused mail; empty: none
   */
  public void start(Supplier<List<String>> further) {
    furtherLines = further;
    start(CHECK_INTERVAL);
  }

  void start(Duration interval) {
    RepeatedWork work = new RepeatedWork(interval, this::check, this::failed);
    checks = work;
    work.start("held mail");
    if (queue.clock.nanoTime() - lastSummary >= DAY.toNanos()) {
      work.wake();
    }
  }

  private void failed(Throwable e) {
    if (e instanceof IOException failure) {
      queue.log.storeTrouble("held mail could not be checked", failure);
    } else {
      queue.log.bug("held mail", e);
    }
  }

  /** One check: the disk usage, and once a day the lifetimes. */
  void check() throws IOException {
    long held = heldBatches();
    long now = queue.clock.nanoTime();
    if (held != measured || now - lastMeasured >= MEASURE_EVERY.toNanos()) {
      measured = held;
      lastMeasured = now;
      shrink(mostBytes.getAsLong());
    }
    if (now - lastSummary >= DAY.toNanos()) {
      lastSummary = now;
      if (announcedBefore != null) {
        // What the summary before this start announced: all that was over then.
        noteOver(announcedBefore);
        announcedBefore = null;
      }
      carryOut();
      announce(held);
      writeSummaryTime(queue.clock.now());
    }
  }

  private long heldBatches() throws IOException {
    long held = 0;
    for (BatchCount c : spool.counts()) {
      held += c.state() == BatchState.HELD ? c.batches() : 0;
    }
    return held;
  }

  /** Each recipient of a batch has its reason; the one that keeps it longest counts. */
  static Kind kind(RecipientBatch batch, RecipientGroup group) {
    Kind kind = Kind.UNVOUCHED;
    for (Recipient r : group.recipients()) {
      Kind own = batch.state() == BatchState.HELD ? kind(batch.reason(), r) : Kind.KEPT;
      kind = own.compareTo(kind) > 0 ? own : kind;
    }
    return kind;
  }

  private static Kind kind(String reason, Recipient r) {
    FailureCause last = r.last();
    if (last == null
        || reason.equals(QueueStep.HELD_BY_ADMIN)
        || reason.equals(QueueStep.ENDED_PROCESS)
        || reason.equals(QueueStep.OUR_FAULT)
        || reason.equals(CommitListener.NOT_STORED)
        || last.reason().equals(QueueStep.DAMAGED)) {
      return Kind.KEPT;
    }
    if (last.reason().equals(QueueStep.QUARANTINED)) {
      return Kind.UNVOUCHED;
    }
    if (last.remembered()) {
      return Kind.REMEMBERED;
    }
    boolean refused = last.status().kind() == EnhancedStatus.PERMANENT;
    boolean untold = r.holdOnRefusal() || last.reason().equals(QueueStep.DOUBLE_BOUNCE);
    return refused && untold ? Kind.UNVOUCHED : Kind.KEPT;
  }

  /** Whether its time has come by now. */
  private boolean isOver(RecipientBatch batch, Kind kind, Instant now) throws IOException {
    Duration lifetime = kind.lifetime;
    if (lifetime == null || batch.key().message().time().plus(lifetime).isAfter(now)) {
      return false;
    }
    return !heldSince(batch).plus(lifetime).isAfter(now);
  }

  /** From the message's trace; where that is deleted, the latest possible time. */
  private Instant heldSince(RecipientBatch batch) throws IOException {
    if (batch.reason().equals(QueueStep.QUARANTINED)) {
      return batch.key().message().time();
    }
    Instant since = null;
    for (StoredTraceEntry entry : spool.trace(batch.key().message())) {
      TraceEntry traced = QueueRecordCodec.TRACE_ENTRY.read(entry.facts());
      if (traced.lines().stream().anyMatch(l -> l.what() == TraceEntry.RecipientEvent.HELD)) {
        since = traced.at();
      }
    }
    Duration lifetime = queue.settings().schedule().lifetime();
    return since == null ? batch.key().message().time().plus(lifetime) : since;
  }

  /** Notes what is over by a time, to be ended a day after that was announced. */
  private void noteOver(Instant by) throws IOException {
    visit(
        (batch, group, kind) -> {
          if (isOver(batch, kind, by)) {
            announced.put(batch.key(), kind);
          }
          return announced.size() < MOST_ANNOUNCED;
        });
  }

  /** What was announced a day ago and is still held for the same reason. */
  private void carryOut() throws IOException {
    Map<BatchKey, Kind> due = new LinkedHashMap<>(announced);
    announced.clear();
    Instant now = queue.clock.now();
    for (Map.Entry<BatchKey, Kind> one : due.entrySet()) {
      Optional<RecipientBatch> found = spool.batch(one.getKey());
      if (found.isPresent()) {
        queue.steps.take(
            found.get(),
            null,
            (batch, group) ->
                kind(batch, group) == one.getValue()
                    && isOver(batch, one.getValue(), now)
                    && end(batch, group, one.getValue()));
      }
    }
  }

  /** Deletes a batch whose lifetime is over, or gives it up with a notification. */
  private boolean end(RecipientBatch batch, RecipientGroup group, Kind kind) throws IOException {
    String days = CountText.of(Objects.requireNonNull(kind.lifetime).toDays(), "day");
    if (kind == Kind.REMEMBERED
        && group.recipients().stream().noneMatch(Recipient::holdOnRefusal)) {
      LoadedBatch loaded = LoadedBatch.of(spool, batch);
      if (!loaded.envelope().sender().toString().isEmpty()) {
        queue.steps.apply(
            loaded, new QueueStep.Event.GivenUpByAdmin("this server after " + days + " on hold"));
        return true;
      }
    }
    return delete(batch, group, "the sender could not be notified for " + days);
  }

  private boolean delete(RecipientBatch batch, RecipientGroup group, String text) {
    for (Recipient r : group.recipients()) {
      queue.log.deleted(batch.key().message().text(), r.target().toString(), batch.reason(), text);
    }
    queue.steps.replace(
        batch,
        List.of(),
        group.recipients(),
        to ->
            TraceEntry.RecipientTrace.of(
                to, TraceEntry.RecipientEvent.DELETED, batch.reason(), "", "held mail: " + text));
    return true;
  }

  private interface HeldMailVisitor {
    /** False when enough was seen. */
    boolean see(RecipientBatch batch, RecipientGroup group, Kind kind) throws IOException;
  }

  private void visit(HeldMailVisitor visitor) throws IOException {
    BatchKey at = null;
    List<RecipientBatch> page;
    do {
      // A record that cannot be read does not stop the check, and is left unchanged.
      page = spool.list(HELD, at, PAGE, key -> {});
      for (RecipientBatch batch : page) {
        at = batch.key();
        if (!see(visitor, batch)) {
          return;
        }
      }
    } while (!page.isEmpty());
  }

  /** One batch that cannot be judged does not stop the check of those after it. */
  private boolean see(HeldMailVisitor visitor, RecipientBatch batch) throws SpoolException {
    Set<QueueId> message = Set.of(batch.key().message());
    if (queue.marks.verdict(batch.key().message()) != CrashMarks.StartPermission.GO) {
      return true; // to look at it has ended the process twice
    }
    boolean more = true;
    queue.marks.beginStep(message);
    try {
      RecipientGroup group = QueueRecordCodec.GROUP.read(batch.recipients());
      more = visitor.see(batch, group, kind(batch, group));
    } catch (SpoolException e) {
      if (e.kind() != SpoolException.Kind.DAMAGED) {
        queue.marks.endStep(message);
        throw e;
      }
    } catch (IOException | RuntimeException e) {
      queue.log.bug("held mail " + batch.key().message(), e);
    }
    queue.marks.endStep(message);
    return more;
  }

  /**
   * Announces what is over, and reports to the postmaster what is held, what was refused and what
   * was reported.
   */
  private void announce(long held) throws IOException {
    List<String> letter = new ArrayList<>();
    String subject = "Daily summary: refused and reported mail";
    if (held > 0) {
      noteOver(queue.clock.now());
      if (!announced.isEmpty()) {
        queue.log.note(
            "queue",
            CountText.of(announced.size(), "held message expires | held messages expire")
                + " in a day; list with: "
                + HeldMailSummary.LIST);
      }
      if (held != countReported || !announced.isEmpty()) {
        countReported = held;
        HeldMailSummary summary = summary();
        letter.addAll(summary.lines(announced.keySet()));
        subject = summary.subject();
      }
    }
    List<String> refusals = queue.refusals.take();
    if (!refusals.isEmpty()) {
      append(letter, List.of("Since the last summary, or the last start:"));
      letter.addAll(refusals);
    }
    append(letter, furtherLines.get());
    if (!letter.isEmpty()) {
      queue.notifyPostmaster(subject, letter);
    }
  }

  private static void append(List<String> letter, List<String> section) {
    if (!letter.isEmpty() && !section.isEmpty()) {
      letter.add("");
    }
    letter.addAll(section);
  }

  HeldMailSummary summary() throws IOException {
    HeldMailSummary summary = new HeldMailSummary();
    visit(
        (batch, group, kind) -> {
          summary.add(batch, group);
          return true;
        });
    return summary;
  }

  /** Brings held mail back to its part of the disk, as far as it may be deleted. */
  private void shrink(long most) throws IOException {
    long bytes = spool.heldBytes();
    if (bytes <= most) {
      fullReported = false;
      return;
    }
    long[] left = {bytes};
    visit(
        (batch, group, kind) -> {
          if (kind == Kind.UNVOUCHED) {
            Optional<StoredMessage> message = spool.message(batch.key().message());
            left[0] -= message.map(StoredMessage::size).orElse(0L);
            String why = "held mail exceeded its disk limit";
            queue.steps.take(
                batch, null, (now, held) -> kind(now, held) == kind && delete(now, held, why));
          }
          // Frees some space at once, or every new message would lead to another scan.
          return left[0] > most - most / 10;
        });
    if (left[0] > most && !fullReported) {
      fullReported = true;
      queue.log.warning(
          "queue",
          "held mail takes "
              + CountText.bytes(left[0])
              + ", more than its disk limit of "
              + CountText.bytes(most)
              + "; it is not deleted automatically: "
              + HeldMailSummary.LIST);
    }
  }

  /** Ends the checks: when this returns none runs, and none begins. */
  @Override
  public void close() {
    if (checks != null) {
      checks.closeAndWait();
    }
  }
}
