package org.sealwax.router.feedback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.feedback.SampleReports.ABUSE;
import static org.sealwax.router.feedback.SampleReports.BOUNCE;
import static org.sealwax.router.feedback.SampleReports.NAMESPACED;
import static org.sealwax.router.feedback.SampleReports.XML;
import static org.sealwax.router.feedback.SampleReports.bytes;
import static org.sealwax.router.feedback.SampleReports.gzip;
import static org.sealwax.router.feedback.SampleReports.zip;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.feedback.AggregateReport.AggregateRow;
import org.sealwax.router.feedback.AggregateReport.Disposition;
import org.sealwax.router.feedback.AggregateReport.Evaluation;

/** Reports of all three kinds, and what an attacker makes of them. */
final class ReportParsersTest {
  private static final Mailbox DEV = new Mailbox("dev", Domain.of("provider.example"));

  private static AggregateReport read(byte[] packed) {
    return switch (FeedbackReader.aggregate(packed)) {
      case ReportParse.Report<AggregateReport>(AggregateReport report) -> report;
      case ReportParse.Unreadable<AggregateReport>(String why) -> throw new AssertionError(why);
    };
  }

  private static String flaw(byte[] packed) {
    return assertInstanceOf(ReportParse.Unreadable.class, FeedbackReader.aggregate(packed)).why();
  }

  private static String flaw(String xml) {
    return flaw(bytes(xml));
  }

  @Test
  void anAggregateReportIsReadInEachPacking() {
    Map<AggregateRow, Long> messages =
        Map.of(
            new AggregateRow(
                new ReportSource("192.0.2.1"), new Evaluation(true, true, Disposition.NONE)),
            12L,
            new AggregateRow(
                new ReportSource("2001:db8::25"),
                new Evaluation(false, false, Disposition.QUARANTINE)),
            3L);
    AggregateReport expected =
        new AggregateReport(
            "receiver.example",
            "17273883",
            Instant.ofEpochSecond(1_764_460_800),
            Instant.ofEpochSecond(1_764_547_199),
            Domain.of("project.example"),
            messages,
            0);
    for (byte[] packed : List.of(bytes(XML), gzip(bytes(XML)), zip(bytes(XML)))) {
      assertEquals(expected, read(packed));
    }
    AggregateReport present = read(gzip(bytes(NAMESPACED)));
    assertEquals(
        12L,
        present
            .messages()
            .get(
                new AggregateRow(
                    new ReportSource("192.0.2.1"), new Evaluation(true, true, Disposition.PASS))));
    assertEquals(
        expected,
        read(XML.replace("UTF-8", "UTF-16").getBytes(StandardCharsets.UTF_16)),
        "with a byte order mark");
  }

