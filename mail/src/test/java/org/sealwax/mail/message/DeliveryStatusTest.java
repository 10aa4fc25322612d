package org.sealwax.mail.message;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.message.DeliveryStatus.DsnAction;
import org.sealwax.mail.message.DeliveryStatus.DsnRecipient;
import org.sealwax.mail.message.DeliveryStatus.ReturnedContent;
import org.sealwax.mail.smtp.EnhancedStatus;

/** Notifications as people and programs read them. */
final class DeliveryStatusTest {
  private static final Instant NOW = Instant.parse("2026-06-01T12:00:00Z");

  private static Mailbox mailbox(String local) {
    return new Mailbox(local, Domain.of("example.org"));
  }

  private static DsnRecipient failed(Mailbox to, @Nullable String reply) {
    return new DsnRecipient(
        DsnAction.FAILED,
        to,
        null,
        "5.1.1",
        "There is no such recipient.",
        "mx.example.org[192.0.2.1]:25",
        reply,
        null,
        null);
  }

  private static String written(List<DsnRecipient> recipients, ReturnedContent returned)
      throws IOException {
    DeliveryStatus status =
        new DeliveryStatus(
            "DSN00000001",
            "MSG00000001",
            "router.example",
            mailbox("sender"),
            NOW,
            NOW.minusSeconds(60),
            "env+2B1",
            recipients,
            returned);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    status.writeTo(out);
    return out.toString(StandardCharsets.UTF_8);
  }

  private static ReturnedContent.FullMessage whole(String content) {
    return new ReturnedContent.FullMessage(
        new ByteArrayInputStream(content.getBytes(StandardCharsets.UTF_8)));
  }

  @Test
  void hasTheThreePartsOfRfc6522AndTheFieldsOfRfc3464() throws IOException {
    String text =
        written(
            List.of(failed(mailbox("gone"), "550 5.1.1 no such user")),
            whole("Subject: x\r\n\r\nbody\r\n"));
    for (String part :
        List.of(
            "To: <sender@example.org>\r\n",
            "Auto-Submitted: auto-replied\r\n",
            "Date: Mon, 1 Jun 2026 12:00:00 +0000\r\n",
            "Original-Envelope-Id: env+1\r\nReporting-MTA: dns; router.example\r\n",
            "Arrival-Date: Mon, 1 Jun 2026 11:59:00 +0000\r\n",
            "Final-Recipient: rfc822; gone@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
            "mx.example.org[192.0.2.1]:25 said: 550 5.1.1 no such user\r\n",
            "Content-Type: message/rfc822\r\n",
            "\r\n\r\nSubject: x\r\n\r\nbody\r\n")) {
      assertTrue(text.contains(part), part + " in " + text);
    }
    String boundary = "--=_DSN00000001.MSG00000001";
    assertEquals(5, text.split(java.util.regex.Pattern.quote(boundary), -1).length);
    assertTrue(text.endsWith(boundary + "--\r\n"));
    assertFalse(text.replace("\r\n", "").contains("\n"), "bare LF");
    for (String line : text.split("\r\n", -1)) {
      assertTrue(line.length() <= 78, line);
    }
  }

  /** The first paragraph of each kind, as its reader sees it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          FAILED    | could not be delivered to the recipients below. It will not be tried again.
          DELAYED   | has not been delivered to the recipients below yet. You do not need to do \
          anything or send it again: delivery will be tried again automatically.
          DELIVERED | was delivered to the recipients below.
          RELAYED   | was relayed for the recipients below to a mail server that does not confirm \
          deliveries. You may get no further notification.
          EXPANDED  | was sent to an address that stands for several addresses, and was forwarded \
          to them. You will be notified only if a delivery fails.
          """)
  void beginsWithWhatHappened(DsnAction action, String what) throws IOException {
    DsnRecipient one =
        new DsnRecipient(action, mailbox("list"), null, "2.0.0", "", null, null, null, null);
    String text = written(List.of(one), new ReturnedContent.Nothing()).replace("\r\n", " ");
    assertTrue(
        text.contains(" Your message of Mon, 1 Jun 2026 11:59:00 +0000 " + what + " "), text);
  }

  /** What comes back is named, and nothing is promised that does not. */
  @Test
  void namesWhatIsAttached() throws IOException {
    List<DsnRecipient> gone = List.of(failed(mailbox("gone"), null));
    assertTrue(
        written(gone, whole("Subject: x\r\n\r\n"))
            .replace("\r\n", " ")
            .contains(" Your message is attached. "));
    assertFalse(written(gone, new ReturnedContent.Nothing()).contains("attached"));
    byte[] header = "Subject: x\r\n\r\n".getBytes(StandardCharsets.UTF_8);
    assertTrue(
        written(gone, new ReturnedContent.HeaderOnly(new ByteArrayInputStream(header)))
            .replace("\r\n", " ")
            .contains(" The header of your message is attached. "));
  }

