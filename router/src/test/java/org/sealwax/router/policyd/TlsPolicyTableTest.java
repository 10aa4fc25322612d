package org.sealwax.router.policyd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.router.evidence.EvidenceGatherer;
import org.sealwax.router.evidence.EvidenceGatherer.DaneSource;
import org.sealwax.router.evidence.EvidenceGatherer.LedgerSource;
import org.sealwax.router.evidence.EvidenceGatherer.PolicyRows;
import org.sealwax.router.evidence.EvidenceGatherer.StsSource;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.sts.ExpiryListener;
import org.sealwax.router.sts.StsPolicyCache;
import org.sealwax.router.sts.StsSettings;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;

/**
 * The whole service: DNS of the test, a real policy host, a ledger that learns from lines of a log.
 */
final class TlsPolicyTableTest {
  private static final TestCa CA = TestCa.root("public");
  private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
  private static final String POLICY =
      "version: STSv1\nmode: enforce\nmx: mx.example.org\nmx: *.two.test\nmax_age: 604800\n";

  @TempDir private Path folder = Path.of("");
  private final ManualClock clock = new ManualClock(NOON);
  private final RecordingMailLog log = new RecordingMailLog();
  private final StsPolicyHost host = host();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private FixedResolver dns =
      FixedResolver.builder()
          .mx("example.org", 10, "mx.example.org")
          .a("mx.example.org", "192.0.2.1")
          .build();

  private static StsPolicyHost host() {
    try {
      return new StsPolicyHost(CA.identity("mta-sts.example.org"), StsPolicyHost.policy(POLICY));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : opened) {
      each.close();
    }
    host.close();
  }

  private void zone(UnaryOperator<FixedResolver.Builder> change) {
    dns = change.apply(dns.toBuilder()).build();
  }

  private void announces() {
    zone(z -> z.txt("_mta-sts.example.org", "v=STSv1; id=a").a("mta-sts.example.org", "127.0.0.1"));
  }

  private record TestPolicyTable(TlsPolicyTable desk, PersistentLedger ledger) {}

