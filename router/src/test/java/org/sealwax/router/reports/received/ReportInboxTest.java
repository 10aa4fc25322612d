package org.sealwax.router.reports.received;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.reports.ReportingOrganization.KEY;
import static org.sealwax.router.reports.ReportingOrganization.MIDNIGHT;
import static org.sealwax.router.reports.ReportingOrganization.mail;
import static org.sealwax.router.reports.ReportingOrganization.record;
import static org.sealwax.router.reports.ReportingOrganization.report;
import static org.sealwax.router.reports.ReportingOrganization.signed;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.james.jdkim.DKIMSigner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.reports.ReportingOrganization;
import org.sealwax.router.reports.inbox.RejectedMailFolder;
import org.sealwax.router.reports.inbox.ReportInbox;
import org.sealwax.router.spool.QueueId;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** Reports by mail: with real signatures, and with what an attacker sends instead. */
@Timeout(300)
final class ReportInboxTest {
  private static final Mailbox TO = new Mailbox("tlsrpt", Domain.of("project.example"));
  private static final PublicSuffixList SUFFIXES = PublicSuffixList.bundled();

  @TempDir private Path folder = Path.of("");
  private final ManualClock clock = new ManualClock(MIDNIGHT.plus(Duration.ofHours(27)));
  private final RecordingMailLog log = new RecordingMailLog();
  private Resolver dns = ReportingOrganization.dns();
  private Predicate<Domain> local = d -> d.equals(Domain.of("project.example"));
  private int free = 100;
  private int messages;

  private ReceivedReportSettings settings() {
    return new ReceivedReportSettings(
        folder.resolve("received"), Duration.ofDays(30), free, 1L << 30, 100);
  }

  private Outcome deliver(byte[] message) throws IOException, InterruptedException {
    ReceivedReportStore store = ReceivedReportStore.open(settings(), log.log());
    ReportIntake intake = new ReportIntake(local, store, clock);
    ReportInbox inbox =
        new ReportInbox(
            TlsReportReader.NAME,
            settings().folder().resolve("aside"),
            Duration.ofDays(1),
            new TlsReportReader(intake, dns, SUFFIXES, clock),
            clock,
            log.log());
    return java.util.Objects.requireNonNull(
        inbox
            .deliver(
                new Consignment(
                    new QueueId(String.format("0MAIL%05d", ++messages)),
                    ReversePath.of(TO),
                    MailOptions.plain(),
                    new NextHop.Reports(),
                    List.of(
                        TestRecipients.of(7, new DeliveryTarget.Reports(TO), DsnRequest.none())),
                    null,
                    MIDNIGHT.plus(Duration.ofHours(27)),
                    1,
                    message.length,
                    () -> new ByteArrayInputStream(message),
                    DeliverySlot.unlimited()))
            .get(7L));
  }

  private List<ReceivedReport> kept() throws IOException {
    List<ReceivedReport> all = new ArrayList<>();
    ReceivedReportStore.each(
        folder.resolve("received"),
        LocalDate.EPOCH,
        all::add,
        file -> {
          throw new AssertionError(file);
        });
    return all;
  }

  private long asides() throws IOException {
    Path aside = folder.resolve("received/aside");
    if (!Files.isDirectory(aside)) {
      return 0;
    }
    try (Stream<Path> files = Files.list(aside)) {
      return files.count();
    }
  }

  /** What the sender is notified of: always that it was delivered. */
  private static String reply(Outcome outcome) {
    return assertInstanceOf(Outcome.Delivered.class, outcome).reply();
  }

  private void putAside(String why, byte[] message) throws IOException, InterruptedException {
    long before = asides();
    assertEquals("put aside: " + why, reply(deliver(message)));
    assertEquals(before + 1, asides());
    assertTrue(log.recorded("warning", why), log.facts().toString());
    assertEquals(List.of(), kept());
  }

  @Test
  void keepsASignedReportOnce() throws Exception {
    TlsReport report = report("id-1", "project.example");
    assertEquals("kept", reply(deliver(mail(report, folder))));
    assertEquals("received before", reply(deliver(mail(report, folder))), "over a restart too");
    ReceivedReport kept = kept().getFirst();
    assertEquals(report, kept.report());
    assertEquals(
        new ReportOrigin(ReportOrigin.ReportTransport.MAIL, "sender.example"), kept.origin());
    assertEquals(1, kept().size());
    assertEquals(0, asides());
    assertTrue(log.recorded("note", "5 sessions succeeded, 3 failed"), log.facts().toString());
  }

