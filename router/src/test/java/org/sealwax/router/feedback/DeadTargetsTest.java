package org.sealwax.router.feedback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Recipient;
import org.sealwax.testkit.net.ManualClock;

/** When a target counts as dead. */
final class DeadTargetsTest {
  private static final Reply UNKNOWN = Reply.of("550 5.1.1 no such user");
  private static final Duration DAY = Duration.ofDays(1);

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-01T12:00:00Z"));
  private final RecordingMailLog log = new RecordingMailLog();
  private final DeadTargets dead = new DeadTargets(clock, log.log());

  private static Recipient recipient(String alias, String target) {
    return new Recipient(
        new DeliveryTarget.Remote(new Mailbox(target, Domain.of("provider.example"))),
        ReversePath.nullPath(),
        new Mailbox(alias, Domain.of("project.example")),
        true,
        true,
        DsnRequest.none());
  }

  private void days(int days, Reply reply) {
    for (int i = 0; i < days; i++) {
      dead.refused(recipient("team", "dev"), reply);
      dead.refused(recipient("Team", "dev"), reply);
      clock.pass(DAY);
    }
  }

  @Test
  void sevenDaysRunningMakeATargetDeadAndOneDeliveryEndsThat() {
    days(6, UNKNOWN);
    assertEquals(List.of(), dead.sentences());
    assertEquals(0, dead.count());
    days(1, UNKNOWN);
    assertEquals(
        List.of(
            "dead alias: team@project.example leads to dev@provider.example, which has answered"
                + " \"unknown user\" on 7 consecutive days, since 2026-11-01; remove it from the"
                + " aliases"),
        dead.sentences());
    assertEquals(1, dead.count());
    assertEquals(1, log.facts().stream().filter(f -> f.startsWith("warning")).count());
    days(2, UNKNOWN);
    assertTrue(dead.sentences().getFirst().contains("on 9 consecutive days"));
    assertEquals(1, log.facts().stream().filter(f -> f.startsWith("warning")).count(), "once");
    dead.delivered(recipient("TEAM", "dev"));
    assertEquals(List.of(), dead.sentences());
  }

  @Test
  void aDayWithoutTheReplyBeginsAgain() {
    days(6, UNKNOWN);
    clock.pass(DAY);
    days(6, UNKNOWN);
    assertEquals(List.of(), dead.sentences());
    days(1, UNKNOWN);
    assertEquals(1, dead.sentences().size());
    clock.pass(DAY);
    assertEquals(List.of(), dead.sentences(), "no mail goes there any more");
  }

  @Test
  void otherRepliesAndOtherTargetsDoNotCount() {
    days(10, Reply.of("550 5.7.1 spam"));
    days(10, Reply.of("450 4.1.1 unknown user, try later"));
    days(10, Reply.of("552 5.2.2 mailbox full"));
    assertEquals(List.of(), dead.sentences());
    for (int i = 0; i < 7; i++) {
      dead.refused(recipient("team", "dev" + i), UNKNOWN);
      clock.pass(DAY);
    }
    assertEquals(List.of(), dead.sentences());
  }

  /** Senders choose the names of a catch-all alias. */
  @Test
  void namesAreBoundedAndThoseOfEndedRunsMakeWay() {
    for (int i = 0; i < DeadTargets.MOST + 5; i++) {
      dead.refused(recipient("x" + i, "dev"), UNKNOWN);
    }
    assertEquals(DeadTargets.MOST, dead.takeChanged().size());
    days(2, UNKNOWN); // no space yet
    days(7, UNKNOWN);
    assertEquals(1, dead.count());
  }

  @Test
  void whatChangedIsHandedOverOnceAndTheNextProcessGoesOn() {
    days(6, UNKNOWN);
    Map<AliasTarget, DeadTargets.@Nullable DailyRun> changed = dead.takeChanged();
    assertEquals(1, changed.size());
    assertEquals(Map.of(), dead.takeChanged());
    dead.changedAgain(changed.keySet());
    assertEquals(changed, dead.takeChanged());
    DeadTargets next = new DeadTargets(clock, log.log());
    next.load(Map.copyOf(changed));
    next.refused(recipient("team", "dev"), UNKNOWN);
    assertEquals(1, next.count());
    next.delivered(recipient("team", "dev"));
    assertEquals(1, next.takeChanged().size());
  }
}
