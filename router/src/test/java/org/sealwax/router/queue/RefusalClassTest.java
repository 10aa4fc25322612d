package org.sealwax.router.queue;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/** Replies of large receivers and of the registry, and texts that only look like them. */
final class RefusalClassTest {
  private static Reply reply(String text) {
    List<String> lines = new ArrayList<>();
    int code = Integer.parseInt(text.substring(0, 3));
    String first = text.substring(4).split(" ", 2)[0];
    EnhancedStatus status = EnhancedStatus.parse(first).orElse(null);
    for (String line : text.split("\\|")) {
      String rest = line.length() > 4 ? line.substring(4) : "";
      lines.add(status == null ? rest : rest.substring(Math.min(rest.length(), first.length())));
    }
    return new Reply(code, status, lines);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        // Gmail
        "sender-authentication; 550-5.7.26 Your email has been blocked because the sender is|550 5.7.26 unauthenticated.",
        "sender-authentication; 550 5.7.27 This email has been blocked because SPF did not pass",
        "sender-authentication; 550 5.7.30 This email has been blocked because DKIM did not pass",
        "rate-limit-spf-domain; 421-4.7.28 Gmail has detected an unusual rate of mail originating from your|421 4.7.28 SPF domain",
        "rate-limit-dkim-domain; 421-4.7.28 unusual rate of unsolicited mail originating from your|421 4.7.28 DKIM domain",
        "rate-limit-url; 421 4.7.28 unusual rate of unsolicited email containing one of your URL domains",
        "rate-limit-ip; 421 4.7.28 unusual rate of unsolicited email originating from your IP Netblock",
        "rate-limit-ip; 421-4.7.0 unusual rate of unsolicited mail originating from your IP address",
        "no-ptr; 550 5.7.25 The IP address sending this message does not have a PTR record",
        "no-ptr; 550 5.7.1 does not meet IPv6 sending guidelines regarding PTR records",
        "content; 550-5.7.1 [192.0.2.1 12] Our system has detected that this message is|550 5.7.1 likely unsolicited mail",
        "unknown-user; 550-5.1.1 The email account that you tried to reach does not exist",
        "mailbox-full; 452 4.2.2 The recipient's inbox is out of storage space",
        "temporary; 450 4.2.1 The user you are trying to contact is receiving email too quickly",
        "size; 552 5.3.4 Your message exceeded size limits",
        "tls; 550 5.7.29 This message was not sent over a TLS connection",
        // Microsoft
        "sender-authentication; 550 5.7.515 Access denied, sending domain a.example does not meet the required authentication level.",
        "rate-limit-ip; 550 5.7.606 Access denied, banned sending IP [192.0.2.1].",
        "rate-limit-ip; 550 5.7.649 Access denied, banned sending IP [192.0.2.1].",
        "rate-limit-ip; 451 4.7.650 The mail server [192.0.2.5] has been temporarily rate limited due to IP reputation.",
        "rate-limit-ip; 550 5.7.1 Unfortunately, messages from [192.0.2.5] weren't sent: part of their network is on our block list (S3150)",
        // Yahoo
        "rate-limit-ip; 421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume",
        "rate-limit-ip; 553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred",
        "rate-limit-ip; 553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.1",
        "content; 554 Message not allowed - [PH01] Email not accepted for policy reasons.",
        "sender-authentication; 554 5.7.9 Message not accepted for policy reasons.",
        // Others
        "greylisting; 450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted",
        "greylisting; 451 Graylisting in action",
        "unknown-user; 550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "unknown-user; 550 No such user here",
        "mailbox-full; 552 5.2.2 full",
        "policy; 554 5.7.1 Access denied",
        "tls; 530 5.7.10 Encryption needed",
        "tls; 550 5.7.30 REQUIRETLS support required",
        "format; 550 5.6.0 bad MIME",
        "format; 501 5.5.4 bad argument",
        "temporary; 451 later",
        "unknown; 550 no",
        "unknown; 554 5.0.0 Transaction failed",
      })
  void eachReplyHasItsClass(String word, String text) {
    assertEquals(word, RefusalClass.of(reply(text)).word());
  }

  @Test
  void digitsInATextAndLettersThatLookAlikeAreNotAStatusOrAWord() {
    for (String text :
        List.of(
            "550 see 5.7.26",
            "550 5.0.0 5.7.26 unauthenticated",
            "554 5.0.0 ſpam", // a long s
            "554 5.0.0 ѕpam", // Cyrillic
            "554 5.0.0 s\u0001pam",
            "554 5.0.0 ｓｐａｍ",
            "554 5.0.0 " + "x".repeat(RefusalTable.MOST_TEXT) + " spam")) {
      assertEquals(RefusalClass.UNKNOWN, RefusalClass.of(reply(text)), text);
    }
    assertEquals(RefusalClass.CONTENT, RefusalClass.of(reply("554 5.0.0 SPAM")));
  }

  @Test
  void aLongReplyIsReadToItsLimitOnly() {
    String line = "a".repeat(64);
    Reply huge = new Reply(550, null, new ArrayList<>(java.util.Collections.nCopies(1024, line)));
    assertEquals(RefusalClass.UNKNOWN, RefusalClass.of(huge));
    String fits = "x".repeat(RefusalTable.MOST_TEXT - 4) + "spam";
    assertEquals(RefusalClass.CONTENT, RefusalClass.of(Reply.of(550, fits)));
    assertEquals(RefusalClass.UNKNOWN, RefusalClass.of(Reply.of(550, "x" + fits)));
  }

  @Test
  void theWordsAreLabelsOfMetrics() {
    Set<String> words = new HashSet<>();
    Arrays.stream(RefusalClass.values()).forEach(c -> words.add(c.word()));
    assertEquals(RefusalClass.values().length, words.size());
    assertTrue(words.stream().allMatch(w -> w.matches("[a-z-]+")), words.toString());
  }

  private static Recipient recipient(String domain, boolean forwarded) {
    return new Recipient(
        new DeliveryTarget.Remote(new Mailbox("a", Domain.of(domain))),
        ReversePath.nullPath(),
        new Mailbox("alias", Domain.of("project.example")),
        forwarded,
        forwarded,
        DsnRequest.none());
  }

  private static ReversePath from(String domain) {
    return ReversePath.of(new Mailbox("u", Domain.of(domain)));
  }

  /** One organisation receives the mail of many domains. */
  @Test
  void theSummaryNamesTheOrganisationOfTheNextHopAndTheSendersDomain() {
    RefusalTally tally = new RefusalTally();
    Reply dmarc = reply("550 5.7.26 unauthenticated");
    for (int i = 0; i < 30; i++) {
      tally.add(
          recipient("at" + i + ".example", true),
          from("example.org"),
          i % 2 == 0 ? "gmail-smtp-in.l.google.com[192.0.2.1]:25" : "aspmx.l.google.com[::1]:25",
          dmarc);
    }
    tally.add(
        recipient("own.example", false),
        from("project.example"),
        "mx.own.example[192.0.2.2]:25",
        dmarc);
    tally.add(
        recipient("hotmail.example", true),
        ReversePath.nullPath(),
        "x.mail.protection.outlook.com[192.0.2.3]:25",
        reply("550 5.1.1 none"));
    tally.add(recipient("bare.example", true), from("b.example"), null, reply("550 5.1.1 none"));
    tally.add(
        recipient("bare.example", false),
        from("a.example"),
        "192.0.2.1[192.0.2.1]:25",
        reply("550 5.1.1 x"));
    assertEquals(
        List.of(
            "Gmail refused 30 forwards of mail from example.org: mail of a domain with a p=reject"
                + " policy that is authenticated by SPF only cannot be forwarded"
                + " (sender-authentication)",
            "Microsoft refused 1 forward of mail from <>: the address does not exist; remove it"
                + " from the aliases (unknown-user)",
            "bare.example refused 1 recipient of mail from a.example: the address does not exist"
                + " (unknown-user)",
            "bare.example refused 1 forward of mail from b.example: the address does not exist;"
                + " remove it from the aliases (unknown-user)",
            "own.example refused 1 recipient of mail from project.example: SPF, DKIM or DMARC did"
                + " not pass; sealwax doctor shows what is wrong with our domains"
                + " (sender-authentication)"),
        tally.take());
    assertEquals(List.of(), tally.take());
  }

  @Test
  void theSummaryIsBounded() {
    RefusalTally tally = new RefusalTally();
    Reply dmarc = reply("550 5.7.26 unauthenticated");
    int more = RefusalTally.MOST_GROUPS + 10;
    for (int i = 0; i < more; i++) {
      tally.add(recipient("gmail.example", true), from("d" + i + ".example"), null, dmarc);
    }
    List<String> lines = tally.take();
    assertEquals(RefusalTally.MOST_LINES + 1, lines.size());
    assertEquals(more - RefusalTally.MOST_LINES + " more recipients were refused", lines.getLast());
  }
}
