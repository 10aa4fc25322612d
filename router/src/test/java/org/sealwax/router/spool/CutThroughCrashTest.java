package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.CutThrough;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.Recipient;

/**
 * The table "Crash states of cut-through" of docs/spool.md, executed: a message for each reply of
 * the target, the folder copied at each event, and a start on the copy, as a killed process leaves
 * it and as a power failure does.
 */
@Timeout(120)
final class CutThroughCrashTest {
  private static final Path TABLE = Path.of("docs/spool.md");
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir private Path temporary = Path.of("");
  private final BugLog log = new BugLog();
  private final CountDownLatch timeIsOver = new CountDownLatch(1);

  /** By reply and event: killed process, power failure. */
  private final Map<String, String> found = new LinkedHashMap<>();

  private record Crash(String row, QueueId message, Path killed, Path power) {}

  private final List<Crash> crashes = new ArrayList<>();
  private Path durable = Path.of("");
  private boolean synced;
  private int copies;
  private volatile QueueId current = QueueId.of(1);
  private volatile String reply = "";
  private volatile CountDownLatch endOfData = new CountDownLatch(1);
  private volatile CountDownLatch replies = new CountDownLatch(1);

  private Path state() {
    return temporary.resolve("state");
  }

  private Path snapshot() {
    try {
      Path now = temporary.resolve("crash-" + copies++);
      TestFolders.snapshot(state(), now);
      return now;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Called after each step of the store. */
  private synchronized void taken(SpoolStep step) {
    synced = step == SpoolStep.BEGIN_SYNCED || step != SpoolStep.BEGIN && synced;
    if (step == SpoolStep.OPEN || step == SpoolStep.COMMIT && synced) {
      durable = snapshot();
    }
  }

  private synchronized void crash(String event) {
    crashes.add(new Crash(reply + " | " + event, current, snapshot(), durable));
  }

  private Outcome deliver(Consignment c) {
    try {
      endOfData.await();
      assertTrue(c.slot().mayEndData());
      crash("end of data sent");
      replies.countDown();
      if (reply.equals("late")) {
        timeIsOver.await();
        crash("its reply");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    return switch (reply) {
      case "4yz" -> new Outcome.Deferred(cause("451 4.3.0"));
      case "5yz" -> new Outcome.Refused(cause("550 5.1.1"));
      default -> new Outcome.Delivered("mx", "250 ok", "none", false, false);
    };
  }

  private static FailureCause cause(String text) {
    EnhancedStatus status = EnhancedStatus.parse(text.substring(4)).orElseThrow();
    return new FailureCause(
        "said",
        status,
        text,
        "mx",
        new Reply(Integer.parseInt(text.substring(0, 3)), status, List.of(" no")),
        FailureCause.Extent.MESSAGE);
  }

  @Test
  void everyReplyOfTheTargetAndEveryReplyOfOursHasARow() throws Exception {
    Files.createDirectories(state());
    try (SqliteSpool spool =
        new SqliteSpool(
            new SpoolSettings(state().resolve("spool"), 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {},
            this::taken)) {
      Queue queue =
          new Queue(
              spool,
              target -> new NextHop.ByMx((Domain) target.mailbox().domain()),
              c -> c.outcomes(r -> deliver(c)),
              Clock.system(),
              RandomSource.secure(),
              log.log,
              QueueSettings.defaults(Domain.of("router.example")),
              CrashMarks.none(),
              Threads::start);
      for (String said : List.of("2yz", "4yz", "5yz", "late")) {
        reply = said;
        endOfData = new CountDownLatch(1);
        replies = new CountDownLatch(1);
        forward(queue);
      }
      timeIsOver.countDown();
      while (queue.figures().inMemory() > 0) {
        Thread.sleep(1);
      }
      crash("commit of its result");
      queue.drain(Duration.ofSeconds(5));
    }
    assertEquals(List.of(), log.bugs);
    for (Crash crash : crashes) {
      found.put(
          crash.row(),
          start(crash.message(), crash.killed()) + " | " + start(crash.message(), crash.power()));
    }
    assertEquals(table(), found);
  }

  private void forward(Queue queue) throws Exception {
    ReversePath sender = ReversePath.of(new Mailbox("s", Domain.of("from.example")));
    Recipient recipient =
        new Recipient(
            new DeliveryTarget.Remote(new Mailbox("r", Domain.of(reply + ".example"))),
            sender,
            new Mailbox("alias", Domain.of("router.example")),
            true,
            true,
            DsnRequest.none());
    CutThrough delivery;
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      current = entry.id();
      entry.content().write("\r\n".getBytes(StandardCharsets.US_ASCII));
      delivery =
          entry
              .cutThrough(new Envelope(sender, MailOptions.plain(), "c", "s", ""), recipient)
              .orElseThrow();
    }
    crash("stored as provisional");
    endOfData.countDown();
    replies.await();
    if (!reply.equals("late")) {
      assertTrue(delivery.await(LONG));
      crash("its reply");
    }
    CutThrough.Result result =
        delivery.end(
            () -> {
              if (!reply.equals("5yz")) {
                crash("commit before our reply");
              }
            });
    if (reply.equals("5yz")) {
      crash("commit before our reply");
    }
    assertEquals(reply.equals("5yz"), result instanceof CutThrough.Result.Refused);
    crash("our reply sent");
  }

  private String start(QueueId id, Path folder) throws IOException {
    Path spool = folder.resolve("spool");
    try (SqliteSpool started =
        SqliteSpool.open(
            new SpoolSettings(spool, 0, 1000),
            Clock.system(),
            RandomSource.secure(),
            log.log,
            () -> {})) {
      CrashTableTest.awaitSwept(started);
      boolean waits =
          started.nextDue(java.time.Instant.EPOCH) != null
              && started.batch(new BatchKey(id, 0)).isPresent();
      return waits ? "queued" : CrashTableTest.word(started, spool, id);
    }
  }

  /** The rows of the document. */
  private static Map<String, String> table() throws IOException {
    Map<String, String> rows = new LinkedHashMap<>();
    for (String line : Files.readAllLines(TABLE, StandardCharsets.UTF_8)) {
      List<String> cells = Arrays.stream(line.split("\\|")).map(String::strip).toList();
      if (cells.size() == 6 && List.of("2yz", "4yz", "5yz", "late").contains(cells.get(1))) {
        rows.put(cells.get(1) + " | " + cells.get(2), cells.get(4) + " | " + cells.get(5));
      }
    }
    return rows;
  }
}
