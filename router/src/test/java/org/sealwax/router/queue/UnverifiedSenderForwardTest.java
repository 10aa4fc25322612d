package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;

/** A forward whose sender may be forged: the forged address gets no notification. */
final class UnverifiedSenderForwardTest {
  private static final Instant ARRIVED = Instant.parse("2026-11-23T12:00:00Z");
  private static final Mailbox FOREIGN_SENDER = new Mailbox("u", Domain.of("a.example"));
  private static final FailureCause CAUSE =
      new FailureCause(
          "refused", EnhancedStatus.of("5.1.1"), "no", null, null, FailureCause.Extent.RECIPIENT);

  @ParameterizedTest
  @CsvSource({
    // unvouched, outcome, hours after arrival, notices, groups held, groups that wait
    "false, refused,  1,   1, 0, 0",
    "true,  refused,  1,   0, 1, 0",
    "false, deferred, 5,   1, 0, 1",
    "true,  deferred, 5,   0, 0, 1",
    "false, deferred, 121, 1, 0, 0",
    "true,  deferred, 121, 0, 1, 0"
  })
  void isHeldInsteadOfAnswered(
      boolean unvouched, String outcome, int hours, int notified, int held, int waiting) {
    Recipient recipient =
        new Recipient(
            1,
            new DeliveryTarget.Remote(new Mailbox("alice", Domain.of("provider.example"))),
            ReversePath.of(FOREIGN_SENDER),
            new Mailbox("bugs", Domain.of("project.example")),
            false,
            unvouched,
            DsnRequest.none(),
            false,
            null);
    ReversePath sender = ReversePath.of(FOREIGN_SENDER);
    QueueStep.StepResult result =
        QueueStep.after(
            new RecipientGroup(sender, null, 0, List.of(recipient)),
            new QueueStep.About(sender, ARRIVED),
            new QueueStep.Event.RoundEnded(
                Map.of(
                    1L,
                    outcome.equals("refused")
                        ? new Outcome.Refused(CAUSE)
                        : new Outcome.Deferred(CAUSE))),
            RetrySchedule.defaults(),
            ARRIVED.plus(Duration.ofHours(hours)),
            0.5);
    assertEquals(notified, result.notified().size());
    assertEquals(held, result.held() == null ? 0 : 1);
    assertEquals(waiting, result.retry() == null ? 0 : 1);
  }
}
