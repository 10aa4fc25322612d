package org.sealwax.router.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.update.ZoneRecord;
import org.sealwax.router.certs.rollover.ZoneServerRow;
import org.sealwax.router.records.MailRecords;
import org.sealwax.router.records.RecordStanding;
import org.sealwax.router.records.RecordStanding.Presence;
import org.sealwax.router.records.RecordStanding.RecordEdit;
import org.sealwax.router.records.WantedRecord;
import org.sealwax.router.records.WantedRecord.Purpose;
import org.sealwax.router.records.WantedRecord.Requirement;

/** The forms of output: nothing that is printed to be pasted does harm. */
final class DnsTextTest {
  private static final Domain PROJECT = Domain.of("project.example");
  private static final List<InetAddress> SOURCES = List.of(InetAddress.ofLiteral("192.0.2.25"));
  private static final ZoneRecord SPF = MailRecords.spf(PROJECT, SOURCES);
  private static final ZoneServerRow ROW =
      new ZoneServerRow(
          PROJECT,
          new InetSocketAddress(InetAddress.ofLiteral("192.0.2.53"), 53),
          Path.of("key"),
          Duration.ofSeconds(10));

  private static RecordStanding spf(
      Presence presence, String text, List<ZoneRecord> lines, Optional<RecordEdit> edit) {
    WantedRecord wanted =
        new WantedRecord(
            Purpose.SPF,
            PROJECT,
            ZoneRecord.RecordType.TXT,
            List.of(SPF),
            new Requirement.PermittedSources(SOURCES, Optional.empty()),
            "");
    return new RecordStanding(wanted, presence, text, lines, edit, false);
  }

  private static RecordStanding replaced() {
    ZoneRecord former = ZoneRecord.txt(PROJECT, Duration.ofMinutes(5), "v=spf1 -all");
    ZoneRecord fresh = SPF.withTtl(Duration.ofMinutes(5));
    return spf(
        Presence.DIFFERENT,
        "does not permit 192.0.2.25",
        List.of(fresh),
        Optional.of(new RecordEdit(List.of(former), List.of(former), List.of(fresh))));
  }

  private static String printed(
      List<ZoneServerRow> rows, DnsText.Format format, RecordStanding standing) {
    return printed(rows, format, standing, List.of());
  }

  private static String printed(
      List<ZoneServerRow> rows,
      DnsText.Format format,
      RecordStanding standing,
      List<String> order) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    new DnsText(out, rows).print(List.of(standing), format, order);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aTableEndsWithWhatIsToBePublished() {
    assertEquals(
        """
        different    spf           project.example. TXT: does not permit 192.0.2.25

        to be published:
        ; in place of: project.example. 300 IN TXT "v=spf1 -all"
        project.example. 300 IN TXT "v=spf1 ip4:192.0.2.25 -all"
        """,
        printed(List.of(), DnsText.Format.TABLE, replaced()));
  }

  @Test
  void nsupdateHasTheConditionFirst() {
    String changes =
        """
        prereq yxrrset project.example. TXT "v=spf1 -all"
        update delete project.example. TXT "v=spf1 -all"
        update add project.example. 300 IN TXT "v=spf1 ip4:192.0.2.25 -all"
        send
        """;
    assertEquals(changes, printed(List.of(), DnsText.Format.NSUPDATE, replaced()));
    assertEquals(
        "server 192.0.2.53 53\nzone project.example.\n" + changes,
        printed(List.of(ROW), DnsText.Format.NSUPDATE, replaced()));
  }

  /** What could not be seen may be there: a second SPF record is an error for every receiver. */
  @Test
  void anSpfRecordThatIsNotKnownIsAComment() {
    RecordStanding unknown =
        spf(Presence.NOT_KNOWN, "no answer\n; from\u001b ns1", List.of(), Optional.empty());
    for (DnsText.Format format : List.of(DnsText.Format.ZONE, DnsText.Format.NSUPDATE)) {
      String text = printed(List.of(), format, unknown, List.of("note: first\nthis"));
      assertTrue(text.lines().allMatch(line -> line.startsWith("; ")), text);
      assertFalse(text.contains("\u001b"), text);
    }
    assertTrue(printed(List.of(), DnsText.Format.ZONE, unknown).contains("; " + SPF.line()));
  }

  /** The published form, and not ours next to it. */
  @Test
  void aZoneHasTheRecordThatIsPublished() {
    ZoneRecord theirs = ZoneRecord.txt(PROJECT, Duration.ofMinutes(5), "v=spf1 a mx -all");
    String text =
        printed(
            List.of(),
            DnsText.Format.ZONE,
            spf(Presence.PUBLISHED, "", List.of(theirs), Optional.empty()));
    assertEquals("; spf of project.example. TXT: published\n" + theirs.line() + "\n", text);
  }

  @Test
  void jsonHasEachPart() {
    String text = printed(List.of(), DnsText.Format.JSON, replaced());
    for (String part :
        List.of(
            "\"purpose\" : \"spf\"",
            "\"state\" : \"different\"",
            "\"lagging\" : false",
            "\"remove\" : [ \"project.example. 300 IN TXT \\\"v=spf1 -all\\\"\" ]")) {
      assertTrue(text.contains(part), part + " in " + text);
    }
  }
}