  /** Greylisting is a policy, too, and the sender must not read that its message was rejected. */
  @Test
  void mailThatIsTriedAgainIsNotCalledRejected() {
    EnhancedStatus greylisted = new EnhancedStatus(4, 7, 1);
    assertEquals("The mail server asks to try again later.", StatusSentence.ofDelay(greylisted));
    assertTrue(StatusSentence.of(greylisted).contains("rejected"));
    assertEquals("The mailbox is full.", StatusSentence.ofDelay(new EnhancedStatus(4, 2, 2)));
  }

  @Test
  void showsTheTlsLevelsInWords() throws IOException {
    DsnRecipient relayed =
        new DsnRecipient(
            DsnAction.RELAYED, mailbox("a"), null, "2.0.0", "", "mx", "250 ok", "may:none", null);
    String text = written(List.of(relayed), new ReturnedContent.Nothing());
    assertTrue(text.contains("    TLS level: required may, actual none\r\n"), text);
  }

  @Test
  void textFromOutsideStartsNoLineOfItsOwn() throws IOException {
    String text =
        written(
            List.of(failed(mailbox("gone"), "550 no\r\nAction: delivered\r\n\r\n--=_x")),
            new ReturnedContent.Nothing());
    assertFalse(text.contains("\nAction: delivered"), text);
    assertFalse(text.contains("\n--=_x"), text);
  }

  @Test
  void usesTheInternationalFormsWhereAnAddressIsNotAscii() throws IOException {
    String text =
        written(List.of(failed(mailbox("b\u00fccher"), null)), whole("Subject: x\r\n\r\n"));
    assertTrue(text.contains("Content-Type: message/global-delivery-status\r\n"));
    assertTrue(text.contains("Final-Recipient: utf-8; b\u00fccher@example.org\r\n"));
    assertTrue(text.contains("Content-Type: message/global\r\n"));
  }

  @Test
  void returnsOnlyABoundedHeader() throws IOException {
    String line = "X-Filler: " + "a".repeat(60) + "\r\n";
    byte[] long32k =
        DeliveryStatus.headerOf(
            new ByteArrayInputStream(line.repeat(2000).getBytes(StandardCharsets.US_ASCII)));
    assertTrue(long32k.length <= DeliveryStatus.MAX_HEADER);
    assertEquals(0, long32k.length % line.length());
    byte[] header =
        DeliveryStatus.headerOf(
            new ByteArrayInputStream(
                "A: b\r\nC: d\r\n\r\nsecret".getBytes(StandardCharsets.US_ASCII)));
    assertEquals("A: b\r\nC: d\r\n", new String(header, StandardCharsets.US_ASCII));
  }

  @Test
  void textListsFiftyRecipientsAndReportListsAll() throws IOException {
    List<DsnRecipient> many = new ArrayList<>();
    for (int i = 0; i < 51; i++) {
      many.add(failed(mailbox("r" + i), null));
    }
    String text = written(many, new ReturnedContent.Nothing());
    assertTrue(text.contains("And 1 more"));
    assertTrue(text.contains("Final-Recipient: rfc822; r50@example.org"));
    assertFalse(text.contains("<r50@example.org>"));
  }

  @Test
  void aHeaderWithUtf8ComesBackAsAGlobalMessage() throws IOException {
    DsnRecipient gone = failed(mailbox("gone"), "550 5.1.1 no");
    String whole = written(List.of(gone), whole("Subject: b\u00fccher\r\n\r\nbody\r\n"));
    assertTrue(whole.contains("Content-Type: message/global\r\n"), whole);
    assertTrue(whole.contains("Content-Type: message/delivery-status\r\n"), whole);
    assertTrue(
        written(List.of(gone), whole("Subject: x\r\n\r\nb\u00fccher\r\n"))
            .contains("Content-Type: message/rfc822\r\n"));
    String header =
        written(
            List.of(gone),
            new ReturnedContent.HeaderOnly(
                new ByteArrayInputStream(
                    "Subject: b\u00fccher\r\n\r\n".getBytes(StandardCharsets.UTF_8))));
    assertTrue(header.contains("Content-Type: message/global-headers\r\n"), header);
    assertTrue(header.contains("Subject: b\u00fccher\r\n"), header);
  }

