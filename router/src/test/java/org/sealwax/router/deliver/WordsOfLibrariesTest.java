package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.log.LibraryLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.BatchFilter;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.RecipientBatch;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.router.spool.StoredTraceEntry;

/** Words that only a library knows are for the log: queue and bounces have ours. */
@Timeout(120)
final class WordsOfLibrariesTest {
  private static final String RAW = "Foo 17";

  @TempDir private Path folder;
  private final FakeInternet net = new FakeInternet();
  private final ConcurrentLinkedQueue<Runnable> rounds = new ConcurrentLinkedQueue<>();
  private final List<String> bounces = new CopyOnWriteArrayList<>();

  @AfterEach
  void close() {
    LibraryLog.lead(null);
    net.close();
  }

  /** Commits take their real time. */
  private record Commits(Clock days) implements Clock {
    @Override
    public Instant now() {
      return days.now();
    }

    @Override
    public long nanoTime() {
      return Clock.system().nanoTime();
    }
  }

  private Map<Long, Outcome> deliver(SmtpDeliveryAgent agent, Consignment c)
      throws InterruptedException {
    if (c.sender() instanceof ReversePath.Null) {
      try (InputStream in = c.content().open()) {
        bounces.add(new String(in.readAllBytes(), StandardCharsets.UTF_8));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      return c.outcomes(r -> new Outcome.Delivered("mx", "250 ok", "may:none", false, false));
    }
    return agent.deliver(c);
  }

  private static List<String> stored(SqliteSpool spool, QueueId id) throws IOException {
    List<String> texts = new ArrayList<>();
    Optional<String> any = Optional.empty();
    BatchFilter all = new BatchFilter(Optional.of(id), Optional.empty(), any, any, any);
    for (RecipientBatch batch : spool.list(all, null, 10, key -> {})) {
      texts.add(new String(batch.recipients(), StandardCharsets.UTF_8));
    }
    for (StoredTraceEntry entry : spool.trace(id)) {
      texts.add(new String(entry.facts(), StandardCharsets.UTF_8));
    }
    return texts;
  }

  @Test
  void reachTheLogAndNeitherQueueNorBounce() throws Exception {
    LibraryLog.lead(net.log.log());
    net.dns.mx("example.org", 10, "mx.example.org").a("mx.example.org", "192.0.2.1");
    Dialers failing =
        Dialers.both(
            (to, from, timeout) -> {
              SocketException e = new SocketException(RAW + " happened");
              e.setStackTrace(new StackTraceElement[0]); // as a library throws it
              throw e;
            });
    SpoolSettings store = new SpoolSettings(folder.resolve("spool"), 0, 1000);
    RandomSource random = RandomSource.secure();
    try (SqliteSpool spool =
            SqliteSpool.open(store, new Commits(net.clock), random, net.log.log(), () -> {});
        SmtpDeliveryAgent agent = net.agent(net.dns.build(), failing, net.roots);
        Queue queue =
            new Queue(
                spool,
                target -> new NextHop.ByMx(Domain.of("example.org")),
                c -> deliver(agent, c),
                net.clock,
                random,
                net.log.log(),
                QueueSettings.defaults(Domain.of("router.example")),
                CrashMarks.none(),
                (name, task) -> rounds.add(task))) {
      QueueId id = send(queue);
      while (spool.trace(id).size() < 3) {
        step(queue, Duration.ofMinutes(1));
      }
      String queued = stored(spool, id).toString();
      assertTrue(queued.contains("the connection failed"), queued);
      assertFalse(queued.contains("Foo"), queued);
      while (bounces.size() < 2) { // the first notifies of the delay
        step(queue, Duration.ofHours(1));
      }
      for (String bounce : bounces) {
        assertTrue(bounce.contains("the connection failed"), bounce);
        assertFalse(bounce.contains("Foo"), bounce);
      }
    }
    List<String> raw = net.log.facts().stream().filter(f -> f.contains(RAW)).toList();
    assertFalse(raw.isEmpty());
    assertEquals(List.of(), raw.stream().filter(f -> !f.contains("library")).toList());
  }

  private static QueueId send(Queue queue) throws IOException {
    ReversePath from = ReversePath.of(new Mailbox("me", Domain.of("origin.example")));
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("Subject: x\r\n\r\ny\r\n".getBytes(StandardCharsets.US_ASCII));
      Mailbox to = new Mailbox("bob", Domain.of("example.org"));
      entry.commit(
          new Envelope(from, MailOptions.plain(), "local", "s1", ""),
          List.of(Recipient.direct(to, from, DsnRequest.none())));
      return entry.id();
    }
  }

  private void step(Queue queue, Duration time) throws Exception {
    net.clock.pass(time);
    queue.tick();
    for (Runnable round = rounds.poll(); round != null; round = rounds.poll()) {
      round.run();
    }
    Thread.sleep(10); // the store reports what it has committed
  }
}
