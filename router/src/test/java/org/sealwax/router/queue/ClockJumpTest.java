package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.testkit.net.ManualClock;

/** A jump of the machine's clock neither strands mail nor makes it old. */
@Timeout(300)
final class ClockJumpTest {
  private static final List<Duration> JUMPS =
      List.of(Duration.ofDays(1), Duration.ofDays(-1), Duration.ofDays(365), Duration.ofDays(-365));

  @TempDir Path folder;

  private final BugLog log = new BugLog();
  private final ManualClock machine = new ManualClock(Instant.parse("2026-05-01T12:00:00Z"));
  private SteadyClock clock = SteadyClock.startingWith(machine);
  private final java.util.Queue<Runnable> rounds = new ArrayDeque<>();
  private final List<String> tried = new ArrayList<>();

  /** A router with its store, driven by hand. */
  private final class Running implements AutoCloseable {
    private final SqliteSpool spool;
    private final org.sealwax.router.queue.Queue queue;

    Running() throws IOException {
      // The store's own waits are real.
      Clock stores =
          new Clock() {
            @Override
            public Instant now() {
              return clock.now();
            }

            @Override
            public long nanoTime() {
              return System.nanoTime();
            }
          };
      spool =
          SqliteSpool.open(
              new SpoolSettings(folder.resolve("spool"), 0, 1000),
              stores,
              RandomSource.secure(),
              log.log,
              () -> {});
      queue =
          new org.sealwax.router.queue.Queue(
              spool,
              target ->
                  new NextHop.ByMx((Domain) ((DeliveryTarget.Remote) target).mailbox().domain()),
              this::deliver,
              clock,
              RandomSource.secure(),
              log.log,
              QueueSettings.defaults(Domain.of("router.example")),
              CrashMarks.none(),
              (name, task) -> rounds.add(task));
    }

    private Map<Long, Outcome> deliver(Consignment c) {
      Map<Long, Outcome> all = new HashMap<>();
      c.recipients()
          .forEach(
              r -> {
                tried.add(((DeliveryTarget.Remote) r.target()).mailbox().toString());
                all.put(r.key(), defer());
              });
      return all;
    }

    void send(String to) throws IOException {
      Mailbox mailbox = QueueTest.mailbox(to);
      try (Intake.IncomingMessage entry = queue.intake().open()) {
        entry.content().write(new byte[] {'x', '\r', '\n'});
        ReversePath from = ReversePath.of(QueueTest.mailbox("me@from.example"));
        entry.commit(
            new Envelope(from, MailOptions.plain(), "local", "s1", ""),
            List.of(Recipient.direct(mailbox, from, DsnRequest.none())));
      }
    }

    /** So long, in steps. */
    void pass(Duration time) throws IOException {
      Duration step = Duration.ofMinutes(5);
      for (Duration left = time; left.isPositive(); left = left.minus(step)) {
        machine.pass(step);
        queue.tick();
        for (Runnable round = rounds.poll(); round != null; round = rounds.poll()) {
          round.run();
        }
        assertTrue(queue.steps.settle(Duration.ofSeconds(60)));
      }
    }

    int triesOf(String to) {
      return (int) tried.stream().filter(to::equals).count();
    }

    @Override
    public void close() throws IOException {
      queue.close();
      spool.close();
    }
  }

  private static Outcome defer() {
    return new Outcome.Deferred(
        new FailureCause(
            "later",
            EnhancedStatus.of("4.2.0"),
            "Not now.",
            null,
            null,
            FailureCause.Extent.MESSAGE));
  }

  private void noNotificationWasSent(String jump) {
    assertEquals(List.of(), log.ended, jump);
  }

  @Test
  void whileRunningNeitherStrandsNorExpiresAnything() throws IOException {
    for (Duration jump : JUMPS) {
      try (Running router = new Running()) {
        tried.clear();
        router.send("waiting@a.example");
        router.pass(Duration.ofMinutes(30));
        machine.jump(jump);
        router.send("new@b.example");
        int before = router.triesOf("waiting@a.example");
        assertTrue(before > 0);
        // In all less than the four hours after which a sender is notified of a delay.
        router.pass(Duration.ofMinutes(150));
        assertTrue(router.triesOf("waiting@a.example") > before + 1, jump + ": " + tried);
        assertTrue(router.triesOf("new@b.example") > 2, jump + ": " + tried);
        noNotificationWasSent(jump.toString());
        machine.jump(jump.negated());
        router.send("later@c.example");
        router.pass(Duration.ofMinutes(30));
        assertTrue(router.triesOf("later@c.example") > 0);
        noNotificationWasSent(jump.toString());
      }
      emptied();
    }
  }

  /** A year ahead for 14 seconds: new mail waited for a year, and mail that waited bounced. */
  @Test
  void atBootNeitherStrandsNorExpiresAnything() throws IOException {
    for (Duration jump : JUMPS) {
      SteadyClock.Mark left;
      try (Running router = new Running()) {
        tried.clear();
        router.send("waiting@a.example");
        router.pass(Duration.ofMinutes(30));
        left = clock.mark();
      }
      machine.pass(Duration.ofMinutes(1));
      machine.jump(jump);
      clock = new SteadyClock(machine, left);
      try (Running router = new Running()) {
        router.send("boot@b.example");
        machine.pass(Duration.ofSeconds(14));
        router.pass(Duration.ofMinutes(5));
        machine.jump(jump.negated());
        tried.clear();
        router.send("new@c.example");
        router.pass(Duration.ofHours(2));
        for (String to : List.of("waiting@a.example", "boot@b.example", "new@c.example")) {
          assertTrue(router.triesOf(to) > 0, jump + ": " + to + " " + tried);
        }
        noNotificationWasSent(jump.toString());
      }
      emptied();
    }
  }

  /** For the next jump: an empty store. */
  private void emptied() throws IOException {
    try (var files = java.nio.file.Files.walk(folder.resolve("spool"))) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        java.nio.file.Files.delete(file);
      }
    }
  }
}
