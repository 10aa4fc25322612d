package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/** What the outcomes of a round say about its next hop. */
final class RoundResultTest {
  private static final Outcome DELIVERED = new Outcome.Delivered("mx", "250", "none", true, false);

  private static Outcome deferred(Cause.Extent extent) {
    return new Outcome.Deferred(
        new Cause("r", EnhancedStatus.of(4, 0, 0), "t", null, null, extent));
  }

  private static RoundResult of(boolean greeted, Outcome... outcomes) {
    List<QueuedRecipient> recipients = new ArrayList<>();
    Map<Long, Outcome> byKey = new HashMap<>();
    for (int i = 0; i < outcomes.length; i++) {
      Mailbox to = new Mailbox("r" + i, Domain.of("to.example"));
      recipients.add(
          new QueuedRecipient(i, new Target.Remote(to), to, false, DsnWish.none(), false, null));
      byKey.put((long) i, outcomes[i]);
    }
    return RoundResult.of(recipients, byKey, greeted);
  }

  @Test
  void theNextHopIsUnreachableOnlyWhenEveryOutcomeSaysSo() {
    Outcome dead = deferred(Cause.Extent.NEXT_HOP);
    assertInstanceOf(RoundResult.Unreachable.class, of(false, dead, dead));
    assertInstanceOf(RoundResult.Unreachable.class, of(true, dead), "its TLS is broken");
    assertInstanceOf(RoundResult.Answered.class, of(true, dead, DELIVERED));
    assertInstanceOf(RoundResult.Nothing.class, of(false, dead, deferred(Cause.Extent.MESSAGE)));
  }

  @Test
  void aFailureAfterMailNamesWhomItConcerned() {
    RoundResult result =
        of(true, DELIVERED, deferred(Cause.Extent.TRANSACTION), deferred(Cause.Extent.RECIPIENT));
    assertEquals(
        Set.of("r1@to.example"),
        assertInstanceOf(RoundResult.FailedAfterMail.class, result).recipients());
  }

  @Test
  void aSlowedSenderIsNoFailedMessage() {
    assertInstanceOf(
        RoundResult.SenderSlowed.class,
        of(true, deferred(Cause.Extent.TRANSACTION), deferred(Cause.Extent.SENDER)));
  }

  @Test
  void aBusyAddressIsNoRound() {
    Outcome busy = new Outcome.Deferred(Cause.busy("mx"));
    assertInstanceOf(RoundResult.Busy.class, of(false, busy, busy));
    assertInstanceOf(RoundResult.Answered.class, of(true, busy, DELIVERED));
  }

  @Test
  void aReplyOrAGreetingIsAnAnswerAndSilenceIsNone() {
    Outcome lookUp = deferred(Cause.Extent.MESSAGE);
    assertInstanceOf(RoundResult.Nothing.class, of(false, lookUp));
    assertInstanceOf(RoundResult.Answered.class, of(true, lookUp));
    Cause greylisted =
        new Cause(
            "greylisted",
            EnhancedStatus.of(4, 7, 1),
            "later",
            "mx",
            Reply.of(451, "later"),
            Cause.Extent.RECIPIENT);
    assertInstanceOf(RoundResult.Answered.class, of(false, new Outcome.Deferred(greylisted)));
    assertInstanceOf(RoundResult.Answered.class, of(false, new Outcome.Refused(greylisted)));
    assertInstanceOf(
        RoundResult.Nothing.class, RoundResult.of(List.of(), Map.of(), false), "no outcome");
  }
}
