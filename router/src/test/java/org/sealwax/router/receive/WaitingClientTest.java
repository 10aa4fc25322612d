package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.CommandHandler.WaitingSession;
import org.sealwax.router.queue.CutThrough;

/** When a client that waits gets its reply. */
final class WaitingClientTest {
  private static final Reply ACCEPTED = Reply.of("250 2.0.0 Ok: queued as X");

  private final List<String> events = new ArrayList<>();
  private Duration passed = Duration.ZERO;
  private Duration delivered = Duration.ofDays(1);
  private Duration gone = Duration.ofDays(1);
  private Duration ending = Duration.ofDays(1);
  private CutThrough.Result result = new CutThrough.Result.Accepted();

  private final Clock clock =
      new Clock() {
        @Override
        public Instant now() {
          return Instant.EPOCH.plus(passed);
        }

        @Override
        public long nanoTime() {
          return passed.toNanos();
        }
      };

  private final WaitingSession session =
      new WaitingSession() {
        @Override
        public boolean isClientGone() {
          return passed.compareTo(gone) >= 0;
        }

        @Override
        public boolean isEnding() {
          return passed.compareTo(ending) >= 0;
        }
      };

  private final CutThrough delivery =
      new CutThrough() {
        @Override
        public boolean await(Duration atMost) {
          Duration then = passed.plus(atMost);
          passed = delivered.compareTo(then) < 0 ? delivered : then;
          return passed.compareTo(delivered) >= 0;
        }

        @Override
        public Result end(Runnable acknowledged) {
          events.add("end at " + passed.toMillis());
          acknowledged.run();
          return result;
        }

        @Override
        public void drop() {
          events.add("drop at " + passed.toMillis());
        }
      };

  private Reply reply() throws IOException {
    return new WaitingClient(session, clock, 0)
        .reply(delivery, ACCEPTED, () -> events.add("acknowledged"));
  }

  @Test
  void theEndOfTheDeliveryIsNotWaitedForLongerThanItTakes() throws IOException {
    delivered = Duration.ofMillis(3);
    assertEquals(ACCEPTED, reply());
    assertEquals(List.of("end at 3", "acknowledged"), events);
  }

  @Test
  void aRefusalIs550WithTheStatusOfTheTarget() throws IOException {
    delivered = Duration.ofMillis(3);
    result = new CutThrough.Result.Refused(EnhancedStatus.of("5.1.1"), "no such mailbox");
    assertEquals("550 5.1.1 no such mailbox", reply().toString());
  }

  @Test
  void after60SecondsTheMessageIsInTheQueue() throws IOException {
    assertEquals(ACCEPTED, reply());
    assertEquals(List.of("end at 60000", "acknowledged"), events);
  }

  @Test
  void theTimeOfChecksAndFiltersCounts() throws IOException {
    passed = Duration.ofSeconds(59);
    assertEquals(ACCEPTED, reply());
    assertEquals(List.of("end at 60000", "acknowledged"), events);
    assertTrue(new WaitingClient(session, clock, 0).isOver());
  }

  @Test
  void aClientThatIsGoneHasItsMessageDropped() throws IOException {
    gone = Duration.ofSeconds(7);
    delivered = Duration.ofSeconds(8);
    assertEquals(451, reply().code());
    assertEquals(List.of("drop at 7000"), events);
  }

  @Test
  void aClientThatIsGoneWhenTheDeliveryEndsLateIsNotAnswered() throws IOException {
    gone = Duration.ofMillis(600);
    delivered = Duration.ofMillis(700);
    assertEquals(451, reply().code());
    assertEquals(List.of("drop at 700"), events);
  }

  @Test
  void aShutdownIsNotWaitedThrough() throws IOException {
    ending = Duration.ofSeconds(3);
    assertEquals(ACCEPTED, reply());
    assertEquals(List.of("end at 3000", "acknowledged"), events);
  }
}
