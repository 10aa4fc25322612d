package org.sealwax.router.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.CrashMarks;
import org.sealwax.router.spool.QueueId.QueueIds;

/**
 * Mail to one host whose TLS is broken, for ten days or 10,000 messages: the real queue, policy and
 * memory of the host, at several rates.
 */
final class BrokenTlsTest {
  private static final Instant START = Instant.parse("2026-06-01T00:00:00Z");
  private static final double HOURS = 240;
  private static final double MESSAGES = 10_000;
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Mailbox FROM = new Mailbox("s", Domain.of("known.example"));

  /** The longest wait between two rounds of a message that is younger than an hour. */
  private static final Duration RETRY = Duration.ofMinutes(24);

  private final Policy policy =
      new Policy(FallbackLadder.of(true, true, FallbackLadder.DEFAULT_HOLD), TlsFloors.DEFAULT);
  private final Requirement requirement =
      policy.requirementFor(
          new PolicySubject(Domain.of("example.org"), HOST, false),
          List.of(new Evidence.Default(TlsLevel.MAY)),
          START);
  private final BugLog log = new BugLog();
  private final List<Duration> waits = new ArrayList<>();
  private HostMemory memory = HostMemory.nothing();
  private Instant now = START;
  private int rounds;

  @ParameterizedTest
  @ValueSource(doubles = {0.5, 6, 30, 120, 600})
  void mailWaitsForTheHoldAndOneRetryAtMostAndNoneBounces(double anHour) throws IOException {
    Random random = new Random(7);
    Clock clock =
        new Clock() {
          @Override
          public Instant now() {
            return now;
          }

          @Override
          public long nanoTime() {
            return Duration.between(START, now).toNanos();
          }
        };
    MemorySpool spool = new MemorySpool(new QueueIds(clock, RandomSource.seeded(1), 0));
    List<Runnable> tasks = new ArrayList<>();
    Queue queue =
        new Queue(
            spool,
            t -> new NextHop.ByMx(Domain.of("example.org")),
            this::deliver,
            clock,
            RandomSource.seeded(1),
            log.log,
            QueueSettings.defaults(Domain.of("router.example")),
            CrashMarks.none(),
            (name, task) -> tasks.add(task));
    int sent = 0;
    Instant nextMail = START;
    Instant nextTick = START;
    Instant end = START.plus(Duration.ofMinutes((long) (60 * Math.min(HOURS, MESSAGES / anHour))));
    while (now.isBefore(end.plus(Duration.ofHours(2)))) {
      if (!nextMail.isAfter(now)) {
        send(queue, sent++);
        double gap = -Math.log(1 - random.nextDouble()) * 3_600_000 / anHour;
        nextMail = nextMail.plusMillis((long) gap + 1);
        nextMail = nextMail.isBefore(end) ? nextMail : Instant.MAX;
      }
      while (!tasks.isEmpty()) {
        tasks.removeFirst().run();
      }
      if (!nextTick.isAfter(now)) {
        nextTick = queue.tick();
      }
      if (tasks.isEmpty()) {
        now = nextMail.isBefore(nextTick) ? nextMail : nextTick;
      }
    }
    assertEquals(0, spool.size(), "left after " + sent);
    assertEquals(sent, waits.size(), "a bounce, or mail that was delivered twice");
    waits.sort(Comparator.naturalOrder());
    Duration most = FallbackLadder.DEFAULT_HOLD.plus(RETRY);
    Duration median = waits.get(waits.size() / 2);
    assertTrue(median.compareTo(most) <= 0, "median " + median);
    assertTrue(waits.getLast().compareTo(most) <= 0, "most " + waits.getLast());
    assertEquals(List.of(), log.bugs);
    // Once the hold is over, mail goes in its first round.
    assertTrue(rounds < 2 * sent + 100, rounds + " rounds for " + sent + " messages");
  }

  private static void send(Queue queue, int number) throws IOException {
    ReversePath path = ReversePath.of(FROM);
    Mailbox to = new Mailbox("r" + number, Domain.of("example.org"));
    try (Intake.IncomingMessage entry = queue.intake().open()) {
      entry.content().write("x\r\n".getBytes(StandardCharsets.US_ASCII));
      Recipient recipient = Recipient.direct(to, path, DsnRequest.none());
      entry.commit(new Envelope(path, MailOptions.plain(), "sim", "s", ""), List.of(recipient));
    }
  }

  /** As the delivery agent does it, at one host with one address. */
  private Map<Long, Outcome> deliver(Consignment c) {
    if (c.sender() instanceof ReversePath.Null) {
      throw new AssertionError("a notification");
    }
    rounds++;
    c.slot().greeted();
    memory = memory.at(now);
    Instant began = now;
    FallbackStep step = policy.ladder().first(requirement, memory);
    boolean every = false;
    int connections = 0;
    while (true) {
      connections++;
      Observation observation =
          step == FallbackStep.CLEAR
              ? new Observation.Unencrypted(true)
              : new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset");
      memory = memory.after(observation, step, now);
      FallbackState state =
          new FallbackState(step, connections, connections, 1, every, false, began, now, memory);
      Decision decision = policy.decide(requirement, observation, state);
      if (decision instanceof Decision.NextHost && !every) {
        every = true;
        decision = policy.decide(requirement, observation, state.afterAll(connections, now));
      }
      switch (decision) {
        case Decision.Proceed p -> {
          waits.add(Duration.between(c.arrived(), now));
          return all(c, new Outcome.Delivered("mx", "250 ok", "may:none", false, false));
        }
        case Decision.FallBack d -> step = d.to();
        case Decision.GoPlaintext t -> step = FallbackStep.CLEAR;
        case Decision.WaitForHold w -> {
          return all(c, broken(w.until()));
        }
        case Decision.NextHost n -> throw new AssertionError(n.text());
        case Decision.Defer d -> throw new AssertionError(d.text());
      }
    }
  }

  private static Outcome broken(Instant until) {
    return new Outcome.Deferred(
        new FailureCause(
                "tls-broken",
                EnhancedStatus.of("4.7.5"),
                "TLS handshake failed",
                null,
                null,
                FailureCause.Extent.NEXT_HOP)
            .until(until));
  }

  private static Map<Long, Outcome> all(Consignment c, Outcome outcome) {
    Map<Long, Outcome> out = new HashMap<>();
    for (Recipient a : c.recipients()) {
      out.put(a.key(), outcome);
    }
    return out;
  }
}