  /** RFC 6376 3.6.1: a record that states nothing serves everything; RFC 8460 3: or TLS reports. */
  @ParameterizedTest
  @ValueSource(strings = {"", "s=*; ", "s=email; ", "s=tlsrpt; ", "s=other:tlsrpt; k=rsa; "})
  void takesKeysThatServeReports(String tags) throws Exception {
    dns = FixedResolver.builder().txt(KEY, record(tags)).build();
    assertEquals("kept", reply(deliver(mail(report("id-1", "project.example"), folder))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"s=other; ", "h=sha1; ", "k=ed25519; "})
  void ignoresSignaturesByKeysForOtherPurposes(String tags) throws Exception {
    dns = FixedResolver.builder().txt(KEY, record(tags)).build();
    putAside("no valid DKIM signature", mail(report("id-1", "project.example"), folder));
  }

  @Test
  void ignoresSignaturesByRevokedOrAmbiguousKeys() throws Exception {
    byte[] mail = mail(report("id-1", "project.example"), folder);
    dns = FixedResolver.builder().txt(KEY, "v=DKIM1; p=").build();
    putAside("no valid DKIM signature", mail);
    dns = FixedResolver.builder().txt(KEY, record("")).txt(KEY, record("n=twice; ")).build();
    putAside("no valid DKIM signature", mail);
    dns = FixedResolver.builder().build();
    putAside("no valid DKIM signature", mail);
  }

  @Test
  void ignoresReportsNotSignedByTheReportingDomain() throws Exception {
    TlsReport report = report("id-1", "project.example");
    String text = new String(mail(report, folder), StandardCharsets.UTF_8);
    putAside(
        "no DKIM signature",
        text.substring(text.indexOf("\r\nFrom: ") + 2).getBytes(StandardCharsets.UTF_8));
    putAside(
        "no valid DKIM signature",
        text.replace("This is an aggregate", "This was an aggregate")
            .getBytes(StandardCharsets.UTF_8));
    putAside(
        "no valid DKIM signature",
        text.replace("\r\nTo: tlsrpt@", "\r\nTo: elsewhere@").getBytes(StandardCharsets.UTF_8));
    putAside(
        "a DKIM signature of another domain than the From's",
        mail(report, "sender.example", "tls@victim.example", folder));
    putAside(
        "no From with one address",
        ("From: a@victim.example\r\n" + text).getBytes(StandardCharsets.UTF_8));
    putAside(
        "a header field occurs twice",
        ("Subject: other\r\n" + text).getBytes(StandardCharsets.UTF_8));
    assertEquals(
        "kept",
        reply(deliver(mail(report, "sender.example", "tls@mx.sender.example", folder))),
        "below the signer");
  }

  /** RFC 8460 3: l= would let any sender append to it. */
  @Test
  void ignoresASignatureOfAPartOfTheBody() throws Exception {
    String text =
        new String(mail(report("id-1", "project.example"), folder), StandardCharsets.UTF_8);
    byte[] bare = text.substring(text.indexOf("\r\nFrom: ") + 2).getBytes(StandardCharsets.UTF_8);
    String template =
        "v=1; a=rsa-sha256; c=relaxed/relaxed; d=sender.example; s=tlsrpt; h=from; l=100; bh=; b=;";
    String signature =
        new DKIMSigner(template, ReportingOrganization.key()).sign(new ByteArrayInputStream(bare));
    putAside(
        "a DKIM signature of a part of the body",
        (signature + "\r\n" + new String(bare, StandardCharsets.UTF_8))
            .getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void dnsFailureDefersAndNeverBounces() throws Exception {
    dns = FixedResolver.builder().fails(KEY).build();
    byte[] mail = mail(report("id-1", "project.example"), folder);
    Outcome.Deferred waits = assertInstanceOf(Outcome.Deferred.class, deliver(mail));
    assertEquals("the key of a signature cannot be looked up", waits.cause().text());
    clock.pass(Duration.ofDays(1));
    putAside("the key of a signature cannot be looked up", mail);
  }

  @Test
  void internalErrorKeepsTheMessage() throws Exception {
    local =
        d -> {
          throw new IllegalStateException("as the test wants");
        };
    byte[] mail = mail(report("id-1", "project.example"), folder);
    assertInstanceOf(Outcome.Deferred.class, deliver(mail));
    assertTrue(log.recorded("bug", "as the test wants"), log.facts().toString());
    clock.pass(Duration.ofDays(1));
    putAside("internal error of Sealwax; see its log", mail);
  }

  @Test
  void fullStoreDefers() throws Exception {
    free = 2;
    assertEquals("kept", reply(deliver(mail(report("id-1", "project.example"), folder))));
    assertEquals("kept", reply(deliver(mail(report("id-2", "project.example"), folder))));
    Outcome full = deliver(mail(report("id-3", "project.example"), folder));
    assertEquals(
        "there is no space for more reports",
        assertInstanceOf(Outcome.Deferred.class, full).cause().text());
  }

  @Test
  void reportAboutAForeignDomainIsPutAside() throws Exception {
    putAside("not about a domain of this server", mail(report("id-1", "victim.example"), folder));
    assertEquals(
        "kept", reply(deliver(mail(report("id-2", "victim.example", "project.example"), folder))));
    TlsReport kept = kept().getFirst().report();
    assertEquals(Domain.of("project.example"), kept.domain());
    assertEquals(1, kept.sums().size(), "what is said of others is left out");
  }

  private static String part(String type, String encoding, String content) {
    return "--b\r\nContent-Type: "
        + type
        + "\r\nContent-Transfer-Encoding: "
        + encoding
        + "\r\n\r\n"
        + content
        + "\r\n";
  }

  private byte[] message(String... parts) throws IOException {
    return signed(
        "From: tls@sender.example\r\nTo: tlsrpt@project.example\r\nMIME-Version: 1.0\r\n"
            + "Content-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n"
            + String.join("", parts)
            + "--b--\r\n",
        folder);
  }

  private static String base64(byte[] bytes) {
    return Base64.getMimeEncoder(76, new byte[] {'\r', '\n'}).encodeToString(bytes);
  }

  private static byte[] zipped(byte[] bytes) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(bytes);
    }
    return out.toByteArray();
  }

  private static final String GZIP = "application/tlsrpt+gzip";

  @Test
  void takesAPlainReportToo() throws Exception {
    String json =
        new String(TlsReportJson.write(report("id-1", "project.example")), StandardCharsets.UTF_8)
            .replace(",", ",\r\n");
    assertEquals(
        "kept", reply(deliver(message(part("application/TLSRPT+json; x=y", "7bit", json)))));
  }

  @Test
  void aGzipBombIsPutAside() throws Exception {
    byte[] bomb = zipped(new byte[64 << 20]);
    putAside(
        "uncompressed, it has more than 10485760 bytes",
        message(part(GZIP, "base64", base64(bomb))));
  }

  @Test
  void tenThousandPoliciesArePutAside() throws Exception {
    String json =
        new String(TlsReportJson.write(report("id-1", "project.example")), StandardCharsets.UTF_8);
    int from = json.indexOf("[{\"policy\"") + 1;
    String entry = json.substring(from, json.length() - 2);
    String all = IntStream.range(0, 10_000).mapToObj(i -> entry).collect(Collectors.joining(","));
    byte[] bytes = (json.substring(0, from) + all + "]}").getBytes(StandardCharsets.UTF_8);
    putAside(
        "the JSON is nested too deeply, too long or has too many values",
        message(part(GZIP, "base64", base64(zipped(bytes)))));
  }

  @Test
  void messagesWithoutExactlyOneReportAreRejected() throws Exception {
    byte[] report = ReportingOrganization.packed(report("id-1", "project.example"));
    String good = part(GZIP, "base64", base64(report));
    String none = "no part of type application/tlsrpt+gzip";
    putAside(none, message(part("application/gzip", "base64", base64(report))));
    putAside(none, message(part("text/plain", "7bit", "hello")));
    putAside(none, message(part("message/rfc822", "7bit", "Content-Type: " + GZIP + "\r\n\r\nx")));
    putAside("more than one report", message(good, good));
    putAside("not gzip, or damaged", message(part(GZIP, "base64", base64(new byte[100]))));
    byte[] cut = java.util.Arrays.copyOf(report, report.length - 20);
    putAside("not gzip, or damaged", message(part(GZIP, "base64", base64(cut))));
    putAside("not JSON", message(part("application/tlsrpt+json", "7bit", "{")));
    putAside("more than 50 parts", message(part("text/plain", "7bit", "x").repeat(51) + good));
    putAside("malformed MIME", message(part("a/b; x=" + "y".repeat(5_000), "7bit", "") + good));
    putAside("malformed MIME", message(good.substring(0, good.length() - 200) + "--c"));
  }

  @Test
  void nestedMultipartsArePutAside() throws Exception {
    StringBuilder deep = new StringBuilder();
    for (int i = 0; i < 1_000; i++) {
      deep.append("Content-Type: multipart/mixed; boundary=n").append(i).append("\r\n\r\n--n");
      deep.append(i).append("\r\n");
    }
    putAside(
        "multiparts more than 5 deep",
        signed("From: tls@sender.example\r\nMIME-Version: 1.0\r\n" + deep + "\r\nx\r\n", folder));
  }

  @Test
  void onlyTheNewestAreKeptAside() throws Exception {
    for (int i = 0; i < RejectedMailFolder.MAX + 3; i++) {
      deliver("Subject: spam\r\n\r\nspam\r\n".getBytes(StandardCharsets.US_ASCII));
    }
    assertEquals(RejectedMailFolder.MAX, asides());
    assertTrue(Files.exists(folder.resolve("received/aside/0MAIL00103.eml")));
    assertTrue(Files.notExists(folder.resolve("received/aside/0MAIL00003.eml")));
  }
}