  /** RFC 6532 3.7 has UTF-8 only: a header in another charset is what it always was. */
  @ParameterizedTest
  @CsvSource({"gone", "b\u00fccher"})
  void aHeaderInAnotherCharsetIsNotGlobal(String recipient) throws IOException {
    byte[] content = "Subject: b\u00fccher\r\n\r\nbody\r\n".getBytes(StandardCharsets.ISO_8859_1);
    DsnRecipient gone = failed(mailbox(recipient), "550 5.1.1 no");
    String whole =
        written(List.of(gone), new ReturnedContent.FullMessage(new ByteArrayInputStream(content)));
    assertTrue(
        whole.contains(
            "Content-Type: message/rfc822\r\n"
                + "Content-Description: Your message\r\n"
                + "Content-Transfer-Encoding: 8bit\r\n"),
        whole);
    String header =
        written(List.of(gone), new ReturnedContent.HeaderOnly(new ByteArrayInputStream(content)));
    assertTrue(header.contains("Content-Type: text/rfc822-headers\r\n"), header);
  }

  /** Programs that read bounces look for a Diagnostic-Code, also without a reply of a server. */
  @Test
  void thereIsAReasonAlsoWithoutAReply() throws IOException {
    String text = written(List.of(failed(mailbox("gone"), null)), new ReturnedContent.Nothing());
    assertTrue(text.contains("Diagnostic-Code: X-Sealwax; There is no such recipient.\r\n"), text);
  }

  /** The bounce parser of Mailman 3 finds each recipient, and whether it is given up or late. */
  @Test
  void anotherProgramFindsTheRecipients() throws Exception {
    Path python = Path.of("/usr/bin/python3");
    boolean ci = System.getenv("CI") != null;
    assumeTrue(ci || Files.isExecutable(python), "no python3");
    List<String> notices =
        List.of(
            written(List.of(failed(mailbox("a"), "550 5.1.1 no such user")), whole("X: y\r\n\r\n")),
            written(List.of(failed(mailbox("b"), null)), new ReturnedContent.Nothing()),
            written(
                List.of(failed(mailbox("c"), "552 5.2.2 full"), failed(mailbox("d"), null)),
                whole("Subject: b\u00fccher\r\n\r\n")),
            written(
                List.of(
                    new DsnRecipient(
                        DsnAction.DELAYED,
                        mailbox("e"),
                        null,
                        "4.4.1",
                        "The mail server does not answer.",
                        null,
                        null,
                        null,
                        NOW)),
                whole("X: y\r\n\r\n")),
            written(
                List.of(
                    new DsnRecipient(
                        DsnAction.RELAYED,
                        mailbox("f"),
                        null,
                        "2.0.0",
                        "",
                        null,
                        null,
                        null,
                        null)),
                new ReturnedContent.Nothing()));
    StringBuilder input = new StringBuilder();
    for (String notice : notices) {
      input.append(HexFormat.of().formatHex(notice.getBytes(StandardCharsets.UTF_8))).append('\n');
    }
    Process process =
        new ProcessBuilder(
                python.toString(),
                "-c",
                """
                import sys, email
                notices = sys.stdin.read().split()
                from flufl.bounce import all_failures
                for l in notices:
                  late, gone = all_failures(email.message_from_bytes(bytes.fromhex(l)))
                  print(b' '.join(sorted(late)).decode() + '/' + b' '.join(sorted(gone)).decode())
                """)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (OutputStream to = process.getOutputStream()) {
      to.write(input.toString().getBytes(StandardCharsets.US_ASCII));
    }
    String found = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assumeTrue(process.waitFor() == 0 || ci, "no python3-flufl.bounce");
    assertEquals(
        List.of(
            "/a@example.org",
            "/b@example.org",
            "/c@example.org d@example.org",
            "e@example.org/",
            "/"),
        found.lines().toList());
  }

  /** Texts of others must not make a notification need SMTPUTF8. */
  @Test
  void repliesAndOriginalRecipientsDoNotMakeItInternational() throws IOException {
    DsnRecipient r =
        new DsnRecipient(
            DsnAction.FAILED,
            mailbox("gone"),
            "utf-8;b\u00fccher@example.org",
            "5.1.1",
            "",
            "mx.example.org[192.0.2.1]:25",
            "550 5.1.1 kein Empf\u00e4nger",
            null,
            null);
    String text = written(List.of(r), new ReturnedContent.Nothing());
    assertTrue(text.contains("Content-Type: message/delivery-status\r\n"), text);
    assertTrue(text.contains("Original-Recipient: utf-8; b\\x{FC}cher@example.org\r\n"), text);
    String programs = text.substring(text.indexOf("message/delivery-status"));
    assertTrue(programs.chars().allMatch(c -> c < 0x80), programs);
    assertTrue(text.contains("said: 550 5.1.1 kein Empf\u00e4nger\r\n"), text);
  }
}
