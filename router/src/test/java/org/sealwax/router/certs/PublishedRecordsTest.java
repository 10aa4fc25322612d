package org.sealwax.router.certs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.router.certs.PublishedNames.TlsaView;
import org.sealwax.testkit.dns.FixedResolver;

/** Under which names senders reach a certificate, and which servers are asked for TLSA records. */
final class PublishedRecordsTest {
  private static final TlsaRecord ONE = new TlsaRecord(3, 1, 1, "ab".repeat(32));
  private static final TlsaRecord TWO = new TlsaRecord(3, 1, 1, "cd".repeat(32));
  private static final TlsaRecord PKIX = new TlsaRecord(1, 1, 1, "ef".repeat(32));
  private static final CertificateSlot HOST = slot("mx.example.org");
  private static final CertificateSlot OTHER = slot("mail.other.example");
  private static final CertificateSlot WILD = slot("*.wild.example");

  private final List<Domain> asked = new ArrayList<>();

  private static CertificateSlot slot(String name) {
    Path file = Path.of(name);
    return new CertificateSlot(
        List.of(new CertificateName(name)),
        List.of(new PairFiles(new IdentitySettings.CertificatePair(file, file))));
  }

  private static FixedResolver.Builder zone() {
    return FixedResolver.builder()
        .address("mx.example.org", "192.0.2.1")
        .address("alias.example.org", "192.0.2.1")
        .address("backup.example.net", "198.51.100.1")
        .mx("example.org", 10, "mx.example.org")
        .mx("example.org", 20, "backup.example.net")
        .mx("example.com", 10, "alias.example.org")
        .mx("wild.example", 10, "a.wild.example")
        .address("a.wild.example", "192.0.2.1")
        .tlsa("_25._tcp.mx.example.org", ONE);
  }

  private PublishedNames find(Resolver resolver, CertificateSlot slot, TlsaRecord... atServer)
      throws InterruptedException {
    return new PublishedRecords(
            Domain.of("mx.example.org"),
            () ->
                List.of(
                    Domain.of("example.org"), Domain.of("example.com"), Domain.of("wild.example")),
            () -> List.of(HOST, OTHER, WILD),
            resolver,
            owner -> {
              synchronized (asked) {
                asked.add(owner);
              }
              return Map.of(
                  "ns1",
                  new DnsAnswer<>(
                      List.of(atServer),
                      atServer.length == 0 ? DnsAnswer.Kind.NO_DATA : DnsAnswer.Kind.FOUND,
                      DnssecStatus.INSECURE,
                      owner,
                      0,
                      Duration.ZERO,
                      ""));
            },
            Clock.system())
        .find(slot);
  }

  private static List<String> names(PublishedNames found) {
    return found.hosts().stream().map(Domain::name).sorted().toList();
  }

  @Test
  void mxHostIsOursByItsNameOrItsAddress() throws InterruptedException {
    Resolver resolver = zone().build();
    assertEquals(List.of("alias.example.org", "mx.example.org"), names(find(resolver, HOST)));
    assertEquals(List.of("mail.other.example"), names(find(resolver, OTHER)));
    assertEquals(List.of("a.wild.example"), names(find(resolver, WILD)));
  }

  @Test
  void serversAreAskedWhereTheZoneIsSigned() throws InterruptedException {
    PublishedNames unsigned = find(zone().build(), HOST, TWO);
    assertEquals(List.of(), asked);
    assertTrue(
        unsigned.views().stream().allMatch(v -> v.state() instanceof DaneState.Absent),
        "records in an unsigned zone are nobody's evidence");

    PublishedNames signed = find(zone().secure("example.org").build(), HOST, TWO);
    assertEquals(2, asked.size());
    TlsaView atServer =
        signed.views().stream()
            .filter(v -> v.server().equals("ns1") && v.host().name().startsWith("mx"))
            .findFirst()
            .orElseThrow();
    DaneState.Usable usable = assertInstanceOf(DaneState.Usable.class, atServer.state());
    assertEquals(TWO.data(), usable.associations().records().iterator().next().data());
    assertEquals(List.of(), signed.missing());
  }

  /** RFC 7672 3.1.3. */
  @Test
  void onlyPkixUsagesIdentifyNobody() throws InterruptedException {
    PublishedNames found = find(zone().secure("example.org").build(), HOST, PKIX);
    assertTrue(
        found.views().stream()
            .filter(v -> v.server().equals("ns1"))
            .allMatch(v -> v.state() instanceof DaneState.Unusable));
  }

  @Test
  void serverWithoutRecordsHasNone() throws InterruptedException {
    PublishedNames found = find(zone().secure("example.org").build(), HOST);
    assertTrue(
        found.views().stream()
            .filter(v -> v.server().equals("ns1"))
            .allMatch(v -> v.state() instanceof DaneState.Absent));
  }

  @Test
  void failuresAreMissingAnswers() throws InterruptedException {
    PublishedNames bogus =
        find(zone().secure("example.org").bogus("_25._tcp.mx.example.org").build(), HOST);
    assertEquals(1, bogus.missing().size());
    PublishedNames silent = find(zone().fails("example.com").build(), HOST);
    assertEquals(List.of("example.com: SERVFAIL"), silent.missing());
    assertEquals(List.of("mx.example.org"), names(silent));
  }
}
