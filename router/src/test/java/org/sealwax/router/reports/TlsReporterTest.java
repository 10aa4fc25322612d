package org.sealwax.router.reports;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.apache.james.jdkim.DKIMVerifier;
import org.apache.james.jdkim.api.SignatureRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.mail.tlsrpt.FailureDetail;
import org.sealwax.mail.tlsrpt.ResultType;
import org.sealwax.mail.tlsrpt.SessionResult;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.tls.TestCa;

/** Counts, reports, and both ways of handing them over, with real TLS and real signatures. */
final class TlsReporterTest {
  private static final TestCa CA = TestCa.root("public");
  private static final TlsFactory TLS =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
  private static final Domain US = Domain.of("mx.project.example");
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Mailbox CONTACT =
      MailboxParser.parse("tls-reports@project.example").orElseThrow();
  private static final Instant MIDNIGHT = Instant.parse("2026-11-25T00:00:00Z");
  private static final SessionResult HELD =
      new SessionResult(
          new AppliedPolicy(
              AppliedPolicy.PolicyType.STS, DOMAIN, List.of(), List.of("mx.example.org")),
          null);
  private static final SessionResult EXPIRED =
      new SessionResult(
          HELD.policy(),
          new FailureDetail(
              ResultType.CERTIFICATE_EXPIRED, "192.0.2.1", "mx.example.org", "198.51.100.7", ""));

  @TempDir private Path folder = Path.of("");
  private final ReporterClock clock = new ReporterClock();
  private final OneMessageIntake letterbox = new OneMessageIntake();
  private final BugLog log = new BugLog();
  private Duration period = ReportSettings.DAY;
  private HttpsReportSink sink = HttpsReportSink.open();

  /** A clock that the test sets. */
  private static final class ReporterClock implements Clock {
    private volatile Instant now = MIDNIGHT.plusSeconds(3_600);

    @Override
    public Instant now() {
      return now;
    }

    @Override
    public long nanoTime() {
      return System.nanoTime();
    }
  }

  /** The queue's entrance, for one message at a time. */
  private static final class OneMessageIntake implements Intake {
    private final List<String> messages = new ArrayList<>();
    private final List<Envelope> submissions = new ArrayList<>();
    private final List<Recipient> addressed = new ArrayList<>();
    private final Map<String, List<Mailbox>> targets = new HashMap<>();
    private volatile Runnable then = () -> {};
    private boolean full;

    @Override
    public List<Recipient> ownRecipients(Mailbox to, ReversePath sender, DsnRequest dsn) {
      return targets.getOrDefault(to.toString(), List.of(to)).stream()
          .map(target -> Recipient.direct(target, sender, dsn))
          .toList();
    }

    @Override
    public IncomingMessage open(ByteBudget memory) throws SpoolException {
      if (full) {
        throw new SpoolException(SpoolException.Kind.FULL, "as the test wants");
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      return new IncomingMessage() {
        @Override
        public QueueId id() {
          return new QueueId("REPORT0001");
        }

        @Override
        public OutputStream content() {
          return bytes;
        }

        @Override
        public java.io.InputStream read() {
          throw new AssertionError("reports are not read");
        }

        @Override
        public java.io.InputStream rewrite() {
          throw new AssertionError("reports are not changed");
        }

        @Override
        public void quarantine(Envelope envelope, List<Recipient> recipients, String reason) {
          throw new AssertionError("reports are not held");
        }

        @Override
        public void reserve(int length) {
          throw new UnsupportedOperationException("reports are signed when they come");
        }

        @Override
        public void fill(byte[] filling) {
          throw new UnsupportedOperationException("reports are signed when they come");
        }

        @Override
        public void commit(Envelope envelope, List<Recipient> recipients) {
          then.run();
          messages.add(bytes.toString(StandardCharsets.US_ASCII));
          submissions.add(envelope);
          addressed.addAll(recipients);
        }

        @Override
        public void close() {}
      };
    }
  }

  /** An HTTPS server that takes what is posted. */
  private static final class HttpsReportSink implements AutoCloseable {
    private record Posted(String head, byte[] body) {}

    private final ServerSocket server;
    private final BlockingQueue<Posted> posted = new LinkedBlockingQueue<>();
    private volatile String status = "201 Created";

    private HttpsReportSink() throws IOException {
      server = new ServerSocket(0, 20, InetAddress.ofLiteral("127.0.0.1"));
      Thread.ofVirtual().start(this::accept);
    }

