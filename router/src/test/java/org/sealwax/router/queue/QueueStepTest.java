package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.QueueStep.NoticeKind;

/** What follows from what, over the whole small space of wishes, senders and outcomes. */
final class QueueStepTest {
  private static final Instant ARRIVED = Instant.parse("2026-06-01T00:00:00Z");
  private static final RetrySchedule SCHEDULE = RetrySchedule.defaults();
  private static final ReversePath SENDER = ReversePath.of(QueueTest.mailbox("s@from.example"));
  private static final FailureCause CAUSE =
      new FailureCause(
          "refused",
          EnhancedStatus.of("5.1.1"),
          "no",
          "mx[192.0.2.1]:25",
          Reply.of(550, EnhancedStatus.of("5.1.1"), "no"),
          FailureCause.Extent.RECIPIENT);

  private static List<Outcome> outcomes() {
    return List.of(
        new Outcome.Delivered("mx", "250", "none", false, false),
        new Outcome.Delivered("mx", "250", "none", true, false),
        new Outcome.Delivered("|p", "0", "none", false, true),
        new Outcome.Deferred(CAUSE),
        new Outcome.Refused(CAUSE),
        new Outcome.Held(CAUSE));
  }

  private static List<DsnRequest> dsnRequests() {
    List<DsnRequest> all = new ArrayList<>();
    all.add(new DsnRequest(Set.of(), true, null));
    for (int bits = 0; bits < 8; bits++) {
      Set<DsnRequest.NotifyEvent> when = EnumSet.noneOf(DsnRequest.NotifyEvent.class);
      int bit = 1;
      for (DsnRequest.NotifyEvent w : DsnRequest.NotifyEvent.values()) {
        if ((bits & bit) != 0) {
          when.add(w);
        }
        bit *= 2;
      }
      all.add(new DsnRequest(when, false, null));
    }
    return all;
  }

  private static RecipientGroup group(
      ReversePath sender, DsnRequest dsn, boolean hold, boolean notified) {
    var to = QueueTest.mailbox("r@to.example");
    return new RecipientGroup(
        sender,
        null,
        0,
        List.of(
            new Recipient(
                3, new DeliveryTarget.Remote(to), sender, to, false, hold, dsn, notified, null)));
  }

  /** The notification that an admin gave a message up also has the reason of the wait. */
  @Test
  void recipientGivenUpByTheAdminKeepsItsLastReason() {
    DsnRequest dsn = new DsnRequest(Set.of(), false, null);
    RecipientGroup waiting =
        group(SENDER, dsn, false, false)
            .with(
                List.of(
                    group(SENDER, dsn, false, false)
                        .recipients()
                        .getFirst()
                        .waitingFor(CAUSE, false)));
    for (RecipientGroup group : List.of(waiting, group(SENDER, dsn, false, false))) {
      QueueStep.StepResult result =
          QueueStep.after(
              group,
              new QueueStep.About(SENDER, ARRIVED),
              new QueueStep.Event.GivenUpByAdmin("me"),
              SCHEDULE,
              ARRIVED,
              0);
      FailureCause cause = Objects.requireNonNull(result.notified().getFirst().recipient().last());
      assertTrue(cause.text().startsWith("The message was bounced by me."), cause.text());
      assertTrue(QueueStep.isGivenUp(cause));
      assertEquals("The message was bounced by me.", QueueStep.givenUpText(cause));
      if (group.equals(waiting)) {
        assertTrue(cause.text().endsWith(" Until then: no"), cause.text());
        assertEquals(CAUSE.reply(), cause.reply());
        assertEquals(CAUSE.status(), cause.status());
      }
    }
  }

  @Test
  void everyRecipientHasOneOutcomeAndNullSenderIsNeverNotified() {
    int cases = 0;
    for (ReversePath sender : List.of(ReversePath.nullPath(), SENDER)) {
      for (DsnRequest dsn : dsnRequests()) {
        for (boolean hold : List.of(true, false)) {
          for (boolean notified : List.of(true, false)) {
            for (Duration age :
                List.of(Duration.ofMinutes(1), Duration.ofHours(5), Duration.ofDays(6))) {
              for (Outcome outcome : outcomes()) {
                check(sender, dsn, hold, notified, age, outcome);
                cases++;
              }
            }
          }
        }
      }
    }
    assertEquals(2 * 9 * 2 * 2 * 3 * 6, cases);
  }

