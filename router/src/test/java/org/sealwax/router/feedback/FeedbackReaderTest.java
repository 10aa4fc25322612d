package org.sealwax.router.feedback;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.feedback.SampleReports.ABUSE;
import static org.sealwax.router.feedback.SampleReports.BOUNCE;
import static org.sealwax.router.feedback.SampleReports.XML;
import static org.sealwax.router.feedback.SampleReports.bytes;
import static org.sealwax.router.feedback.SampleReports.gzip;
import static org.sealwax.router.feedback.SampleReports.zip;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.reports.ReportingOrganization;
import org.sealwax.router.reports.inbox.ReportInbox;
import org.sealwax.router.spool.QueueId;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** Reports through the inbox into the store, and forged ones. */
final class FeedbackReaderTest {
  private static final Mailbox TEAM = new Mailbox("team", Domain.of("project.example"));
  private static final Mailbox DEV = new Mailbox("dev", Domain.of("provider.example"));
  private static final Mailbox TO = new Mailbox("dmarc", Domain.of("project.example"));
  private static final Duration KEEP = Duration.ofDays(30);

  @TempDir private Path folder = Path.of("");

  /** The signatures' time, and the day of the sample reports. */
  private final ManualClock clock = new ManualClock(Instant.parse("2025-12-01T12:00:00Z"));

  private final RecordingMailLog log = new RecordingMailLog();
  private final Counters counters = new Counters();
  private Resolver dns =
      FixedResolver.builder()
          .txt(ReportingOrganization.KEY, ReportingOrganization.record("k=rsa; "))
          .build();
  private FeedbackStore store;
  private FeedbackCounting counting;
  private int messages;

  @BeforeEach
  void open() throws IOException {
    store = FeedbackStore.open(folder.resolve(FeedbackStore.FILE), log.log());
    counting =
        new FeedbackCounting(
            () -> store,
            address -> address.equals(TEAM) ? List.of(DEV) : List.of(),
            () -> KEEP,
            counters,
            clock);
  }

  @AfterEach
  void close() {
    store.close();
  }

  private Consignment consignment(byte[] message) {
    return new Consignment(
        new QueueId(String.format("0MAIL%05d", ++messages)),
        ReversePath.nullPath(),
        MailOptions.plain(),
        new NextHop.Reports(),
        List.of(TestRecipients.of(7, new DeliveryTarget.Reports(TO), DsnRequest.none())),
        null,
        clock.now(),
        1,
        message.length,
        () -> new ByteArrayInputStream(message),
        DeliverySlot.unlimited());
  }

  private String deliver(byte[] message) throws InterruptedException {
    ReportInbox inbox =
        new ReportInbox(
            FeedbackReader.NAME,
            folder.resolve("aside"),
            Duration.ofDays(1),
            new FeedbackReader(
                counting,
                domain -> domain.equals(Domain.of("project.example")),
                dns,
                PublicSuffixList.bundled(),
                clock),
            clock,
            log.log());
    return switch (Objects.requireNonNull(inbox.deliver(consignment(message)).get(7L))) {
      case Outcome.Delivered d -> d.reply();
      case Outcome.Deferred d -> "deferred: " + d.cause().text();
      default -> throw new AssertionError("not an outcome of an inbox");
    };
  }

  private String deliver(String message) throws InterruptedException {
    return deliver(bytes(message));
  }

  private static String dmarc(String xml) {
    return SampleReports.mail("application/gzip", gzip(bytes(xml)));
  }

  private List<FeedbackCount> counts() throws IOException {
    return FeedbackStore.read(folder.resolve(FeedbackStore.FILE), LocalDate.EPOCH, LocalDate.EPOCH)
        .counts();
  }

  private long metric(String name, String result) {
    return counters.count(name, "", "result", result).sum();
  }