    static HttpsReportSink open() {
      try {
        return new HttpsReportSink();
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    private void accept() {
      TlsServer tls =
          TLS.server(
              ListenerTlsSettings.defaults("https"),
              IdentityStore.fixed(CA.identity("rua.example.org"), Map.of(), Clock.system()),
              new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()));
      while (!server.isClosed()) {
        try (Socket socket = server.accept();
            TlsWire wire = tls.accept(Wire.of(socket), Duration.ofSeconds(60))) {
          take(wire);
        } catch (IOException e) {
          // The next one, if there is one.
        }
      }
    }

    private void take(TlsWire wire) throws IOException {
      wire.readTimeout(Duration.ofSeconds(60));
      ByteArrayOutputStream head = new ByteArrayOutputStream();
      while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
        head.write(wire.in().read());
      }
      String text = head.toString(StandardCharsets.US_ASCII);
      Matcher length = Pattern.compile("(?i)content-length: (\\d+)").matcher(text);
      assertTrue(length.find(), text);
      byte[] body = wire.in().readNBytes(Integer.parseInt(length.group(1)));
      posted.add(new Posted(text, body));
      wire.out()
          .write(
              ("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n")
                  .getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  @BeforeEach
  void fresh() throws IOException {
    sink.close();
    sink = HttpsReportSink.open();
  }

  @AfterEach
  void close() throws IOException {
    sink.close();
  }

  private FixedResolver dns(String record) {
    return FixedResolver.builder()
        .txt("_smtp._tls.example.org", record)
        .address("rua.example.org", "127.0.0.1")
        .build();
  }

  private String byPost() {
    return "v=TLSRPTv1; rua=https://rua.example.org:" + sink.server.getLocalPort() + "/in";
  }

  private TlsReporter reporter(FixedResolver dns, boolean signs) throws IOException {
    return reporter(dns, signs, log.log);
  }

  private TlsReporter reporter(FixedResolver dns, boolean signs, MailLog to) throws IOException {
    List<DkimSigningKey> keys = signs ? List.of(signer()) : List.of();
    return new TlsReporter(
        new ReportSettings("Project", CONTACT, US, folder, period, Duration.ZERO, now -> keys, 2),
        dns,
        new HttpsClient(
            dns,
            SystemDialer.guarded(
                new DialerSettings(List.of(Cidr.parse("127.0.0.0/8").orElseThrow()))),
            TLS.client(
                ClientTlsSettings.defaults(),
                IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system())),
            CA.roots(),
            Clock.system()),
        letterbox,
        domain -> List.of("version: STSv1", "mode: testing"),
        clock,
        RandomSource.seeded(7),
        to);
  }

  private static final KeyPair KEYS = rsa();

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private DkimSigningKey signer() throws IOException {
    Path file = folder.resolve("dkim.pem");
    Files.writeString(
        file,
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(KEYS.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
    return DkimKeyFile.read(Domain.of("project.example"), Domain.of("tlsrpt2026"), file);
  }

  private static TlsReport unzipped(byte[] bytes) throws IOException {
    return TlsReportJson.read(new GZIPInputStream(new ByteArrayInputStream(bytes)).readAllBytes())
        .orElseThrow();
  }

  private List<Path> counts() throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(f -> f.toString().endsWith(".jsonl")).toList();
    }
  }

  @Test
  void postsADaysCountsAfterItsEndAndOnce() throws Exception {
    try (TlsReporter reporter = reporter(dns(byPost()), false)) {
      reporter.session(DOMAIN, List.of(HELD));
      reporter.session(DOMAIN, List.of(HELD, EXPIRED));
      reporter.send(clock.now());
      assertTrue(sink.posted.isEmpty(), "the day is not over");
      clock.now = MIDNIGHT.plus(Duration.ofDays(1)).plusSeconds(5);
      reporter.session(DOMAIN, List.of(HELD)); // of the next day
      reporter.send(clock.now());
      HttpsReportSink.Posted posted = sink.posted.poll(60, TimeUnit.SECONDS);
      assertTrue(posted.head().startsWith("POST /in HTTP/1.1\r\n"), posted.head());
      assertTrue(
          posted
              .head()
              .toLowerCase(java.util.Locale.ROOT)
              .contains("content-type: application/tlsrpt+gzip"),
          posted.head());
      TlsReport report = unzipped(posted.body());
      assertEquals(2, report.sums().getFirst().succeeded());
      assertEquals(1, report.sums().getFirst().failed());
      assertEquals(
          List.of("version: STSv1", "mode: testing"), report.sums().getFirst().policy().strings());
      assertEquals(MIDNIGHT, report.begin());
      assertEquals(Instant.parse("2026-11-25T23:59:59Z"), report.end());
      reporter.send(clock.now());
      assertTrue(sink.posted.isEmpty(), "sent twice");
    }
  }

  @Test
  void retriesRefusedReportsForOneDay() throws Exception {
    sink.status = "500 No";
    try (TlsReporter reporter = reporter(dns(byPost()), false)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(Domain.of("other.example"), List.of());
      reporter.session(Domain.of("third.example"), List.of(HELD));
      reporter.send(clock.now());
      assertEquals(1, sink.posted.size());
      clock.now = clock.now.plus(Duration.ofHours(23));
      reporter.send(clock.now());
      assertEquals(2, sink.posted.size());
      clock.now = clock.now.plus(Duration.ofHours(1));
      reporter.send(clock.now());
      assertEquals(3, sink.posted.size());
      reporter.send(clock.now());
      assertEquals(3, sink.posted.size(), "still offered after a day");
    }
  }

  @Test
  void theReasonOfAFailedPostIsLoggedInWords() throws Exception {
    RecordingMailLog facts = new RecordingMailLog();
    FixedResolver dns = FixedResolver.builder().txt("_smtp._tls.example.org", byPost()).build();
    try (TlsReporter reporter = reporter(dns, false, facts.log())) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD)); // of the next day
      reporter.send(clock.now());
    }
    assertTrue(facts.recorded("rua.example.org: no such name"), facts.facts().toString());
  }