  private static void check(
      ReversePath sender,
      DsnRequest dsn,
      boolean hold,
      boolean notified,
      Duration age,
      Outcome outcome) {
    String what = sender + " " + dsn + " " + hold + " " + notified + " " + age + " " + outcome;
    Instant now = ARRIVED.plus(age);
    QueueStep.StepResult r =
        QueueStep.after(
            group(sender, dsn, hold, notified),
            new QueueStep.About(sender, ARRIVED),
            new QueueStep.Event.RoundEnded(Map.of(3L, outcome)),
            SCHEDULE,
            now,
            0.5);
    boolean waits = r.retry() != null;
    boolean held = r.held() != null;
    boolean delivered = outcome instanceof Outcome.Delivered;
    boolean bounced = r.lines().getFirst().what() == TraceEntry.RecipientEvent.BOUNCED;
    assertEquals(
        1, (waits ? 1 : 0) + (held ? 1 : 0) + (delivered ? 1 : 0) + (bounced ? 1 : 0), what);
    boolean isNull = sender instanceof ReversePath.Null;
    if (isNull) {
      assertTrue(r.notified().isEmpty(), what);
      assertTrue(!bounced, what);
    }
    boolean over = age.compareTo(SCHEDULE.lifetime()) >= 0;
    boolean failed =
        outcome instanceof Outcome.Refused || outcome instanceof Outcome.Deferred && over;
    assertEquals(failed && !isNull && !hold, bounced, what);
    boolean wantsFailure =
        !dsn.never()
            && (dsn.when().isEmpty() || dsn.when().contains(DsnRequest.NotifyEvent.FAILURE));
    assertEquals(
        bounced && wantsFailure,
        r.notified().stream().anyMatch(t -> t.notice() == NoticeKind.FAILED),
        what);
    boolean wantsDelay =
        !dsn.never() && (dsn.when().isEmpty() || dsn.when().contains(DsnRequest.NotifyEvent.DELAY));
    boolean late = age.compareTo(SCHEDULE.delayNotice()) >= 0;
    // A recipient whose failure would not be notified gets no delay notification either:
    // backscatter.
    assertEquals(
        waits && late && !notified && wantsDelay && !isNull && !hold,
        r.notified().stream().anyMatch(t -> t.notice() == NoticeKind.DELAYED),
        what);
    if (waits) {
      QueueStep.RetryLater again = r.retry();
      assertNotNull(again);
      assertTrue(again.due().isAfter(now), what);
      assertEquals(1, again.group().rounds());
    }
  }

  @Test
  void aMissingOutcomeDefersAndNeverBounces() {
    QueueStep.StepResult r =
        QueueStep.after(
            group(SENDER, DsnRequest.none(), false, false),
            new QueueStep.About(SENDER, ARRIVED),
            new QueueStep.Event.RoundEnded(Map.of()),
            SCHEDULE,
            ARRIVED,
            0);
    assertNotNull(r.retry());
    assertEquals("unknown", r.retry().group().reason());
  }

  @Test
  void pausedNextHopCountsNoRoundAndMailStillExpires() {
    QueueStep.Event paused = new QueueStep.Event.HopPaused(CAUSE, ARRIVED.plus(Duration.ofDays(9)));
    RecipientGroup group = group(SENDER, DsnRequest.none(), false, false);
    QueueStep.About about = new QueueStep.About(SENDER, ARRIVED);
    QueueStep.StepResult early = QueueStep.after(group, about, paused, SCHEDULE, ARRIVED, 0);
    assertNotNull(early.retry());
    assertEquals(0, early.retry().group().rounds());
    assertEquals(ARRIVED.plus(SCHEDULE.lifetime()), early.retry().due());
    QueueStep.StepResult over =
        QueueStep.after(group, about, paused, SCHEDULE, ARRIVED.plus(SCHEDULE.lifetime()), 0);
    assertNull(over.retry());
    assertEquals(NoticeKind.FAILED, over.notified().getFirst().notice());
  }

  @Test
  void waitsGrowJitterAndEndAtTheLifetime() {
    Instant now = ARRIVED;
    int rounds = 0;
    Duration before = Duration.ZERO;
    while (!SCHEDULE.isOver(ARRIVED, now)) {
      Instant early = SCHEDULE.next(++rounds, ARRIVED, now, 0);
      Instant late = SCHEDULE.next(rounds, ARRIVED, now, 1);
      assertTrue(!late.isBefore(early));
      Instant next = SCHEDULE.next(rounds, ARRIVED, now, 0.5);
      Duration wait = Duration.between(now, next);
      assertTrue(wait.compareTo(before) >= 0 || SCHEDULE.isOver(ARRIVED, next), "round " + rounds);
      before = wait;
      now = next;
    }
    assertEquals(ARRIVED.plus(SCHEDULE.lifetime()), now);
    assertTrue(rounds > 30 && rounds < 50, "rounds " + rounds);
  }

