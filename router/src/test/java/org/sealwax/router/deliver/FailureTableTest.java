package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.InvalidReplyException;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;

/** Row by row: what a failure means. */
final class FailureTableTest {
  @ParameterizedTest
  @CsvSource({
    // stage, code, text, course, reason, extent
    "AUTH, 421, bye, NEXT_HOST, service-closing, NEXT_HOP",
    "AUTH, 454, later, DEFER, auth, NEXT_HOP",
    "AUTH, 535, wrong, DEFER, auth, NEXT_HOP",
    "MAIL, 421, bye, NEXT_HOST, service-closing, TRANSACTION",
    "MAIL, 450, busy, NEXT_HOST, sender-deferred, MESSAGE",
    "MAIL, 452, full, NEXT_HOST, no-storage, MESSAGE",
    "MAIL, 500, what, NEXT_HOST, protocol, MESSAGE",
    "MAIL, 501, syntax, REFUSE, sender-refused, MESSAGE",
    "MAIL, 503, order, NEXT_HOST, protocol, MESSAGE",
    "MAIL, 523, encryption needed, NEXT_HOST, auth-required, TRANSACTION",
    "MAIL, 530, STARTTLS first, NEXT_HOST, auth-required, TRANSACTION",
    "MAIL, 535, who, NEXT_HOST, auth-required, TRANSACTION",
    "MAIL, 538, encryption needed, NEXT_HOST, auth-required, TRANSACTION",
    "MAIL, 550, no, REFUSE, sender-refused, MESSAGE",
    "MAIL, 504, parameters, REFUSE, parameter, MESSAGE",
    "MAIL, 552, big, REFUSE, too-big, MESSAGE",
    "MAIL, 552, 5.7.1 no, REFUSE, sender-refused, MESSAGE",
    "MAIL, 552, 5.2.2 full, NEXT_HOST, mailbox-full, MESSAGE",
    "MAIL, 555, parameters, REFUSE, parameter, MESSAGE",
    "MAIL, 354, what, NEXT_HOST, protocol, MESSAGE",
    "RCPT, 421, bye, NEXT_HOST, service-closing, TRANSACTION",
    "RCPT, 450, no, NEXT_HOST, recipient-deferred, RECIPIENT",
    "RCPT, 450, Greylisted for 5 minutes, NEXT_HOST, greylisted, RECIPIENT",
    "RCPT, 451, graylisting, NEXT_HOST, greylisted, RECIPIENT",
    "RCPT, 452, full, NEXT_HOST, no-storage, RECIPIENT",
    "RCPT, 452, 4.2.2 full, NEXT_HOST, mailbox-full, RECIPIENT",
    "RCPT, 452, 4.5.3 many, NEXT_HOST, too-many-recipients, RECIPIENT",
    "RCPT, 501, syntax, REFUSE, recipient-refused, RECIPIENT",
    "RCPT, 503, order, NEXT_HOST, protocol, MESSAGE",
    "RCPT, 530, auth, NEXT_HOST, auth-required, TRANSACTION",
    "RCPT, 550, no, REFUSE, recipient-refused, RECIPIENT",
    "RCPT, 504, need a whole name, REFUSE, parameter, RECIPIENT",
    "RCPT, 552, full, NEXT_HOST, mailbox-full, RECIPIENT",
    "RCPT, 552, 5.0.0 full, NEXT_HOST, mailbox-full, RECIPIENT",
    "RCPT, 552, 5.2.2 full, NEXT_HOST, mailbox-full, RECIPIENT",
    "RCPT, 552, 5.5.3 many, NEXT_HOST, too-many-recipients, RECIPIENT",
    "RCPT, 552, 5.7.1 no, REFUSE, recipient-refused, RECIPIENT",
    "RCPT, 552, 5.7.25 no, REFUSE, recipient-refused, RECIPIENT",
    "RCPT, 552, 5.3.4 big, REFUSE, recipient-refused, RECIPIENT",
    "RCPT, 555, parameters, REFUSE, parameter, RECIPIENT",
    "RCPT, 556, no mail, REFUSE, recipient-refused, RECIPIENT",
    "DATA, 421, bye, NEXT_HOST, service-closing, TRANSACTION",
    "DATA, 451, 4.7.28 too many, NEXT_HOST, data-deferred, SENDER",
    "DATA, 451, no, NEXT_HOST, data-deferred, MESSAGE",
    "DATA, 503, order, NEXT_HOST, protocol, MESSAGE",
    "DATA, 504, what, NEXT_HOST, protocol, MESSAGE",
    "DATA, 552, 5.2.2 full, NEXT_HOST, mailbox-full, MESSAGE",
    "DATA, 554, no, REFUSE, message-refused, MESSAGE",
    "DATA, 250, what, NEXT_HOST, protocol, MESSAGE",
    "END, 421, bye, NEXT_HOST, service-closing, TRANSACTION",
    "END, 421, 4.7.28 unusual rate, NEXT_HOST, service-closing, SENDER",
    "END, 421, 4.7.28 rate from your IP Netblock, NEXT_HOST, service-closing, TRANSACTION",
    "END, 421, 4.7.280 no such status, NEXT_HOST, service-closing, TRANSACTION",
    "END, 421, bye from 14.7.28.1, NEXT_HOST, service-closing, TRANSACTION",
    "END, 550, 5.7.28 unusual rate, REFUSE, message-refused, MESSAGE",
    "END, 451, no, NEXT_HOST, message-deferred, MESSAGE",
    "END, 451, greylisted, NEXT_HOST, greylisted, MESSAGE",
    "END, 550, spam, REFUSE, message-refused, MESSAGE",
    "END, 552, big, REFUSE, too-big, MESSAGE",
    "END, 552, 5.7.0 attachment, REFUSE, message-refused, MESSAGE",
    "END, 552, 5.2.2 full, NEXT_HOST, mailbox-full, MESSAGE",
    "END, 354, what, DEFER, protocol, MESSAGE",
  })
  void means(String stage, int code, String text, String action, String reason, String extent) {
    FailureMeaning meaning =
        FailureTable.of(TransactionStage.valueOf(stage), reply(code, text), "mx");
    assertEquals(action, meaning.action().name());
    assertEquals(reason, meaning.cause().reason());
    assertEquals(extent, meaning.cause().scope().name());
  }

