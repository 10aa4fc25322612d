package org.sealwax.router.queue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.spool.BatchCount;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.Spool;
import org.sealwax.router.spool.StoredMessage;
import org.sealwax.router.spool.StoredTraceEntry;

/** The queue as the admin and metrics see it. Thread-safe; reads the store, changes nothing. */
public final class QueueView {
  /** Rows of one page at most. */
  public static final int MOST_ROWS = 1000;

  /** Bytes of a header preview at most. */
  public static final int MOST_HEADER = 16 * 1024;

  /** Batches read from the store at a time. */
  static final int READ = 500;

  private final Spool spool;
  private final Queue queue;

  /** A view of a queue. */
  public QueueView(Queue queue) {
    this.queue = queue;
    this.spool = queue.spool;
  }

  /**
   * Batches (groups of recipients) by state and reason. What is in its first round right now is not
   * in it: see {@link QueueFigures#fresh()}.
   */
  public List<BatchCount> counts() throws IOException {
    return spool.counts();
  }

  /**
   * A page of the list.
   *
   * @param rows in order of arrival
   * @param next what to give to {@link #list} for the page after, or null at the end
   */
  public record QueuePage(List<QueueRow> rows, @Nullable BatchKey next) {
    /** Copies. */
    public QueuePage {
      rows = List.copyOf(rows);
    }
  }

  /**
   * Recipients that a filter means.
   *
   * @param after where the last page ended, or null
   * @param limit rows at most, 1 to {@link #MOST_ROWS}; a page ends with a whole batch, and may
   *     exceed it by the recipients of one
   */
  public QueuePage list(QueueFilter filter, @Nullable BatchKey after, int limit)
      throws IOException {
    int most = Math.clamp(limit, 1, MOST_ROWS);
    List<QueueRow> rows = new ArrayList<>();
    Map<QueueId, Optional<StoredMessage>> messages = new HashMap<>();
    BatchKey at = after;
    while (true) {
      List<RecipientBatch> batches = spool.list(filter.forStore(), at, READ, key -> {});
      for (RecipientBatch batch : batches) {
        at = batch.key();
        RecipientGroup group = QueueRecordCodec.GROUP.read(batch.recipients());
        for (Recipient r : group.recipients()) {
          if (filter.matches(r)) {
            rows.add(row(batch, group, r, messages));
          }
        }
        if (rows.size() >= most) {
          return new QueuePage(rows, at);
        }
      }
      if (batches.size() < READ) {
        return new QueuePage(rows, null);
      }
      messages.clear();
    }
  }

  /**
   * Recipients with one cause at one next hop.
   *
   * @param cause class of the last reply; where no server replied, the queue's word for the reason
   * @param nextHop key of the next hop
   * @param explanation of the class; empty for a reason
   * @param oldest arrival
   */
  public record CauseCount(
      String cause, String nextHop, long recipients, String explanation, Instant oldest) {}

  private record Cause(String word, String hop) {}

  /** What is counted of a cause. */
  private static final class CauseTally {
    private final String explanation;
    private Instant oldest;
    private long recipients;

    CauseTally(@Nullable Reply reply, boolean forwarded, Instant oldest) {
      this.explanation = reply == null ? "" : RefusalClass.of(reply).explanation(forwarded);
      this.oldest = oldest;
    }

    void add(Instant arrived) {
      recipients++;
      oldest = arrived.isBefore(oldest) ? arrived : oldest;
    }
  }

  /** Causes of {@link #causes} at most; recipients with further ones are in none. */
  static final int MOST_CAUSES = 10_000;