  @Test
  void aDmarcReportIsCountedOnceByWhoSignedIt() throws Exception {
    byte[] signed = ReportingOrganization.signed(dmarc(XML), folder);
    assertEquals("kept", deliver(signed));
    assertEquals("received before", deliver(signed));
    assertEquals(
        List.of(
            new FeedbackCount(
                LocalDate.of(2025, 11, 30),
                FeedbackKind.DMARC,
                AliasTarget.alias("project.example").to("sender.example"),
                new ReportSource("192.0.2.1"),
                "dkim=pass spf=pass disposition=none",
                12),
            new FeedbackCount(
                LocalDate.of(2025, 11, 30),
                FeedbackKind.DMARC,
                AliasTarget.alias("project.example").to("sender.example"),
                new ReportSource("2001:db8::25"),
                "dkim=fail spf=fail disposition=quarantine",
                3)),
        counts());
    assertEquals(
        List.of(
            "sender.example reported 15 messages from project.example: 3 failed DMARC, most of"
                + " them from 2001:db8::25"),
        FeedbackSummary.sentences(store.takeFresh()));
    assertEquals(List.of(), store.takeFresh(), "shown once");
    assertEquals(2, counts().size());
    assertEquals(1, metric("sealwax_feedback_dmarc_reports_total", "counted"));
    assertEquals(1, metric("sealwax_feedback_dmarc_reports_total", "duplicate"));
  }

  /** Any host can send one: it takes the place of no other, and is counted as unsigned. */
  @Test
  void aForgedReportCountsAsUnsigned() throws Exception {
    assertEquals("kept", deliver(dmarc(XML)));
    String tampered =
        new String(
                ReportingOrganization.signed(dmarc(XML), folder),
                java.nio.charset.StandardCharsets.UTF_8)
            .replace("Subject: Report", "Subject: report");
    assertEquals("received before", deliver(tampered), "the same unsigned report");
    assertEquals("kept", deliver(ReportingOrganization.signed(dmarc(XML), folder)));
    assertEquals(
        List.of(
            "reporters without a signature reported 15 messages from project.example: 3 failed"
                + " DMARC, most of them from 2001:db8::25",
            "sender.example reported 15 messages from project.example: 3 failed DMARC, most of"
                + " them from 2001:db8::25"),
        FeedbackSummary.sentences(counts()).stream().sorted().toList());
    dns = FixedResolver.builder().fails(ReportingOrganization.KEY).build();
    assertTrue(deliver(ReportingOrganization.signed(dmarc(XML), folder)).startsWith("deferred: "));
  }

  @Test
  void whatDoesNotCountIsPutAside() throws Exception {
    for (Map.Entry<String, String> one :
        Map.of(
                "not about a domain of this server",
                dmarc(XML.replace("<domain>project", "<domain>other")),
                "about a time in the future",
                dmarc(XML.replace("1764547199", "1764800000")),
                "about more than 8 days",
                dmarc(XML.replace("1764460800", "1763000000")),
                "older than the retention of reports",
                dmarc(XML.replace("1764460800", "1700000000").replace("1764547199", "1700001000")),
                "malformed XML",
                dmarc("<feedback>"),
                "a damaged archive",
                SampleReports.mail("application/zip", zip(bytes(XML), bytes(XML))),
                "no report in it",
                "From: <x@spam.example>\r\n\r\nbuy\r\n",
                "malformed fields",
                ABUSE.replace("\r\nVersion: 1", "\r\nno field"))
            .entrySet()) {
      assertEquals("put aside: " + one.getKey(), deliver(one.getValue()));
    }
    assertEquals(List.of(), counts());
    try (var aside = Files.list(folder.resolve("aside"))) {
      assertEquals(8, aside.count());
    }
  }

  @Test
  void complaintsAreCountedByAliasAndTargetOfTheConfiguration() throws Exception {
    assertEquals("kept", deliver(ReportingOrganization.signed(ABUSE, folder)));
    assertEquals("kept", deliver(ABUSE.replace("Original-Rcpt-To: <dev@", "X: <")));
    assertEquals("kept", deliver(ABUSE.replace("team@project", "victim\u001b[2J@project")));
    assertEquals("kept", deliver(ABUSE.replace("team@project.example", "x@evil.example")));
    assertEquals(
        List.of(
            "unsigned reported 2 complaints about mail for an unknown alias: abuse",
            "unsigned reported 2 complaints about mail for team@project.example to"
                + " dev@provider.example: abuse"),
        FeedbackSummary.sentences(counts()).stream().sorted().toList());
  }