  @Test
  void onlyTheRefusingAddressIsRetriedAfterARestart() throws Exception {
    sink.status = "503 Later";
    String both = byPost() + ",mailto:tls@example.org,mailto:second@example.org";
    try (TlsReporter reporter = reporter(dns(both), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD)); // of the next day
      reporter.send(clock.now());
      assertEquals(1, sink.posted.size());
      assertEquals(2, letterbox.messages.size());
      reporter.send(clock.now());
      assertEquals(2, sink.posted.size());
      assertEquals(2, letterbox.messages.size(), "who has it gets it once");
    }
    sink.status = "200 Thanks";
    try (TlsReporter again = reporter(dns(both), true)) {
      again.send(clock.now());
      assertEquals(3, sink.posted.size());
      again.send(clock.now());
      assertEquals(3, sink.posted.size());
      assertEquals(2, letterbox.messages.size());
    }
  }

  @Test
  void aReportThatWasPostedIsNotPostedAgainForMailThatWaits() throws Exception {
    letterbox.full = true;
    try (TlsReporter reporter = reporter(dns(byPost() + ",mailto:tls@example.org"), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD)); // of the next day
      reporter.send(clock.now());
      letterbox.full = false;
      reporter.send(clock.now());
      assertEquals(1, letterbox.messages.size());
      assertEquals(1, sink.posted.size());
    }
  }

  @Test
  void interruptedSendIsNotRepeated() throws Exception {
    String both = byPost().replace("rua=", "rua=mailto:tls@example.org,");
    try (TlsReporter reporter = reporter(dns(both), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD)); // of the next day
      letterbox.then = () -> Thread.currentThread().interrupt();
      assertThrows(InterruptedException.class, () -> reporter.send(clock.now()));
      letterbox.then = () -> {};
      assertEquals(0, sink.posted.size());
      reporter.send(clock.now());
      assertEquals(1, letterbox.messages.size());
      assertEquals(1, sink.posted.size());
    }
  }

  /** The process ended before what was sent was taken off the list: it was sent twice. */
  @Test
  void theEndWaitsUntilWhatWasSentIsNoted() throws Exception {
    period = Duration.ofSeconds(10);
    CountDownLatch sending = new CountDownLatch(1);
    TlsReporter reporter = reporter(dns("v=TLSRPTv1; rua=mailto:tls@example.org"), true);
    reporter.session(DOMAIN, List.of(EXPIRED));
    letterbox.then =
        () -> {
          sending.countDown();
          long until = System.nanoTime() + 300_000_000;
          while (System.nanoTime() < until) {
            LockSupport.parkNanos(until - System.nanoTime()); // also when interrupted
            var _ = Thread.interrupted();
          }
        };
    clock.now = clock.now.plus(period);
    reporter.start();
    sending.await();
    reporter.close();
    assertEquals(1, letterbox.messages.size());
    assertEquals(List.of(), SessionCountFile.in(folder));
  }

  /** The MX of an alias domain leads back here: the report would be held as a mail loop. */
  @Test
  void aReportToAnAliasOfThisHostGoesToItsTargets() throws Exception {
    List<Mailbox> targets =
        List.of(
            MailboxParser.parse("ann@peer.example").orElseThrow(),
            MailboxParser.parse("ben@peer.example").orElseThrow());
    letterbox.targets.put("tls@project.example", targets);
    try (TlsReporter reporter = reporter(dns("v=TLSRPTv1; rua=mailto:tls@project.example"), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD));
      reporter.send(clock.now());
    }
    assertEquals(
        targets.stream().map(DeliveryTarget.Remote::new).toList(),
        letterbox.addressed.stream().map(Recipient::target).toList());
    assertTrue(letterbox.messages.getFirst().contains("\r\nTo: tls@project.example\r\n"));
  }

  @Test
  void queuesSignedMailThatOtherVerifiersAccept() throws Exception {
    try (TlsReporter reporter = reporter(dns("v=TLSRPTv1; rua=mailto:tls@example.org"), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD));
      reporter.send(clock.now());
    }
    assertEquals(1, letterbox.messages.size());
    String message = letterbox.messages.getFirst();
    assertTrue(message.contains("\r\nTLS-Report-Domain: example.org\r\n"), message);
    assertTrue(message.contains("\r\nTLS-Report-Submitter: mx.project.example\r\n"), message);
    assertTrue(message.contains("report-type=\"tlsrpt\""), message);
    assertFalse(message.replace("\r\n", "").contains("\n"), "a bare LF");
    Envelope envelope = letterbox.submissions.getFirst();
    assertEquals(MailOptions.TlsOption.REPORT, envelope.options().tls());
    assertTrue(letterbox.addressed.getFirst().dsn().never());
    Matcher part = Pattern.compile("filename=\"([^\"]+)\"\r\n\r\n([^-]+)\r\n--").matcher(message);
    assertTrue(part.find(), message);
    assertTrue(part.group(1).startsWith("mx.project.example!example.org!"), part.group(1));
    TlsReport report = unzipped(Base64.getMimeDecoder().decode(part.group(2)));
    assertEquals(1, report.sums().getFirst().failed());

    String key = Base64.getEncoder().encodeToString(KEYS.getPublic().getEncoded());
    DKIMVerifier verifier =
        new DKIMVerifier(
            (methods, selector, token) -> {
              assertEquals("tlsrpt2026", selector.toString());
              assertEquals("project.example", token.toString());
              return List.of("v=DKIM1; k=rsa; p=" + key);
            });
    List<SignatureRecord> signatures =
        verifier.verify(new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII)));
    assertEquals(1, signatures.size());
  }

  @Test
  void keepsReportsWhileTheQueueTakesNoMail() throws Exception {
    letterbox.full = true;
    try (TlsReporter reporter = reporter(dns("v=TLSRPTv1; rua=mailto:tls@example.org"), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD));
      reporter.send(clock.now());
      assertEquals(0, letterbox.messages.size());
      letterbox.full = false;
      reporter.send(clock.now());
      assertEquals(1, letterbox.messages.size());
    }
  }

  @Test
  void sendsNoUnsignedMail() throws Exception {
    try (TlsReporter reporter = reporter(dns("v=TLSRPTv1; rua=mailto:tls@example.org"), false)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(DOMAIN, List.of(HELD));
      reporter.send(clock.now());
    }
    assertEquals(0, letterbox.messages.size());
  }

  @Test
  void domainWithoutReportingPolicyGetsNoReport() throws Exception {
    try (TlsReporter reporter = reporter(dns("v=spf1 -all"), true)) {
      reporter.session(DOMAIN, List.of(EXPIRED));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(Domain.of("other.example"), List.of(HELD));
      reporter.send(clock.now());
    }
    assertEquals(0, letterbox.messages.size());
    assertEquals(1, counts().size(), "only the new day's counts are left");
  }

  @Test
  void countsOverARestart() throws Exception {
    try (TlsReporter reporter = reporter(dns(byPost()), false)) {
      reporter.session(DOMAIN, List.of(HELD));
    }
    assertEquals(1, counts().size());
    try (TlsReporter reporter = reporter(dns(byPost()), false)) {
      reporter.session(DOMAIN, List.of(HELD));
      clock.now = MIDNIGHT.plus(Duration.ofDays(1));
      reporter.session(Domain.of("other.example"), List.of(HELD));
      reporter.send(clock.now());
    }
    HttpsReportSink.Posted posted = sink.posted.poll(60, TimeUnit.SECONDS);
    assertEquals(2, unzipped(posted.body()).sums().getFirst().succeeded());
  }

  @Test
  void countsTwoDomainsWhereTwoAreTheMost() throws Exception {
    try (TlsReporter reporter = reporter(dns(byPost()), false)) {
      for (String name : List.of("a.example", "b.example", "c.example")) {
        reporter.session(Domain.of(name), List.of(HELD));
      }
    }
    assertEquals(2, Files.readAllLines(counts().getFirst()).size());
  }

  @Test
  void invalidKeyIsReportedWithoutItsContents() throws IOException {
    Path file = folder.resolve("bad.pem");
    Files.writeString(file, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
    IOException e =
        assertThrows(
            IOException.class,
            () -> DkimKeyFile.read(Domain.of("a.example"), Domain.of("s"), file));
    assertFalse(String.valueOf(e.getMessage()).contains("c2VjcmV0"), e.getMessage());
  }
}