  private static Reply reply(int code, String text) {
    String first = text.split(" ", 2)[0];
    return EnhancedStatus.parse(first)
        .map(status -> Reply.of(code, status, text.substring(first.length()).strip()))
        .orElseGet(() -> Reply.of(code, text));
  }

  @Test
  void onlyRefusalsHaveAPermanentStatusAndEveryReplyHasAMeaning() {
    for (TransactionStage stage : TransactionStage.values()) {
      for (int code = 200; code <= 599; code++) {
        FailureMeaning meaning = FailureTable.of(stage, Reply.of(code, ""), "mx");
        boolean refuses = meaning.action() == FailureMeaning.FailureAction.REFUSE;
        assertEquals(refuses ? 5 : 4, meaning.cause().status().kind(), stage + " " + code);
        assertTrue(!refuses || code >= 500, "only 5yz refuses");
        assertNotEquals("unknown", meaning.cause().reason(), stage + " " + code);
      }
    }
  }

  /** A text has a class and chooses a word; what happens to the mail is up to code and status. */
  @Test
  void noTextChangesWhatIsDone() {
    List<String> texts =
        List.of(
            "greylisted",
            "graylisting",
            "user unknown",
            "spam",
            "mailbox full",
            "unusual rate from your SPF domain",
            "unusual rate from your IP address",
            "[TSS04] [PH01] [BL21]",
            "too large");
    for (TransactionStage stage : TransactionStage.values()) {
      for (int code = 400; code <= 599; code++) {
        for (String status : List.of("", "7.1", "7.28", "1.1", "2.2", "3.4")) {
          EnhancedStatus own =
              EnhancedStatus.parse(code / 100 + "." + status)
                  .filter(s -> !status.isEmpty())
                  .orElse(null);
          FailureMeaning.FailureAction plain =
              FailureTable.of(stage, new Reply(code, own, List.of("no")), "mx").action();
          for (String text : texts) {
            FailureMeaning meaning =
                FailureTable.of(stage, new Reply(code, own, List.of(text)), "mx");
            assertEquals(plain, meaning.action(), () -> stage + " " + own + " " + text);
          }
        }
      }
    }
  }