  private TestPolicyTable machine() throws IOException {
    HttpsClient https =
        new HttpsClient(
            dns,
            SystemDialer.trusted(),
            new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure())
                .client(ClientTlsSettings.defaults()),
            CA.roots(),
            Clock.system());
    StsPolicyCache policies =
        new StsPolicyCache(
            StsSettings.in(folder.resolve("sts.db")),
            dns,
            new PolicyFetcher(https, host.port(), Duration.ofSeconds(30)),
            clock,
            RandomSource.seeded(1),
            log.log(),
            ExpiryListener.none());
    opened.add(policies);
    PersistentLedger ledger =
        PersistentLedger.open(
            folder.resolve("ledger.db"),
            LedgerSettings.defaults(),
            clock,
            log.log(),
            (domain, mx) -> false);
    opened.add(ledger);
    TlsPolicyTable table =
        new TlsPolicyTable(
            dns,
            new EvidenceGatherer(
                List.of(
                    new PolicyRows(TlsLevel.MAY, List.of()),
                    new DaneSource(dns, new HostAddresses.Families(true, true), clock),
                    new StsSource(policies),
                    new LedgerSource(ledger))),
            new Policy(FallbackLadder.of(true, true, Duration.ofMinutes(30)), TlsFloors.DEFAULT),
            policies,
            ledger,
            Map.of(),
            clock,
            RandomSource.seeded(1));
    return new TestPolicyTable(table, ledger);
  }

  private String query(String request) throws IOException, InterruptedException {
    return machine().desk().answer(request).text();
  }

  @Test
  void theTablesHaveNames() throws Exception {
    assertEquals("PERM the tables are tls and tlsrpt", query("x example.org"));
    assertEquals("PERM the tables are tls and tlsrpt", query("tls"));
    assertEquals("NOTFOUND ", query("tls example.org"));
    assertEquals("NOTFOUND ", query("tls .example.org"));
    assertEquals("NOTFOUND ", query("tls [192.0.2.1]:25"));
  }

  @Test
  void f1AnEnforcedPolicyIsServed() throws Exception {
    announces();
    assertEquals(
        "OK secure match=mx.example.org:.two.test servername=hostname protocols=>=TLSv1.2",
        query("tls example.org"));
  }

  @Test
  void attributesForReportsAreServedOnRequest() throws Exception {
    announces();
    assertEquals(
        "OK secure match=mx.example.org:.two.test servername=hostname protocols=>=TLSv1.2"
            + " policy_type=sts policy_domain=example.org policy_ttl=604800"
            + " mx_host_pattern=mx.example.org mx_host_pattern=*.two.test"
            + " { policy_string = version: STSv1 } { policy_string = mode: enforce }"
            + " { policy_string = mx: mx.example.org } { policy_string = mx: *.two.test }"
            + " { policy_string = max_age: 604800 }",
        query("tlsrpt example.org"));
  }

  @Test
  void testingPolicyIsServedForReportsOnly() throws Exception {
    announces();
    host.says(StsPolicyHost.policy(POLICY.replace("enforce", "testing")));
    assertEquals("NOTFOUND ", query("tls example.org"));
    String attributes =
        " policy_type=sts policy_domain=example.org policy_ttl=604800"
            + " mx_host_pattern=mx.example.org mx_host_pattern=*.two.test"
            + " { policy_string = version: STSv1 } { policy_string = mode: testing }"
            + " { policy_string = mx: mx.example.org } { policy_string = mx: *.two.test }"
            + " { policy_string = max_age: 604800 }";
    assertEquals("OK may" + attributes, query("tlsrpt example.org"));
    // Some hosts with TLSA records: of the others Postfix reports by the policy.
    FixedResolver plain = dns;
    zone(
        z ->
            z.secure("example.org")
                .mx("example.org", 20, "mx2.example.org")
                .a("mx2.example.org", "192.0.2.2")
                .tlsa("_25._tcp.mx2.example.org", new TlsaRecord(3, 1, 1, "ab".repeat(32))));
    assertEquals("OK dane" + attributes, query("tlsrpt example.org"));
    dns = plain;
    zone(
        z ->
            z.secure("example.org")
                .tlsa("_25._tcp.mx.example.org", new TlsaRecord(3, 1, 1, "ab".repeat(32))));
    assertEquals("OK dane-only", query("tlsrpt example.org"), "DANE is what is reported");
    host.says(StsPolicyHost.policy("version: STSv1\nmode: none\nmax_age: 60\n"));
    dns = plain;
    clock.pass(Duration.ofDays(8));
    assertEquals("NOTFOUND ", query("tlsrpt example.org"));
    assertEquals("NOTFOUND ", query("tlsrpt [mx.example.org]:25"));
  }

  @Test
  void aBackupHostThatCannotBeLookedUpDefersNothingThatPostfixCanDeliver() throws Exception {
    zone(z -> z.mx("example.org", 20, "mx2.example.org"));
    FixedResolver two = dns;
    zone(z -> z.fails("mx2.example.org", FixedResolver.Type.A));
    assertEquals("OK dane", query("tls example.org"));
    dns = two;
    zone(z -> z.bogus("mx2.example.org", FixedResolver.Type.A));
    assertEquals("OK dane", query("tls example.org"));
    // With an address there is a host to connect to, and DANE may apply to it.
    dns = two;
    zone(
        z ->
            z.a("mx2.example.org", "192.0.2.2")
                .secure("example.org")
                .fails("_25._tcp.mx2.example.org"));
    assertEquals("OK dane", query("tls example.org"));
    announces();
    assertTrue(query("tls example.org").startsWith("TEMP "));
    dns = two;
    zone(z -> z.fails("mx2.example.org", FixedResolver.Type.A));
    assertTrue(query("tls example.org").startsWith("OK secure match="));
  }

  @Test
  void aPolicyFileCannotSmuggleAttributes() throws Exception {
    announces();
    host.says(StsPolicyHost.policy(POLICY + "x: } { servername = evil.test\ny: a=b, c\n"));
    String line = query("tlsrpt example.org");
    assertTrue(line.contains("{ policy_string = y: a=b, c }"), line);
    assertTrue(!line.contains("evil"), line);
  }

  @Test
  void f8APolicyThatCannotBeHadIsTemp() throws Exception {
    announces();
    host.shows(TestCa.selfSigned("mta-sts.example.org"));
    assertTrue(
        query("tls example.org")
            .startsWith("TEMP mx.example.org: its policy cannot be fetched: certificate"));
    assertTrue(query("tlsrpt example.org").startsWith("TEMP "));
  }

  @Test
  void dnsFailureIsTemp() throws Exception {
    FixedResolver good = dns;
    zone(z -> z.fails("example.org", FixedResolver.Type.MX));
    assertEquals("TEMP MX of example.org: SERVFAIL", query("tls example.org"));
    dns = good;
    zone(z -> z.bogus("example.org", FixedResolver.Type.MX));
    assertTrue(query("tls example.org").startsWith("TEMP MX of example.org: "));
    dns = good;
    zone(z -> z.fails("_mta-sts.example.org"));
    assertTrue(
        query("tls example.org").startsWith("TEMP mx.example.org: _mta-sts cannot be looked up"));
    dns = good;
    zone(z -> z.secure("example.org").fails("_25._tcp.mx.example.org"));
    assertTrue(query("tls example.org").startsWith("TEMP "));
    // Even where MTA-STS would be there: the absence of DANE is not proven.
    announces();
    assertTrue(query("tls example.org").startsWith("TEMP "));
    assertTrue(
        machine().desk().explain("example.org").because().stream()
            .anyMatch(b -> b.contains("sts: enforce")));
  }

  @Test
  void e1DaneIsServedByItsOwnName() throws Exception {
    zone(
        z ->
            z.secure("example.org")
                .tlsa("_25._tcp.mx.example.org", new TlsaRecord(3, 1, 1, "ab".repeat(32))));
    assertEquals("OK dane-only", query("tls example.org"));
    announces();
    TlsPolicyTable.Explained both = machine().desk().explain("example.org");
    assertEquals("OK dane-only", both.line());
    assertTrue(both.notes().getFirst().contains("DANE is served"), both.toString());
  }

  @Test
  void h1PostfixDecidesByItsOwnDaneLookups() throws Exception {
    zone(z -> z.mx("null.test", 0, "."));
    assertEquals("NOTFOUND ", query("tls null.test"));
    assertEquals("NOTFOUND ", query("tls no-such-domain.test"));
  }

  @Test
  void theLogPromotesToEncryptAndNoFurther() throws Exception {
    TestPolicyTable machine = machine();
    LogLearner learner = new LogLearner(machine.ledger(), dns, clock, RandomSource.seeded(1));
    int n = 0;
    for (int day = 0; day < 8; day++) {
      for (int i = 0; i < 4; i++) {
        say(learner, "AAAAAA" + n++, "a@example.net", 7, true);
        clock.pass(Duration.ofHours(2));
      }
      clock.pass(Duration.ofHours(16));
    }
    assertEquals("OK encrypt protocols=>=TLSv1.2", machine.desk().answer("tls example.org").text());
    assertTrue(
        machine
            .ledger()
            .evidenceFor(Domain.of("example.org"))
            .filter(l -> l.level() == TlsLevel.ENCRYPT)
            .isPresent());
    // A delivery whose connection was not seen is not a violation.
    say(learner, "BBBBBB1", "a@example.net", 8, false);
    assertEquals("OK encrypt protocols=>=TLSv1.2", machine.desk().answer("tls example.org").text());
  }

  @Test
  void bouncesAndForeignLogLinesDoNotUpdateTheLedger() throws Exception {
    TestPolicyTable machine = machine();
    LogLearner learner = new LogLearner(machine.ledger(), dns, clock, RandomSource.seeded(1));
    for (int i = 0; i < 60; i++) {
      say(learner, "AAAAAA" + i, "", 7, true);
      // A message whose sender was never seen, and a relay that is not an MX host of the domain.
      learner.line(sent("CCCCCC" + i, 7, "mx.example.org"));
      learner.line(tls(9, "elsewhere.test"));
      learner.line(active("DDDDDD" + i, "a@example.net"));
      learner.line(sent("DDDDDD" + i, 9, "elsewhere.test"));
      clock.pass(Duration.ofHours(8));
    }
    assertTrue(machine.ledger().evidenceFor(Domain.of("example.org")).isEmpty());
  }

  private static void say(
      LogLearner learner, String id, String sender, int pid, boolean encrypted) {
    learner.line(active(id, sender));
    if (encrypted) {
      learner.line(tls(pid, "mx.example.org"));
    }
    learner.line(sent(id, pid, "mx.example.org"));
  }

  private static String active(String id, String sender) {
    return "Nov 25 12:00:00 relay postfix/qmgr[1]: "
        + id
        + ": from=<"
        + sender
        + ">, size=1, nrcpt=1 (queue active)";
  }

  private static String tls(int pid, String host) {
    return "Nov 25 12:00:00 relay postfix/smtp["
        + pid
        + "]: Trusted TLS connection established to "
        + host
        + "[192.0.2.1]:25: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)";
  }

  private static String sent(String id, int pid, String host) {
    return "Nov 25 12:00:00 relay postfix/smtp["
        + pid
        + "]: "
        + id
        + ": to=<box@example.org>, relay="
        + host
        + "[192.0.2.1]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)";
  }
}
