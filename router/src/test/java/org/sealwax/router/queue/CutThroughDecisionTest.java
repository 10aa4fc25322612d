package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/** The reply to a client that waits, for each outcome. */
final class CutThroughDecisionTest {
  private static final String REMOTE = "zyxwv@target.example";

  private static Reply reply(String text) {
    String[] words = text.split(" ", 3);
    EnhancedStatus status = EnhancedStatus.parse(words[1]).orElse(null);
    String rest = status == null ? text.substring(4) : words.length > 2 ? words[2] : "";
    return new Reply(
        Integer.parseInt(words[0]), status, List.of((status == null ? "" : " ") + rest));
  }

  private static FailureCause cause(Reply reply) {
    EnhancedStatus status = reply.status();
    return new FailureCause(
        "recipient-refused",
        status == null ? new EnhancedStatus(reply.code() / 100, 0, 0) : status,
        "host mx.target.example said: " + reply,
        "mx.target.example",
        reply,
        FailureCause.Extent.RECIPIENT);
  }

  private static String refused(Outcome outcome) {
    CutThroughDecision.Refused refused =
        assertInstanceOf(CutThroughDecision.Refused.class, CutThroughDecision.of(outcome));
    String text = refused.status() + " " + refused.text();
    assertFalse(text.contains("zyxwv") || text.contains("target.example"), text);
    // It must fit into one line of a reply.
    assertFalse(Reply.of("550 " + text).toString().contains("\n"), text);
    return text;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "550 5.1.1 " + REMOTE + " unknown; 5.1.1 the recipient's mailbox does not exist",
        "550 user unknown " + REMOTE + "; 5.1.1 the recipient's mailbox does not exist",
        "550 5.0.0 user unknown; 5.1.1 the recipient's mailbox does not exist",
        "550 5.2.1 disabled; 5.2.1 the recipient's mailbox does not exist",
        "552 5.2.2 full; 5.2.2 the recipient's mailbox is full",
        "550 over quota; 5.2.2 the recipient's mailbox is full",
        "552 5.3.4 too big; 5.3.4 message too large for the recipient's server",
        "550 5.7.26 unauthenticated; 5.7.26 message rejected by the recipient's server: SPF, DKIM or DMARC did not pass",
        "550 5.7.515 not authenticated; 5.7.515 message rejected by the recipient's server: SPF, DKIM or DMARC did not pass",
        "554 5.7.1 spam message; 5.7.1 message rejected by the recipient's server: spam or malware",
        "554 virus found in "
            + REMOTE
            + "; 5.7.1 message rejected by the recipient's server: spam or malware",
        "550 5.6.0 bad header; 5.6.0 message rejected by the recipient's server: malformed or not supported",
        "550 5.7.1 no; 5.7.1 message rejected by the recipient's server: its rules forbid it",
        "554 no; 5.0.0 message rejected by the recipient's server",
      })
  void aRefusalOfTheMessageOrTheRecipientIsOurs(String remote, String ours) {
    assertEquals(ours, refused(new Outcome.Refused(cause(reply(remote)))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "550 5.7.25 no PTR record",
        "550 5.7.606 banned sending IP",
        "550 5.7.1 on our block list",
        "550 5.7.28 unusual rate from your IP address",
        "550 5.7.28 SPF domain",
        "550 5.7.29 needs TLS",
        "550 5.7.10 encryption needed",
      })
  void aRefusalOfThisServerIsForTheQueueWhichTriesAgain(String remote) {
    CutThroughDecision decision = CutThroughDecision.of(new Outcome.Refused(cause(reply(remote))));
    Outcome tried = assertInstanceOf(CutThroughDecision.Queued.class, decision).outcome();
    FailureCause later = assertInstanceOf(Outcome.Deferred.class, tried).cause();
    assertEquals(4, later.status().kind());
    assertEquals(reply(remote), later.reply());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "450 4.7.1 greylisted",
        "452 4.2.2 mailbox full",
        "421 4.7.28 slow down",
        "451 4.0.0 try again",
        "530 5.7.0 authentication required",
        "500 5.5.2 unknown command",
        "552 5.5.3 too many recipients",
      })
  void whatIsDeferredIsForTheQueue(String remote) {
    Outcome deferred = new Outcome.Deferred(cause(reply(remote)));
    assertEquals(new CutThroughDecision.Queued(deferred), CutThroughDecision.of(deferred));
  }

  /** The queue would try again for days what the reply to the client can say now. */
  @Test
  void aFullMailboxIsRefusedThoughTheQueueWouldWaitForIt() {
    assertEquals(
        "5.2.2 the recipient's mailbox is full",
        refused(new Outcome.Deferred(cause(reply("552 5.2.2 mailbox full")))));
  }

  @Test
  void ourOwnRefusalsNeedNoReply() {
    for (String[] row :
        new String[][] {
          {"5.1.2", "5.1.2 the recipient's mailbox does not exist"},
          {"5.1.10", "5.1.10 the recipient's mailbox does not exist"},
          {"5.3.4", "5.3.4 message too large for the recipient's server"},
          {"5.6.7", "5.6.7 message rejected by the recipient's server: malformed or not supported"},
          {
            "5.7.30",
            "5.7.30 the recipient's server does not offer the TLS that this message demands"
          },
          {"5.4.6", "5.4.6 message rejected by the recipient's server"},
        }) {
      FailureCause cause =
          new FailureCause(
              "own",
              EnhancedStatus.parse(row[0]).orElseThrow(),
              "mx.target.example offers no more",
              "mx.target.example",
              null,
              FailureCause.Extent.MESSAGE);
      assertEquals(row[1], refused(new Outcome.Refused(cause)));
    }
  }

  @Test
  void whatWasNotTriedOrIsHeldIsForTheQueue() {
    FailureCause cause = cause(reply("550 5.1.1 unknown"));
    Outcome held = new Outcome.Held(cause);
    assertEquals(new CutThroughDecision.Queued(held), CutThroughDecision.of(held));
    assertEquals(new CutThroughDecision.Queued(null), CutThroughDecision.of(null));
    assertEquals(
        new CutThroughDecision.Queued(null),
        CutThroughDecision.of(new Outcome.Deferred(FailureCause.busy("mx"))));
  }

  /** No text and no status leads to a wrong kind of status, or to words of the other side. */
  @Test
  void everyReplyHasADecision() {
    String[] texts = {"", "spam", "user unknown", "PTR record", "zyxwv", "block list", "quota"};
    List<EnhancedStatus> statuses =
        Stream.concat(
                Stream.<EnhancedStatus>builder().add(null).build(),
                Stream.iterate(0, s -> s < 8, s -> s + 1)
                    .flatMap(
                        s ->
                            Stream.iterate(0, d -> d < 40, d -> d + 1)
                                .flatMap(
                                    d ->
                                        Stream.of(
                                            new EnhancedStatus(5, s, d),
                                            new EnhancedStatus(4, s, d)))))
            .toList();
    int refusals = 0;
    for (String text : texts) {
      for (EnhancedStatus status : statuses) {
        Reply reply = new Reply(550, status, List.of(" " + text));
        for (Outcome outcome :
            Arrays.asList(new Outcome.Refused(cause(reply)), new Outcome.Deferred(cause(reply)))) {
          if (CutThroughDecision.of(outcome) instanceof CutThroughDecision.Refused refused) {
            refusals++;
            assertEquals(5, refused.status().kind());
            assertFalse(refused.text().contains("zyxwv"));
          }
        }
      }
    }
    assertTrue(refusals > 0);
  }
}