  @Test
  void theHostsOwnStatusIsKeptUnlessItContradicts() {
    Reply own = Reply.of(550, EnhancedStatus.of("5.1.1"), "no such user");
    assertEquals(
        "5.1.1", FailureTable.of(TransactionStage.RCPT, own, "mx").cause().status().toString());
    Reply full = Reply.of(552, EnhancedStatus.of("5.2.2"), "full");
    assertEquals(
        "4.2.2", FailureTable.of(TransactionStage.RCPT, full, "mx").cause().status().toString());
  }

  @Test
  void lostConnectionsDeferAndAfterTheEndNoOtherHostIsTried() {
    for (TransactionStage stage : TransactionStage.values()) {
      FailureMeaning lost = FailureTable.lost(stage, new IOException("reset"), "mx");
      assertEquals(
          stage == TransactionStage.END
              ? FailureMeaning.FailureAction.DEFER
              : FailureMeaning.FailureAction.NEXT_HOST,
          lost.action());
      assertEquals("lost-connection", lost.cause().reason());
      assertTrue(lost.cause().text().startsWith("lost connection with mx"), lost.cause().text());
      FailureMeaning over =
          FailureTable.lost(
              stage,
              new InvalidReplyException(InvalidReplyException.Kind.TOO_LONG, "too long"),
              "mx");
      assertTrue(over.cause().text().startsWith("no valid reply from mx"), over.cause().text());
      FailureMeaning silent = FailureTable.lost(stage, new SocketTimeoutException("slow"), "mx");
      assertEquals("timeout", silent.cause().reason());
      FailureMeaning slow = FailureTable.tooSlow(stage, Duration.ofMinutes(15), "mx");
      FailureCause.Extent extent =
          stage == TransactionStage.AUTH
              ? FailureCause.Extent.NEXT_HOP
              : FailureCause.Extent.TRANSACTION;
      assertEquals(extent, lost.cause().scope());
      assertEquals(extent, silent.cause().scope());
      assertEquals(extent, slow.cause().scope());
      assertEquals(lost.action(), slow.action());
      assertEquals("timeout", slow.cause().reason());
      assertTrue(slow.cause().text().contains("the time limit of 900 s"), slow.cause().text());
    }
  }

  @Test
  void failuresOfOurResolverDoNotPauseTheNextHop() {
    assertEquals(
        FailureCause.Extent.MESSAGE, FailureTable.dns("example.org", "SERVFAIL").cause().scope());
    for (DeferReason reason : DeferReason.values()) {
      boolean isLookup = reason == DeferReason.DANE_LOOKUP || reason == DeferReason.STS_PENDING;
      assertEquals(
          isLookup ? FailureCause.Extent.MESSAGE : FailureCause.Extent.NEXT_HOP,
          FailureTable.policy(reason, "why", null).scope(),
          reason.name());
    }
  }

  private static ConsignmentTransfer transfer() {
    try (FakeInternet net = new FakeInternet()) {
      return net.agent().transfer(net.mail().to("bob").consignment());
    }
  }

  private static Outcome.Deferred end(ConsignmentTransfer transfer) {
    Map<Long, Outcome> outcomes = transfer.end();
    assertEquals(1, outcomes.size());
    return (Outcome.Deferred) outcomes.values().iterator().next();
  }

  @Test
  void oneDeliveredMessageMarksTheNextHopReachable() {
    ConsignmentTransfer transfer = transfer();
    transfer.hostSkipped(
        FailureTable.of(TransactionStage.MAIL, Reply.of(421, "bye"), "mx1").cause());
    transfer.hostSkipped(FailureTable.policy(DeferReason.CONNECT, "no answer", "mx2"));
    Outcome.Deferred end = end(transfer);
    assertEquals("connect", end.cause().reason());
    assertEquals(FailureCause.Extent.TRANSACTION, end.cause().scope());
  }

  @Test
  void theEarliestEndOfAHoldIsKept() {
    Instant soon = Instant.parse("2026-06-01T00:30:00Z");
    ConsignmentTransfer transfer = transfer();
    FailureCause broken = FailureTable.policy(DeferReason.TLS_BROKEN, "broken", "mx1");
    transfer.hostSkipped(broken.until(soon.plusSeconds(60)));
    transfer.hostSkipped(broken.until(soon));
    transfer.hostSkipped(FailureTable.policy(DeferReason.CONNECT, "no answer", "mx3"));
    Outcome.Deferred end = end(transfer);
    assertEquals(soon, end.cause().until());
    assertEquals(FailureCause.Extent.NEXT_HOP, end.cause().scope());
  }
}