  /**
   * Counts of the recipients that a filter means and that were tried, the most frequent first.
   * Reads each of them.
   */
  public List<CauseCount> causes(QueueFilter filter) throws IOException {
    Map<Cause, CauseTally> tallies = new HashMap<>();
    BatchKey after = null;
    do {
      QueuePage page = list(filter, after, MOST_ROWS);
      for (QueueRow row : page.rows()) {
        FailureCause last = row.recipient().last();
        if (last != null) {
          Reply reply = last.reply();
          String word = reply == null ? last.reason() : RefusalClass.of(reply).word();
          Cause cause = new Cause(word, row.nextHop());
          if (tallies.size() < MOST_CAUSES || tallies.containsKey(cause)) {
            tallies
                .computeIfAbsent(
                    cause, c -> new CauseTally(reply, row.recipient().forwarded(), row.arrived()))
                .add(row.arrived());
          }
        }
      }
      after = page.next();
    } while (after != null);
    List<CauseCount> counts = new ArrayList<>();
    tallies.forEach(
        (cause, t) ->
            counts.add(
                new CauseCount(cause.word(), cause.hop(), t.recipients, t.explanation, t.oldest)));
    counts.sort(
        Comparator.comparingLong(CauseCount::recipients)
            .reversed()
            .thenComparing(CauseCount::cause)
            .thenComparing(CauseCount::nextHop));
    return counts;
  }

  private QueueRow row(
      RecipientBatch batch,
      RecipientGroup group,
      Recipient r,
      Map<QueueId, Optional<StoredMessage>> messages) {
    QueueId id = batch.key().message();
    Optional<StoredMessage> known = messages.computeIfAbsent(id, this::known);
    return new QueueRow(
        batch,
        group.rounds(),
        r,
        known.map(StoredMessage::arrived).orElseGet(id::time),
        known.map(StoredMessage::size).orElse(0L));
  }

  private Optional<StoredMessage> known(QueueId id) {
    try {
      return spool.message(id);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** What is remembered of one message, and what is still here of it. */
  public MessageTrace trace(QueueId id) throws IOException {
    List<TraceEntry> stations = new ArrayList<>();
    Optional<TraceEntry.MessageArrival> arrival = Optional.empty();
    for (StoredTraceEntry entry : spool.trace(id)) {
      TraceEntry traced = QueueRecordCodec.TRACE_ENTRY.read(entry.facts());
      stations.add(traced);
      if (arrival.isEmpty()) {
        arrival = Optional.ofNullable(traced.arrival());
      }
    }
    if (arrival.isEmpty()) {
      Optional<StoredMessage> kept = spool.message(id);
      if (kept.isPresent()) {
        arrival =
            Optional.of(
                TraceEntry.MessageArrival.of(
                    kept.get().arrived(),
                    QueueRecordCodec.ENVELOPE.read(kept.get().envelope()),
                    kept.get().size()));
      }
    }
    List<QueueRow> waiting = list(QueueFilter.of(id), null, MOST_ROWS).rows();
    return new MessageTrace(id, arrival, stations, waiting);
  }

  /**
   * One waiting message.
   *
   * @param id identifies it
   * @param arrived when
   * @param size bytes of content
   * @param envelope what came with it
   * @param header its header as far as it fits, line ends as stored
   */
  public record QueuedMessage(
      QueueId id, Instant arrived, long size, Envelope envelope, String header) {}

  /** One waiting message, or empty when it is gone. */
  public Optional<QueuedMessage> message(QueueId id) throws IOException {
    Optional<StoredMessage> kept = spool.message(id);
    if (kept.isEmpty()) {
      return Optional.empty();
    }
    String header;
    try (InputStream in = spool.content(id)) {
      header = header(in.readNBytes(MOST_HEADER));
    } catch (IOException e) {
      header = "(the content cannot be read: " + FailureText.of(e) + ")";
    }
    return Optional.of(
        new QueuedMessage(
            id,
            kept.get().arrived(),
            kept.get().size(),
            QueueRecordCodec.ENVELOPE.read(kept.get().envelope()),
            header));
  }

  private static String header(byte[] start) {
    for (int i = 0; i + 3 < start.length; i++) {
      if (start[i] == '\r' && start[i + 1] == '\n' && start[i + 2] == '\r') {
        return new String(start, 0, i + 2, StandardCharsets.UTF_8);
      }
    }
    return new String(start, StandardCharsets.UTF_8);
  }

  /** What the queue does. */
  public QueueFigures figures() {
    return queue.figures();
  }
}