  @Test
  void recordsComeBackAsTheyWereAndCutOnesAreRefused() throws IOException {
    for (DsnRequest dsn : dsnRequests()) {
      var to = QueueTest.mailbox("r\u00e9 \"x\"@to.example");
      RecipientGroup group =
          new RecipientGroup(
              SENDER,
              "alias@project.example",
              7,
              List.of(
                  new Recipient(
                      0, new DeliveryTarget.Remote(to), SENDER, to, true, true, dsn, true, CAUSE),
                  new Recipient(
                      9,
                      new DeliveryTarget.Pipe("bugs", to),
                      SENDER,
                      QueueTest.mailbox("o@to.example"),
                      true,
                      false,
                      dsn,
                      false,
                      null)));
      byte[] bytes = QueueRecordCodec.GROUP.write(group);
      assertEquals(group, QueueRecordCodec.GROUP.read(bytes));
      for (int n = 0; n < bytes.length; n++) {
        byte[] cut = java.util.Arrays.copyOf(bytes, n);
        org.junit.jupiter.api.Assertions.assertThrows(
            IOException.class, () -> QueueRecordCodec.GROUP.read(cut));
      }
    }
    for (MailOptions.TlsOption tls : MailOptions.TlsOption.values()) {
      MailOptions options =
          new MailOptions(MailOptions.BodyType.EIGHT_BIT, true, "id", ReturnParameter.HEADERS, tls);
      Envelope e = new Envelope(SENDER, options, "o", "s", "t", "", 3);
      assertEquals(e, QueueRecordCodec.ENVELOPE.read(QueueRecordCodec.ENVELOPE.write(e)));
    }
    for (FailureCause.Extent extent : FailureCause.Extent.values()) {
      FailureCause cause =
          new FailureCause("r", EnhancedStatus.of("4.7.0"), "t", null, null, extent);
      for (FailureCause one : List.of(cause, cause.asRemembered())) {
        Recipient r =
            group(SENDER, DsnRequest.none(), false, false)
                .recipients()
                .getFirst()
                .waitingFor(one, false);
        RecipientGroup group = new RecipientGroup(SENDER, null, 1, List.of(r));
        FailureCause.Extent kept =
            extent == FailureCause.Extent.SENDER || extent == FailureCause.Extent.TRANSACTION
                ? FailureCause.Extent.MESSAGE
                : extent;
        assertEquals(
            group.with(List.of(r.waitingFor(one.withExtent(kept), false))),
            QueueRecordCodec.GROUP.read(QueueRecordCodec.GROUP.write(group)));
      }
    }
  }

  @Test
  void ledgerOnlyDeferralIsHeldADayBeforeExpiryAndNeverBounced() {
    Instant due = ARRIVED.plus(SCHEDULE.lifetime()).minus(RetrySchedule.HELD_BEFORE_THE_END);
    for (boolean remembered : List.of(true, false)) {
      for (Instant now :
          List.of(due.minusSeconds(1), due, ARRIVED.plus(SCHEDULE.lifetime()).plusSeconds(9))) {
        FailureCause cause = remembered ? CAUSE.asRemembered() : CAUSE;
        RecipientGroup group = group(SENDER, DsnRequest.none(), false, true);
        for (QueueStep.Event event :
            List.of(
                new QueueStep.Event.RoundEnded(Map.of(3L, new Outcome.Deferred(cause))),
                new QueueStep.Event.HopPaused(cause, now.plusSeconds(60)))) {
          QueueStep.StepResult result =
              QueueStep.after(
                  group, new QueueStep.About(SENDER, ARRIVED), event, SCHEDULE, now, 0.5);
          boolean held = remembered && !now.isBefore(due);
          assertEquals(held, result.held() != null, event + " " + now);
          assertEquals(
              !held && now.isAfter(due.plus(RetrySchedule.HELD_BEFORE_THE_END)),
              result.notified().stream().anyMatch(t -> t.notice() == NoticeKind.FAILED));
        }
      }
    }
    // A short lifetime: half of it is left for a person.
    RetrySchedule brief =
        new RetrySchedule(SCHEDULE.waits(), 0, Duration.ofHours(10), Duration.ZERO);
    assertTrue(brief.isHoldDue(ARRIVED, ARRIVED.plus(Duration.ofHours(5))));
    assertEquals(false, brief.isHoldDue(ARRIVED, ARRIVED.plus(Duration.ofHours(5)).minusMillis(1)));
  }
}
