package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters.ReturnParameter;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Outcome;

/** MAIL, RCPT and content against hosts of every kind, unencrypted. */
@Timeout(120)
final class ConsignmentTransferTest {
  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private static List<String> reasons(Map<Long, Outcome> outcomes) {
    return outcomes.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(e -> reason(e.getValue()))
        .toList();
  }

  @Test
  void usesPlainSmtpWithoutExtensions() throws Exception {
    FakeHost host = net.simple();
    assertEquals("delivered may:none", reason(net.mail().one()));
    host.session(0).awaitQuit();
    assertEquals(
        List.of(
            "EHLO router.example",
            "MAIL FROM:<sender@origin.example>",
            "RCPT TO:<bob@example.org>",
            "DATA",
            "QUIT"),
        host.commands());
    assertEquals(List.of(FakeInternet.BODY), host.bodies());
  }

  @Test
  void sendsTheEnvelopeInOneWriteAndTheContentInAnother() throws Exception {
    FakeHost host = net.simple().offers("PIPELINING");
    assertEquals(
        List.of("delivered may:none", "delivered may:none"),
        reasons(net.mail().to("a", "b").deliver()));
    int envelope =
        "MAIL FROM:<sender@origin.example>\r\n".length()
            + 2 * "RCPT TO:<a@example.org>\r\n".length()
            + "DATA\r\n".length();
    List<Integer> reads = host.session(0).reads;
    assertEquals(envelope, reads.get(1));
    assertEquals(FakeInternet.BODY.length() + 1 + ".\r\n".length(), reads.get(2));
  }

  @Test
  void fallsBackToHelo() throws Exception {
    FakeHost host = net.simple().on("EHLO", "502 5.5.1 what");
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals("HELO", host.session(0).verbs().get(1));
  }