  @Test
  void entitiesAndDeclarationsAreRefusedAndNothingOutsideIsRead(@TempDir Path folder)
      throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), "project.example");
    String head = "<?xml version=\"1.0\"?>";
    for (String doctype :
        List.of(
            "<!DOCTYPE feedback>",
            "<!DOCTYPE feedback SYSTEM \"" + secret.toUri() + "\">",
            "<!DOCTYPE feedback PUBLIC \"x\" \"http://127.0.0.1:1/x\">",
            "<!DOCTYPE feedback [<!ENTITY x SYSTEM \"" + secret.toUri() + "\">]>",
            "<!DOCTYPE feedback [<!ENTITY % x SYSTEM \"" + secret.toUri() + "\"> %x;]>",
            "<!DOCTYPE feedback [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]>")) {
      for (String value : List.of("project.example", "&x;", "&b;")) {
        String xml =
            head
                + doctype
                + XML.substring(XML.indexOf('\n') + 1)
                    .replace(
                        "<domain>project.example</domain>\n", "<domain>" + value + "</domain>\n");
        String why = flaw(xml);
        assertTrue(why.equals("a document type declaration") || why.equals("malformed XML"), why);
      }
    }
    assertEquals("malformed XML", flaw(XML.replace("17273883", "&undeclared;")));
    assertEquals("1&2<3", read(bytes(XML.replace("17273883", "1&amp;2&lt;&#51;"))).id());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "<feedback> | <other> | the root is not feedback",
        "</feedback> | '' | malformed XML",
        "17273883 | '' | no report_id",
        "<org_name>receiver.example</org_name> | '' | no org_name",
        "<policy_published> | <other> | malformed XML",
        "<p>none</p> | <domain>other.example</domain> | an element twice",
        "1764460800 | 17644608000000 | a time that is not in seconds",
        "1764460800 | 9999999999999999999999 | a time that is not in seconds",
        "1764460800 | -1 | a time that is not in seconds",
        "1764460800 | 1764547200 | a period that ends before it begins",
      })
  void aDocumentThatBreaksTheSchemaIsRefused(String from, String to, String why) {
    String xml = XML.replace(from, to);
    assertTrue(!xml.equals(XML), from);
    assertEquals(why, flaw(xml));
  }

  @Test
  void anotherRootIsRefused() {
    assertEquals("the root is not feedback", flaw("<a><feedback/></a>"));
    assertEquals("malformed XML", flaw(""));
    assertEquals("malformed XML", flaw("P"));
    assertEquals("a damaged archive", flaw("PK"));
    assertEquals("no begin", flaw("<feedback/>"));
    String policy = "<domain>project.example</domain>\n    <adkim>";
    assertTrue(XML.contains(policy));
    assertEquals("no domain", flaw(XML.replace(policy, "<adkim>")));
    assertEquals(
        "a policy domain that is not a domain",
        flaw(XML.replace(policy, "<domain>no domain</domain><adkim>")));
  }

  @Test
  void rowsThatBreakTheSchemaAreLeftOutAlone() {
    for (String[] change :
        List.of(
            new String[] {"192.0.2.1", "192.0.2.1.evil"},
            new String[] {"192.0.2.1", "999.0.2.1"},
            new String[] {"192.0.2.1", "fe80::1%eth0"},
            new String[] {"192.0.2.1", "3232235521"},
            new String[] {"<count>12", "<count>-12"},
            new String[] {"<count>12", "<count>1e9"},
            new String[] {"<dkim>pass</dkim>", "<dkim>yes</dkim>"},
            new String[] {"<disposition>none", "<disposition>delete"})) {
      AggregateReport report = read(bytes(XML.replaceFirst(change[0], change[1])));
      assertEquals(1, report.leftOut(), change[1]);
      assertEquals(1, report.messages().size(), change[1]);
    }
  }

  @Test
  void theSizeOfAReportIsBounded() {
    String row = XML.substring(XML.indexOf("<record>"), XML.indexOf("</record>") + 9);
    StringBuilder many = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      many.append(row.replace("192.0.2.1", "10.0." + i / 256 + "." + i % 256));
    }
    AggregateReport report = read(gzip(bytes(XML.replace(row, many))));
    assertTrue(report.messages().size() <= AggregateReport.MAX_ROWS);
    assertEquals(2_000 * 12 + 3, report.messages().values().stream().mapToLong(n -> n).sum());
    AggregateReport huge = read(bytes(XML.replace(">12<", ">999999999999999999<")));
    assertTrue(huge.messages().containsValue(AggregateReport.MAX_COUNT));
    assertEquals(
        "a value is too long", flaw(XML.replace("receiver.example<", "r".repeat(256) + "<")));
    assertEquals(
        "a value is too long", flaw(XML.replace("receiver.example<", "r".repeat(99_999) + "<")));
    assertEquals(
        "elements more than " + AggregateReportXml.MAX_DEPTH + " deep",
        flaw(XML.replace("<p>none</p>", "<x>".repeat(100_000) + "</x>".repeat(100_000))));
    assertTrue(flaw(XML.replace("<p>", "<p " + "x".repeat(5_000) + "='1'>")).contains("XML"));
  }

  @Test
  void bombsAndDamagedArchivesAreRefused() {
    String tooLarge = "uncompressed, it has more than " + AggregateReportXml.MAX_BYTES + " bytes";
    byte[] spaces = new byte[64 << 20];
    java.util.Arrays.fill(spaces, (byte) ' ');
    assertEquals(tooLarge, flaw(gzip(spaces)));
    assertEquals(tooLarge, flaw(zip(spaces)));
    byte[] comment = bytes(XML.replace("<p>", "<!--" + " ".repeat(9 << 20) + "--><p>"));
    assertEquals(tooLarge, flaw(gzip(comment)));
    assertEquals("a damaged archive", flaw(zip(bytes(XML), bytes(XML))), "two files");
    assertEquals("a damaged archive", flaw(zip()));
    byte[] gzip = gzip(bytes(XML));
    assertEquals("a damaged archive", flaw(java.util.Arrays.copyOf(gzip, gzip.length - 9)));
    byte[] twice = java.util.Arrays.copyOf(gzip, gzip.length + 5);
    assertEquals("17273883", read(twice).id(), "what follows a gzip is ignored");
    byte[] zip = zip(bytes(XML));
    zip[zip.length / 2] ^= 0x55;
    assertInstanceOf(ReportParse.Unreadable.class, FeedbackReader.aggregate(zip));
    byte[] nested = gzip(gzip(bytes(XML)));
    assertEquals("malformed XML", flaw(nested), "unpacked once");
  }

  private static ReportParse<BounceReport> bounce(String text) {
    return BounceReport.in(new ByteArrayInputStream(bytes(text)));
  }

  private static String bounceFlaw(String text) {
    return assertInstanceOf(ReportParse.Unreadable.class, bounce(text)).why();
  }

  private static BounceReport read(String text) {
    return bounce(text) instanceof ReportParse.Report<BounceReport>(BounceReport report)
        ? report
        : org.junit.jupiter.api.Assertions.fail(bounceFlaw(text));
  }

  @Test
  void aBounceIsReadWithTheAliasesOfTheReturnedMessage() {
    BounceReport report = read(BOUNCE);
    assertEquals(Optional.of(Domain.of("mx.provider.example")), report.reporter());
    assertEquals(
        List.of(
            new BounceReport.BouncedRecipient(
                Optional.of(DEV), "failed", EnhancedStatus.of("5.1.1"))),
        report.recipients());
    assertEquals(
        "[dev@inner.provider.example, team@project.example, elsewhere@other.example]",
        report.aliases().toString());
    // Cut off in the message that is returned: what stands before it counts.
    int end = BOUNCE.indexOf("Subject: hello");
    assertEquals(report.recipients(), read(BOUNCE.substring(0, end)).recipients());
    assertEquals(
        report.recipients(),
        read(BOUNCE.replace("text/rfc822-headers", "message/rfc822")).recipients());
    assertEquals(List.of(), read(BOUNCE.replace("text/rfc822-headers", "text/plain")).aliases());
    assertEquals(
        Optional.empty(), read(BOUNCE.replace("dns; mx.provider", "dns; no name")).reporter());
    assertEquals(
        Optional.empty(),
        read(BOUNCE.replace("Final-Recipient: rfc822; dev@", "Final-Recipient: x; \u0001@"))
            .recipients()
            .getFirst()
            .address());
  }

  @Test
  void aBounceThatBreaksItsFormatIsNotRead() {
    assertEquals(
        "no part of type message/delivery-status",
        bounceFlaw(BOUNCE.replace("message/delivery-status", "text/plain")));
    assertEquals(
        "a recipient without Action or Status", bounceFlaw(BOUNCE.replace("failed", "exploded")));
    assertEquals(
        "a recipient without Action or Status", bounceFlaw(BOUNCE.replace("5.1.1\r", "six\r")));
    assertEquals(
        "malformed fields", bounceFlaw(BOUNCE.replace("X-Postfix-Queue-ID: 4ABC", "no field")));
    assertEquals(
        "no recipient in it", bounceFlaw(BOUNCE.replaceFirst("(?s)Final-Recipient.*?unknown", "")));
    String group =
        "\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.0.0\r\n";
    String many = BOUNCE.replace("\r\nFinal-Recipient", group.repeat(200) + "\r\nFinal-Recipient");
    assertEquals("malformed fields", bounceFlaw(many));
    assertEquals(
        "malformed fields", bounceFlaw(BOUNCE.replace("Remote-MTA", "\r\n".repeat(30_000))));
    assertEquals(
        "a report of more than " + StatusReport.MAX_PART + " bytes",
        bounceFlaw(BOUNCE.replace("Remote-MTA", "X: y\r\n".repeat(30_000) + "Remote-MTA")));
  }

  private static ReportParse<AbuseReport> abuse(String text) {
    return AbuseReport.in(new ByteArrayInputStream(bytes(text)));
  }

  @Test
  void anAbuseReportIsReadAndItsNumberOfIncidentsIsNot() {
    AbuseReport expected =
        new AbuseReport(
            "abuse", List.of(DEV), List.of(new Mailbox("team", Domain.of("project.example"))));
    assertEquals(new ReportParse.Report<>(expected), abuse(ABUSE));
    assertEquals(
        new ReportParse.Report<>(new AbuseReport("other", expected.targets(), expected.aliases())),
        abuse(ABUSE.replace("Feedback-Type: abuse", "Feedback-Type: \u001b[2Jx")));
    for (String field : List.of("Feedback-Type", "User-Agent", "Version")) {
      ReportParse<AbuseReport> none =
          new ReportParse.Unreadable<>("no Feedback-Type, User-Agent or Version");
      assertEquals(none, abuse(ABUSE.replace(field + ":", "X:")), field);
      assertEquals(none, abuse(ABUSE.replace(field + ":", field + ": x\r\n" + field + ":")), field);
    }
    String many = "Original-Rcpt-To: <dev@provider.example>\r\n";
    ReportParse<AbuseReport> twice = abuse(ABUSE.replace(many, many.repeat(500)));
    assertTrue(
        twice instanceof ReportParse.Report<AbuseReport>(AbuseReport r)
            && r.targets().size() == AbuseReport.MAX_TARGETS);
  }
}
