package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.router.certs.PublishedNames.TlsaView;
import org.sealwax.router.log.MailLog;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsaBuilder;

/** What status shows about a certificate, its records, and what a person must do. */
final class CertificateStatusTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final TestCa CA = TestCa.root("Public Root");

  @TempDir private Path folder = Path.of("");

  private final ManualClock clock = new ManualClock(Clock.system().now());
  private final Identity pair = CA.identity(HOST.name());
  private PublishedNames published = new PublishedNames(List.of(HOST), List.of(), List.of());

  private CertificateStatus status(IdentitySettings settings) {
    CertificateGuard guard = new CertificateGuard(CA::roots);
    PublishedNames.Lookup lookup = slot -> published;
    List<CertificateSlot> slots = CertificateSlot.of(settings, clock, RandomSource.secure());
    return new CertificateStatus(
        new ServerCertificates(
            slots, guard, lookup, folder.resolve("state"), () -> false, clock, new MailLog() {}),
        guard,
        lookup,
        clock);
  }

  private IdentitySettings files() {
    return new IdentitySettings(
        TestCa.write(pair, folder, "mx"), List.of(), folder.resolve("tls"), HOST);
  }

  private static List<StatusItem> of(StatusTopic topic, List<StatusItem> items) {
    return items.stream().filter(item -> item.topic() == topic).toList();
  }

  private static DaneState records(Identity of) {
    return new DaneState.Usable(
        new TlsaAssociations(Set.of(TlsaBuilder.of(3, 1, 1, of.leaf())), List.of(HOST)));
  }

  @Test
  void goodCertificateNeedsNothing() throws InterruptedException {
    published =
        new PublishedNames(
            List.of(HOST),
            List.of(new TlsaView(HOST, "ns1", records(pair), Duration.ZERO)),
            List.of());
    List<StatusItem> items = status(files()).items();
    assertTrue(items.stream().allMatch(item -> item.action().isEmpty()), items.toString());
    StatusItem certificate = of(StatusTopic.CERTIFICATE, items).getFirst();
    assertEquals(89L, certificate.values().get("days_left"));
    assertEquals("mx.example.org", certificate.values().get("names"));
    assertEquals(
        "EC 256, TLSA 3 1 1 " + pair.pin().hex(), of(StatusTopic.KEY, items).getFirst().text());
    assertEquals("matches", of(StatusTopic.TLSA, items).getFirst().values().get("state"));
  }

  @Test
  void eachServerIsShownAndTheRecordToPublish() throws InterruptedException {
    published =
        new PublishedNames(
            List.of(HOST),
            List.of(
                new TlsaView(HOST, "ns1", records(pair), Duration.ZERO),
                new TlsaView(HOST, "ns2", records(CA.identity(HOST.name())), Duration.ZERO),
                new TlsaView(HOST, "ns3", new DaneState.LookupFailed("timed out"), Duration.ZERO),
                new TlsaView(HOST, "ns4", new DaneState.Absent("no TLSA records"), Duration.ZERO),
                new TlsaView(HOST, "ns5", new DaneState.Unusable("usages 0 and 1"), Duration.ZERO)),
            List.of("timed out"));
    List<StatusItem> tlsa = of(StatusTopic.TLSA, status(files()).items());
    assertEquals(
        List.of("matches", "differs", "unknown", "none", "unusable", "unknown"),
        tlsa.stream().map(item -> item.values().get("state")).toList());
    assertEquals(
        List.of("publish _25._tcp.mx.example.org. TLSA 3 1 1 " + pair.pin().hex()),
        tlsa.stream().flatMap(item -> item.action().stream()).toList());
  }

  @Test
  void certificateNearItsEndNeedsARenewal() throws InterruptedException {
    clock.pass(Duration.ofDays(80));
    StatusItem item = of(StatusTopic.CERTIFICATE, status(files()).items()).getFirst();
    assertEquals("renew the certificate", item.action().orElse(""));
  }

  /** A certificate of 40 days is renewed 13 days before its end: no reason for an alarm. */
  @Test
  void shortLifetimesHaveAShorterAlarm() {
    Instant begin = clock.now().minus(Duration.ofDays(1));
    Identity brief = CA.leaf(HOST.name()).valid(begin, begin.plus(Duration.ofDays(40))).identity();
    Instant end = brief.expires();
    assertEquals(Optional.empty(), CertificateDates.notice(brief, end.minus(Duration.ofDays(11))));
    assertTrue(CertificateDates.notice(brief, end.minus(Duration.ofDays(9))).isPresent());
  }

  /** Without a server: the files have a pair that the next start refuses. */
  @Test
  void keptPairIsNamedWithoutAServer() throws InterruptedException {
    IdentitySettings files = files();
    published =
        new PublishedNames(
            List.of(HOST),
            List.of(new TlsaView(HOST, "ns1", records(pair), Duration.ZERO)),
            List.of());
    status(files).certificates().turn(ServerCertificates.TurnMode.RELOAD);
    TestCa.write(CA.identity(HOST.name()), folder, "mx");
    List<StatusItem> items = of(StatusTopic.CERTIFICATE, status(files).items());
    assertEquals(2, items.size(), items.toString());
    assertTrue(
        items.getLast().text().contains("mx.crt: refused: no TLSA record of mx.example.org"),
        items.getLast().text());
    assertTrue(items.getLast().text().endsWith("the certificate of the state folder is used"));
    assertEquals("refused", items.getLast().values().get("state"));
  }

  @Test
  void refusedPairNeedsAPerson() throws InterruptedException {
    IdentitySettings files = files();
    published =
        new PublishedNames(
            List.of(HOST),
            List.of(new TlsaView(HOST, "ns1", records(pair), Duration.ZERO)),
            List.of());
    CertificateStatus status = status(files);
    status.certificates().turn(ServerCertificates.TurnMode.RELOAD);
    TestCa.write(CA.identity(HOST.name()), folder, "mx");
    status.certificates().turn(ServerCertificates.TurnMode.RELOAD);
    List<StatusItem> items = of(StatusTopic.CERTIFICATE, status.items());
    assertEquals(2, items.size());
    assertTrue(items.getLast().text().contains("no TLSA record"), items.getLast().text());
    assertTrue(items.getLast().action().isPresent());
    assertTrue(items.getFirst().text().contains("mx.crt"));
  }

  @Test
  void filesThatCannotBeReadAreReported() throws Exception {
    IdentitySettings files = files();
    Files.writeString(folder.resolve("mx.key"), "nothing");
    List<StatusItem> items = status(files).items();
    assertEquals(1, items.size());
    assertTrue(items.getFirst().text().contains("no private key"));
    assertTrue(items.getFirst().action().isPresent());
  }

  /** The command may run as another user than the server: it must not make the server's files. */
  @Test
  void statusMakesNoCertificate() throws InterruptedException {
    List<StatusItem> items = status(IdentitySettings.defaults(folder.resolve("tls"), HOST)).items();
    assertEquals("there is no certificate yet", items.getFirst().text());
    assertFalse(Files.exists(folder.resolve("tls")));
    assertFalse(Files.exists(folder.resolve("state")));
  }
}