  @Test
  void settlesEachRecipientByItsOwnReply() throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host =
            net.simple()
                .offers(offers)
                .on("RCPT TO:<gone", "550 5.1.1 no such user")
                .on("RCPT TO:<grey", "451 4.7.1 Greylisting in action")
                .on("RCPT TO:<full", "552 5.2.2 full");
        Map<Long, Outcome> outcomes = net.mail().to("full", "gone", "bob", "grey").deliver();
        assertEquals(
            List.of(
                "deferred mailbox-full",
                "refused recipient-refused",
                "delivered may:none",
                "deferred greylisted"),
            reasons(outcomes));
        assertEquals(1, host.bodies().size());
      }
    }
  }

  @Test
  void endsDataWhenNoRecipientWasAccepted() throws Exception {
    FakeHost host = net.simple().offers("PIPELINING").on("RCPT", "550 5.1.1 no");
    assertEquals("refused recipient-refused", reason(net.mail().one()));
    assertEquals(List.of(""), host.bodies(), "the 354 that came too soon got an empty message");
  }

  @Test
  void aRefusedSenderIsTheMessagesAffair() throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
      try (FakeInternet net = new FakeInternet()) {
        net.simple()
            .offers(offers)
            .on("MAIL", "553 5.1.8 who")
            .on("RCPT", "503 5.5.1 MAIL first")
            .on("DATA", "503 5.5.1 no");
        assertEquals(
            List.of("refused sender-refused", "refused sender-refused"),
            reasons(net.mail().to("a", "b").deliver()));
      }
    }
  }

  @Test
  void sendsTheRestAfterTooManyRecipients() throws Exception {
    FakeHost host =
        net.simple()
            .offers("PIPELINING")
            .on("RCPT TO:<c", "452 4.5.3 too many", "250 fine")
            .on("RCPT TO:<d", "552 too many", "250 fine");
    assertEquals(4, net.mail().to("a", "b", "c", "d").deliver().size());
    assertEquals(2, host.bodies().size(), "two transactions");
    assertEquals(1, host.sessions().size(), "on one connection");
  }

  @Test
  void keepsTheLimitsThatTheHostNames() throws Exception {
    FakeHost host = net.simple().offers("PIPELINING", "LIMITS RCPTMAX=2 MAILMAX=2");
    Map<Long, Outcome> outcomes = net.mail().to("a", "b", "c", "d", "e").deliver();
    assertEquals(Set.of("delivered may:none"), Set.copyOf(reasons(outcomes)));
    assertEquals(3, host.bodies().size());
    assertEquals(2, host.sessions().size(), "MAILMAX=2, so the third goes on a new connection");
  }

  @Test
  void passesDsnParametersToHostsWithDsn() throws Exception {
    FakeHost host = net.simple().offers("DSN", "SIZE", "8BITMIME");
    FakeInternet.FakeMail mail = net.mail();
    mail.options =
        new MailOptions(
            MailOptions.BodyType.EIGHT_BIT,
            false,
            "id+2B1",
            ReturnParameter.HEADERS,
            MailOptions.TlsOption.UNSPECIFIED);
    mail.add(
        "bob",
        new DsnRequest(
            Set.of(DsnRequest.NotifyEvent.DELAY, DsnRequest.NotifyEvent.FAILURE),
            false,
            "rfc822;x@example.org"));
    mail.add("eve", new DsnRequest(Set.of(), true, null));
    // Without SMTPUTF8 the 7-bit form means the same (RFC 6533 3).
    mail.add("kim", new DsnRequest(Set.of(), false, "utf-8;j\u00fcrgen@example.org"));
    Outcome.Delivered delivered = (Outcome.Delivered) mail.one();
    assertTrue(delivered.dsnPassedOn());
    assertEquals(
        List.of(
            "MAIL FROM:<sender@origin.example> SIZE="
                + FakeInternet.BODY.length()
                + " BODY=8BITMIME RET=HDRS ENVID=id+2B1",
            "RCPT TO:<bob@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;x@example.org",
            "RCPT TO:<eve@example.org> NOTIFY=NEVER",
            "RCPT TO:<kim@example.org> ORCPT=utf-8;j\\x{FC}rgen@example.org"),
        host.commands().subList(1, 5));
    try (FakeInternet plain = new FakeInternet()) {
      FakeHost old = plain.simple();
      FakeInternet.FakeMail again = plain.mail();
      again.options = mail.options;
      again.add(
          "bob",
          new DsnRequest(Set.of(DsnRequest.NotifyEvent.SUCCESS), false, "rfc822;x@example.org"));
      assertFalse(((Outcome.Delivered) again.one()).dsnPassedOn());
      assertEquals("MAIL FROM:<sender@origin.example>", old.commands().get(1));
      assertEquals("RCPT TO:<bob@example.org>", old.commands().get(2));
    }
  }

  @Test
  void internationalMailNeedsSmtpUtf8UnlessEverythingIsAscii() throws Exception {
    FakeHost host = net.simple();
    Map<Long, Outcome> outcomes = net.mail().to("bob", "jürgen").deliver();
    assertEquals(List.of("delivered may:none", "refused smtputf8"), reasons(outcomes));
    FakeInternet.FakeMail header = net.mail().body("Subject: grüße\r\n\r\nhi\r\n");
    assertEquals(
        "refused smtputf8", reason(header.options(MailOptions.BodyType.EIGHT_BIT, true).one()));
    FakeInternet.FakeMail ascii = net.mail().body("Subject: hi\r\n\r\ngrüße\r\n");
    assertEquals(
        "delivered may:none", reason(ascii.options(MailOptions.BodyType.EIGHT_BIT, true).one()));
    assertFalse(host.commands().toString().contains("SMTPUTF8"));
    try (FakeInternet modern = new FakeInternet()) {
      FakeHost able = modern.simple().offers("SMTPUTF8", "8BITMIME");
      assertEquals("delivered may:none", reason(modern.mail().to("jürgen").one()));
      assertTrue(able.commands().get(1).endsWith(" SMTPUTF8"));
      assertEquals("RCPT TO:<jürgen@example.org>", able.commands().get(2));
    }
  }

  @Test
  void refusesMessagesLargerThanTheHostAccepts() throws Exception {
    FakeHost host = net.simple().offers("SIZE " + (FakeInternet.BODY.length() - 1));
    assertEquals("refused too-big", reason(net.mail().one()));
    assertFalse(host.session(0).verbs().contains("MAIL"));
    try (FakeInternet exact = new FakeInternet()) {
      exact.simple().offers("SIZE " + FakeInternet.BODY.length());
      assertEquals("delivered may:none", reason(exact.mail().one()));
    }
  }

  @Test
  void putsDeliveredToBeforeTheContent() throws Exception {
    FakeHost host = net.simple().offers("SIZE");
    FakeInternet.FakeMail mail = net.mail();
    mail.deliveredTo = "alias@project.example";
    assertEquals("delivered may:none", reason(mail.one()));
    String expected = "Delivered-To: alias@project.example\r\n" + FakeInternet.BODY;
    assertEquals(List.of(expected), host.bodies());
    assertTrue(host.commands().get(1).endsWith(" SIZE=" + expected.length()));
  }

  @Test
  void anAliasInUtf8IsNoReasonToNeedSmtpUtf8() throws Exception {
    FakeHost host = net.simple().offers("8BITMIME", "SIZE");
    FakeInternet.FakeMail mail = net.mail().options(MailOptions.BodyType.SEVEN_BIT, true);
    mail.deliveredTo = "jörg@project.example";
    assertEquals("delivered may:none", reason(mail.one()));
    String expected = "Delivered-To: j\\x{F6}rg@project.example\r\n" + FakeInternet.BODY;
    assertEquals(List.of(expected), host.bodies());
    assertEquals(
        "MAIL FROM:<sender@origin.example> SIZE=" + expected.length(), host.commands().get(1));
  }

  @Test
  void sendsLargeMailInOneChunkWhereItMay() throws Exception {
    FakeHost host = net.simple().offers("PIPELINING", "CHUNKING");
    String large = "Subject: large\r\n\r\n" + ".some text\r\n".repeat(50_000);
    assertEquals("delivered may:none", reason(net.mail().body(large).one()));
    assertEquals(List.of(large), host.bodies());
    assertTrue(host.commands().contains("BDAT " + large.length() + " LAST"));
    try (FakeInternet without = new FakeInternet()) {
      FakeHost old = without.simple().offers("PIPELINING");
      assertEquals("delivered may:none", reason(without.mail().body(large).one()));
      assertEquals(List.of(large), old.bodies());
    }
  }

  @Test
  void contentThatIsShorterThanItShouldBeNeverGetsItsEnd() throws Exception {
    FakeHost host = net.simple();
    FakeInternet.FakeMail mail = net.mail();
    mail.sizeClaimed = FakeInternet.BODY.length() + 1L;
    assertEquals("deferred content", reason(mail.one()));
    assertTrue(host.bodies().isEmpty());
  }

  @Test
  void bareLfInStoredContentIsNotSent() throws Exception {
    FakeHost host = net.simple();
    assertEquals("deferred internal", reason(net.mail().body("a\r\nb\n.\nc\r\n").one()));
    assertTrue(host.bodies().isEmpty());
    assertTrue(net.log.recorded("bug"));
  }

  @Test
  void theFinalReplyDecides() throws Exception {
    Map<String, String> table =
        Map.of(
            "250 ok", "delivered may:none",
            "451 4.3.0 later", "deferred message-deferred",
            "554 5.7.1 spam", "refused message-refused",
            "552 5.3.4 big", "refused too-big",
            "354 what", "deferred protocol",
            "CLOSE", "deferred lost-connection");
    for (var row : table.entrySet()) {
      try (FakeInternet net = new FakeInternet()) {
        net.simple().offers("PIPELINING").on("END", row.getKey());
        assertEquals(row.getValue(), reason(net.mail().one()), row.getKey());
      }
    }
  }

  @Test
  void everyRecipientHasOneOutcomeWhereverTheConnectionBreaks() throws Exception {
    int length = 0;
    boolean delivered = false;
    while (!delivered) {
      length++;
      assertTrue(length < 1_000, "never delivered");
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host = net.simple().offers("PIPELINING").cutAfter(length);
        Map<Long, Outcome> outcomes = net.mail().to("a", "b").deliver();
        delivered = outcomes.get(1L) instanceof Outcome.Delivered;
        assertEquals(delivered, outcomes.get(2L) instanceof Outcome.Delivered);
        for (Outcome outcome : outcomes.values()) {
          assertFalse(outcome instanceof Outcome.Refused, "a broken connection refuses nobody");
        }
        if (delivered) {
          assertEquals(1, host.bodies().size());
        }
      }
    }
    assertTrue(length > 100, "cut at only " + length + " places");
  }

  @Test
  void everyRecipientHasOneOutcomeWhereverTheHostStopsListening() throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
      boolean delivered = false;
      for (int heard = 0; !delivered; heard++) {
        assertTrue(heard < 1_000, "never delivered");
        try (FakeInternet net = new FakeInternet()) {
          FakeHost host = net.simple().offers(offers).readsAtMost(heard);
          Map<Long, Outcome> outcomes = net.mail().to("a", "b").deliver();
          delivered = outcomes.get(1L) instanceof Outcome.Delivered;
          assertEquals(delivered, outcomes.get(2L) instanceof Outcome.Delivered);
          assertEquals(delivered, host.took(), "after " + heard + " bytes");
          for (Outcome outcome : outcomes.values()) {
            assertFalse(outcome instanceof Outcome.Refused, "a broken connection refuses nobody");
          }
        }
      }
    }
  }

  @Test
  void aTransactionHasATotalTimeThatGrowsWithItsRecipientsAndItsContent() {
    SmtpTimeouts t = SmtpTimeouts.defaults();
    long mib = SmtpTimeouts.BYTES_IN_ONE_WAIT;
    int some = SmtpTimeouts.RECIPIENTS_IN_ONE_WAIT;
    assertEquals(Duration.ofMinutes(5 + 5 + 2 + 3), t.untilEndOfContent(1, 0));
    assertEquals(t.untilEndOfContent(1, 0), t.untilEndOfContent(some - 1, mib - 1));
    assertEquals(t.untilEndOfContent(1, 0).plus(t.rcpt()), t.untilEndOfContent(some, 0));
    assertEquals(t.untilEndOfContent(1, 0).plus(t.block()), t.untilEndOfContent(1, mib));
    assertEquals(
        t.untilEndOfContent(1, 0).plus(t.block().multipliedBy(50)),
        t.untilEndOfContent(1, 50 * mib));
    assertEquals(Duration.ofMinutes(20), t.finalReply());
    assertEquals(Duration.ofMinutes(6), t.authTotal());
  }

  @Test
  void slowReplyLeadsToTheNextHost() throws Exception {
    for (String[] offers : new String[][] {{}, {"PIPELINING"}}) {
      for (String where : List.of("MAIL", "RCPT", "DATA")) {
        try (FakeInternet net = new FakeInternet()) {
          net.times = SmtpTimeouts.defaults().atMost(Duration.ofMillis(200));
          FakeHost slow = net.simple().offers(offers).dribblesAt(where);
          net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
          FakeHost other = net.host("192.0.2.2");
          assertEquals("delivered may:none", reason(net.mail().one()), where);
          assertTrue(slow.bodies().isEmpty());
          assertEquals(1, other.bodies().size());
        }
      }
    }
  }

  @Test
  void aHostThatDribblesTheFinalReplyMayHaveTakenTheMessage() throws Exception {
    net.times = SmtpTimeouts.defaults().atMost(Duration.ofMillis(200));
    net.simple().dribblesAt("END");
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    FakeHost other = net.host("192.0.2.2");
    Outcome outcome = net.mail().one();
    assertEquals("deferred timeout", reason(outcome));
    assertTrue(outcome.toString().contains("too slow"), outcome.toString());
    assertTrue(other.sessions().isEmpty(), "another host would make the duplicate likely");
  }

  @Test
  void omittedDsnParametersAreNotReportedAsPassedOn() throws Exception {
    net.simple().offers("DSN").on("RCPT TO:<bob@example.org> NOTIFY", "555 5.5.4 no");
    FakeInternet.FakeMail mail = net.mail();
    mail.add("bob", new DsnRequest(Set.of(DsnRequest.NotifyEvent.SUCCESS), false, null));
    mail.add("eve", new DsnRequest(Set.of(), false, null));
    Map<Long, Outcome> outcomes = mail.deliver();
    assertFalse(((Outcome.Delivered) Objects.requireNonNull(outcomes.get(1L))).dsnPassedOn());
    assertTrue(((Outcome.Delivered) Objects.requireNonNull(outcomes.get(2L))).dsnPassedOn());
  }

  @Test
  void requireTlsSmtpUtf8AndNeededBodyAreNeverLeftOut() throws Exception {
    for (String code : List.of("555", "501", "504")) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host =
            net.simple().offers("SIZE", "SMTPUTF8", "8BITMIME").on("MAIL", code + " 5.5.4 no");
        FakeInternet.FakeMail mail = net.mail().to("jürgen").body("Subject: grüße\r\n\r\nhi\r\n");
        assertTrue(
            mail.options(MailOptions.BodyType.EIGHT_BIT, true).one() instanceof Outcome.Refused);
        List<String> asked = host.commands().stream().filter(c -> c.startsWith("MAIL")).toList();
        assertEquals(2, asked.size(), code);
        assertTrue(asked.getFirst().contains(" SIZE="));
        assertEquals("MAIL FROM:<sender@origin.example> BODY=8BITMIME SMTPUTF8", asked.getLast());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "455 4.5.4 not with these, deferred",
    "500 5.5.2 line too long, deferred",
    "501 5.5.4 what is this, refused",
    "504 5.5.4 not here, refused",
    "555 5.5.4 unknown, refused",
  })
  void refusedParametersAreLeftOutOnceAtEachCommand(String reply, String otherwise)
      throws Exception {
    for (String[] more : new String[][] {{}, {"PIPELINING"}}) {
      for (String command :
          List.of("MAIL FROM:<sender@origin.example>", "RCPT TO:<bob@example.org>")) {
        for (boolean always : new boolean[] {false, true}) {
          try (FakeInternet net = new FakeInternet()) {
            List<String> offers = new ArrayList<>(List.of(more));
            offers.addAll(List.of("DSN", "SIZE 1000000"));
            FakeHost host = net.simple().offers(offers.toArray(String[]::new));
            host.on(always ? command : command + " ", reply);
            FakeInternet.FakeMail mail = net.mail();
            DsnRequest dsn =
                new DsnRequest(Set.of(DsnRequest.NotifyEvent.SUCCESS), false, "rfc822;a@b.example");
            String outcome = reason(mail.add("bob", dsn).one());
            assertTrue(outcome.startsWith(always ? otherwise : "delivered"), outcome);
            String verb = command.substring(0, 4);
            List<String> asked = host.commands().stream().filter(c -> c.startsWith(verb)).toList();
            assertEquals(2, asked.size(), asked.toString());
            assertTrue(asked.getFirst().length() > command.length());
            assertEquals(command, asked.getLast());
          }
        }
      }
    }
  }

  @Test
  void retriesOnlyCommandsThatHadParameters() throws Exception {
    FakeHost host = net.simple().offers("DSN").on("RCPT", "501 5.1.3 bad address");
    assertEquals("refused recipient-refused", reason(net.mail().one()));
    assertEquals(1, host.commands().stream().filter(c -> c.startsWith("RCPT")).count());
  }

  @Test
  void aFullMailboxIsNotTooManyRecipients() throws Exception {
    FakeHost host =
        net.simple()
            .on("RCPT TO:<full", "552 5.2.2 full")
            .on("RCPT TO:<banned", "552 5.7.1 not for you");
    Map<Long, Outcome> outcomes = net.mail().to("bob", "full", "banned").deliver();
    assertEquals(
        List.of("delivered may:none", "deferred mailbox-full", "refused recipient-refused"),
        reasons(outcomes));
    assertEquals(
        "4.2.2",
        ((Outcome.Deferred) Objects.requireNonNull(outcomes.get(2L))).cause().status().toString());
    assertEquals(1, host.commands().stream().filter(c -> c.startsWith("MAIL")).count());
  }

  @Test
  void connectionsOfProbesCarryNoMail() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    FakeHost host = net.simple();
    net.agent()
        .recipientVerifier()
        .probe(
            new org.sealwax.mail.address.Mailbox(
                "bob", org.sealwax.mail.address.Domain.of("example.org")),
            new org.sealwax.router.queue.NextHop.ByMx(
                org.sealwax.mail.address.Domain.of("example.org")));
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(2, host.sessions().size());
    assertFalse(host.session(0).verbs().contains("DATA"));
  }

  @Test
  void messageThatBreaksTheReceiverDoesNotPauseTheNextHop() throws Exception {
    for (String stage : List.of("MAIL", "RCPT", "DATA", "END")) {
      try (FakeInternet net = new FakeInternet()) {
        net.simple().on(stage, FakeHost.CLOSE);
        Outcome.Deferred deferred = (Outcome.Deferred) net.mail().one();
        assertEquals(
            org.sealwax.router.queue.FailureCause.Extent.TRANSACTION,
            deferred.cause().scope(),
            stage);
      }
    }
  }

  @Test
  void aLoneHostThatDribblesDefers() throws Exception {
    net.times = SmtpTimeouts.defaults().atMost(Duration.ofMillis(200));
    net.simple().dribblesAt("RCPT");
    assertEquals("deferred timeout", reason(net.mail().one()));
  }
}