  @Test
  void bouncesAreCountedAndNeverStopADelivery() throws Exception {
    BounceReader reader = new BounceReader(counting, PublicSuffixList.bundled(), clock, log.log());
    Consignment once = consignment(bytes(BOUNCE));
    reader.read(once);
    reader.read(once); // after a crash between its delivery and the commit
    reader.read(consignment(bytes(BOUNCE.replace("team@project.example", "no@project.example"))));
    reader.read(consignment(bytes("Subject: out of office\r\n\r\nback soon\r\n")));
    assertEquals(
        List.of(
            "provider.example reported 1 bounce about mail for an unknown alias: failed 5.1.1",
            "provider.example reported 1 bounce about mail for team@project.example to"
                + " dev@provider.example: failed 5.1.1"),
        FeedbackSummary.sentences(counts()).stream().sorted().toList());
    assertEquals(2, metric("sealwax_feedback_bounce_reports_total", "counted"));
    assertEquals(1, metric("sealwax_feedback_bounce_reports_total", "duplicate"));
    assertEquals(1, metric("sealwax_feedback_bounce_reports_total", "unreadable"));
    store.close();
    reader.read(consignment(bytes(BOUNCE)));
    assertTrue(log.recorded("storeTrouble", "a bounce is not counted"), log.facts().toString());
    assertFalse(log.recorded("bug"), log.facts().toString());
  }

  @Test
  void reportsOfADayAndOfOneSourceAreLimited() throws Exception {
    LocalDate today = LocalDate.of(2025, 12, 1);
    FeedbackStore.KeepResult last = null;
    for (int i = 0; i <= FeedbackStore.REPORTS_OF_ONE; i++) {
      last = store.keep(key("unsigned", i), today, KEEP, List.of());
      assertEquals(
          i < FeedbackStore.REPORTS_OF_ONE
              ? FeedbackStore.KeepResult.COUNTED
              : FeedbackStore.KeepResult.TOO_MANY,
          last,
          "" + i);
    }
    assertEquals("put aside: too many reports today, or of unsigned today", deliver(ABUSE));
    assertEquals(
        FeedbackStore.KeepResult.COUNTED, store.keep(key("other", 1), today, KEEP, List.of()));
    assertEquals(
        FeedbackStore.KeepResult.COUNTED,
        store.keep(key("unsigned", 9_999), today.plusDays(1), KEEP, List.of()));
  }

  private static FeedbackStore.ReportKey key(String source, int id) {
    return new FeedbackStore.ReportKey(FeedbackKind.ABUSE, new ReportSource(source), "" + id);
  }

  @Test
  void rowsOfADayAreLimitedAndTheRestIsAddedUp() throws Exception {
    LocalDate today = LocalDate.of(2025, 12, 1);
    int extra = 50;
    for (int i = 0; i < FeedbackStore.ROWS_PER_DAY + extra; i++) {
      FeedbackCount one =
          new FeedbackCount(
              today,
              FeedbackKind.DMARC,
              AliasTarget.alias("project.example").to("r"),
              new ReportSource("10.0." + i),
              "d",
              1);
      if (i % 525 == 0) {
        store.keep(key("a", i), today, KEEP, List.of(one));
      } else {
        store.keep(
            new FeedbackStore.ReportKey(FeedbackKind.DMARC, new ReportSource("s" + i % 20), "" + i),
            today,
            KEEP,
            List.of(one));
      }
    }
    List<FeedbackCount> rows = counts();
    assertEquals(FeedbackStore.ROWS_PER_DAY + 1, rows.size());
    assertEquals(
        extra,
        rows.stream()
            .filter(r -> r.source().equals(ReportSource.OTHER))
            .mapToLong(FeedbackCount::times)
            .sum());
    store.keep(key("b", 1), today.plusDays(31), KEEP, List.of());
    assertEquals(List.of(), counts(), "their time is over");
  }

  @Test
  void aDamagedStoreIsMovedAside() throws Exception {
    store.close();
    Path file = folder.resolve(FeedbackStore.FILE);
    Files.write(file, new byte[8192]);
    Files.deleteIfExists(folder.resolve(FeedbackStore.FILE + "-wal"));
    Files.writeString(file, "this is not a database, and it is longer than the header of one is");
    store = FeedbackStore.open(file, log.log());
    assertTrue(Files.exists(folder.resolve(FeedbackStore.FILE + ".damaged")));
    assertTrue(log.recorded("warning", "is damaged"), log.facts().toString());
    assertEquals("kept", deliver(ABUSE));
    assertInstanceOf(FeedbackStore.class, store);
  }
}
