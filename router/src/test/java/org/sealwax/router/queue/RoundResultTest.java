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
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/** What the outcomes of a round say about its next hop. */
final class RoundResultTest {
  private static final Outcome DELIVERED = new Outcome.Delivered("mx", "250", "none", true, false);

  private static Outcome deferred(FailureCause.Extent extent) {
    return new Outcome.Deferred(
        new FailureCause("r", EnhancedStatus.of("4.0.0"), "t", null, null, extent));
  }

  private static RoundResult of(boolean greeted, Outcome... outcomes) {
    List<Recipient> recipients = new ArrayList<>();
    Map<Long, Outcome> byKey = new HashMap<>();
    for (int i = 0; i < outcomes.length; i++) {
      Mailbox to = new Mailbox("r" + i, Domain.of("to.example"));
      recipients.add(TestRecipients.of(i, new DeliveryTarget.Remote(to), DsnRequest.none()));
      byKey.put((long) i, outcomes[i]);
    }
    return RoundResult.of(recipients, byKey, greeted);
  }

  @Test
  void nextHopIsUnreachableOnlyWhenEveryOutcomeIs() {
    Outcome dead = deferred(FailureCause.Extent.NEXT_HOP);
    assertInstanceOf(RoundResult.NextHopUnreachable.class, of(false, dead, dead));
    assertInstanceOf(RoundResult.NextHopUnreachable.class, of(true, dead), "its TLS is broken");
    assertInstanceOf(RoundResult.Answered.class, of(true, dead, DELIVERED));
    assertInstanceOf(
        RoundResult.NothingLearned.class, of(false, dead, deferred(FailureCause.Extent.MESSAGE)));
  }

  @Test
  void failureAfterMailNamesTheRecipientsConcerned() {
    RoundResult result =
        of(
            true,
            DELIVERED,
            deferred(FailureCause.Extent.TRANSACTION),
            deferred(FailureCause.Extent.RECIPIENT));
    assertEquals(
        Set.of("r1@to.example"),
        assertInstanceOf(RoundResult.FailedAfterMail.class, result).recipients());
  }

  @Test
  void aSlowedSenderIsNoFailedMessage() {
    assertInstanceOf(
        RoundResult.SenderSlowed.class,
        of(true, deferred(FailureCause.Extent.TRANSACTION), deferred(FailureCause.Extent.SENDER)));
  }

  @Test
  void aBusyAddressIsNoRound() {
    Outcome busy = new Outcome.Deferred(FailureCause.busy("mx"));
    assertInstanceOf(RoundResult.Busy.class, of(false, busy, busy));
    assertInstanceOf(RoundResult.Answered.class, of(true, busy, DELIVERED));
  }

  @Test
  void aReplyOrAGreetingIsAnAnswerAndSilenceIsNone() {
    Outcome lookUp = deferred(FailureCause.Extent.MESSAGE);
    assertInstanceOf(RoundResult.NothingLearned.class, of(false, lookUp));
    assertInstanceOf(RoundResult.Answered.class, of(true, lookUp));
    FailureCause greylisted =
        new FailureCause(
            "greylisted",
            EnhancedStatus.of("4.7.1"),
            "later",
            "mx",
            Reply.of(451, "later"),
            FailureCause.Extent.RECIPIENT);
    assertInstanceOf(RoundResult.Answered.class, of(false, new Outcome.Deferred(greylisted)));
    assertInstanceOf(RoundResult.Answered.class, of(false, new Outcome.Refused(greylisted)));
    assertInstanceOf(
        RoundResult.NothingLearned.class, RoundResult.of(List.of(), Map.of(), false), "no outcome");
  }
}
