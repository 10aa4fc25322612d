package org.sealwax.mail.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** The facade over lookup, policy and connection, against signed zones and hosts on loopback. */
final class SmtpClientTest {
  private static final TestCa CA = TestCa.root("public");
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Identity MX = CA.identity("mx.example.org");
  private static final String HOSTS = "@ MX 10 mx\nmx A 127.0.0.1\nmta-sts A 127.0.0.1\n";

  /** What a client saw of one domain. */
  private record Result(
      PolicySubject subject,
      List<Evidence> evidence,
      Requirement requirement,
      ClientConnection connection) {}

  private static String tlsa(int port, Identity identity) {
    return "_" + port + "._tcp.mx TLSA 3 1 1 " + Pins.of(identity.chain().getFirst()).hex() + "\n";
  }

  private static SmtpClient.Builder client(LoopbackResolver dns, TestMailHost host) {
    return SmtpClient.builder(Domain.of("client.example"))
        .dns(
            DnsSettings.defaults().withResolvers(List.of(dns.address())).withAnchors(dns.anchors()))
        .dialer(SystemDialer.trusted())
        .roots(CA.roots())
        .timeouts(SmtpTimeouts.defaults().atMost(Duration.ofSeconds(20)))
        .port(host.port());
  }

  private static Result run(SmtpClient client) throws InterruptedException {
    MxSet.Hosts hosts = assertInstanceOf(MxSet.Hosts.class, client.hosts(DOMAIN));
    PolicySubject subject = client.subject(DOMAIN, hosts, hosts.targets().getFirst());
    List<Evidence> evidence = client.evidence(subject);
    Requirement requirement = client.requirement(subject, evidence);
    return new Result(subject, evidence, requirement, client.connect(subject, requirement));
  }

  /** Asserts that a session is open and encrypted with this verdict, and ends it. */
  private static void assertVerdict(String verdict, Result result, TestMailHost host)
      throws InterruptedException {
    Observation.Encrypted seen =
        assertInstanceOf(Observation.Encrypted.class, result.connection().observation());
    assertEquals(verdict, seen.handshake().verdict().text());
    assertEquals(new Decision.Proceed(false), result.connection().decision());
    assertNotNull(result.connection().session());
    Objects.requireNonNull(result.connection().session()).quit();
    host.awaitQuit();
    assertEquals(List.of("EHLO", "STARTTLS", "EHLO", "QUIT"), host.commands());
  }

  @Test
  void aSignedZoneWithTlsaDemandsTheKey() throws Exception {
    try (TestMailHost host = new TestMailHost(MX);
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(), Zone.of("example.org", HOSTS + tlsa(host.port(), MX)).signed())) {
      Result result = run(client(dns, host).build());
      assertTrue(result.subject().secureMx());
      assertEquals(TlsLevel.DANE, result.requirement().statedLevel());
      String key = Pins.of(MX.chain().getFirst()).hex();
      assertVerdict("verified(tlsa 3 1 1 " + key.substring(0, 12) + "…)", result, host);
    }
  }

  @Test
  void anotherKeyThanTheTlsaRecordNamesEndsTheConnection() throws Exception {
    Identity other = CA.identity("mx.example.org");
    try (TestMailHost host = new TestMailHost(other);
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(), Zone.of("example.org", HOSTS + tlsa(host.port(), MX)).signed())) {
      ClientConnection connection = run(client(dns, host).build()).connection();
      assertNull(connection.session());
      assertEquals(
          DeferReason.TLS_IDENTITY,
          assertInstanceOf(Decision.NextHost.class, connection.decision()).reason());
      host.awaitQuit();
      assertFalse(host.commands().contains("MAIL"));
    }
  }

  @Test
  void aHostWithoutStarttlsIsNotUsedWhereDaneDemandsIt() throws Exception {
    try (TestMailHost host = new TestMailHost(null);
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(), Zone.of("example.org", HOSTS + tlsa(host.port(), MX)).signed())) {
      ClientConnection connection = run(client(dns, host).build()).connection();
      assertNull(connection.session());
      assertEquals(
          DeferReason.TLS_NOT_OFFERED,
          assertInstanceOf(Decision.NextHost.class, connection.decision()).reason());
    }
  }

  @Test
  void aDomainThatPublishesNothingGetsTheDefaultLevel() throws Exception {
    try (TestMailHost host = new TestMailHost(null);
        LoopbackResolver dns =
            LoopbackResolver.start(Clock.system(), Zone.of("example.org", HOSTS))) {
      Result may = run(client(dns, host).build());
      assertEquals(TlsLevel.MAY, may.requirement().statedLevel());
      assertInstanceOf(Observation.Unencrypted.class, may.connection().observation());
      assertNotNull(may.connection().session());
      Objects.requireNonNull(may.connection().session()).quit();
      Result encrypt = run(client(dns, host).level(TlsLevel.ENCRYPT).build());
      assertEquals(TlsLevel.ENCRYPT, encrypt.requirement().statedLevel());
      assertNull(encrypt.connection().session());
    }
  }

  @Test
  void anEnforcedStsPolicyDemandsAValidNameAndIsRemembered() throws Exception {
    try (TestMailHost host = new TestMailHost(MX);
        StsPolicyHost policy =
            new StsPolicyHost(
                CA.identity("mta-sts.example.org"),
                StsPolicyHost.policy(
                    "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n"));
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(),
                Zone.of("example.org", HOSTS + "_mta-sts TXT \"v=STSv1; id=1\"\n"))) {
      SmtpClient client = client(dns, host).policyPort(policy.port()).build();
      Result result = run(client);
      assertEquals(TlsLevel.STS, result.requirement().statedLevel());
      assertVerdict("verified(name mx.example.org)", result, host);
      assertTrue(client.evidence(result.subject()).contains(result.evidence().get(1)));
      assertEquals(1, policy.requests().size(), "the policy was fetched twice");
    }
  }

  @Test
  void aPolicyThatCannotBeFetchedIsNotAnAbsentPolicy() throws Exception {
    try (TestMailHost host = new TestMailHost(MX);
        StsPolicyHost policy =
            new StsPolicyHost(
                TestCa.selfSigned("mta-sts.example.org"),
                StsPolicyHost.policy("version: STSv1\nmode: none\nmax_age: 86400\n"));
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(),
                Zone.of("example.org", HOSTS + "_mta-sts TXT \"v=STSv1; id=1\"\n"))) {
      ClientConnection connection =
          run(client(dns, host).policyPort(policy.port()).build()).connection();
      assertNull(connection.observation(), "no connection");
      assertEquals(
          DeferReason.STS_PENDING,
          assertInstanceOf(Decision.NextHost.class, connection.decision()).reason());
      assertTrue(host.commands().isEmpty());
    }
  }

  @Test
  void aHostThatDoesNotAnswerIsUnreachable() throws Exception {
    TestMailHost gone = new TestMailHost(MX);
    gone.close();
    try (LoopbackResolver dns =
        LoopbackResolver.start(Clock.system(), Zone.of("example.org", HOSTS))) {
      ClientConnection connection = run(client(dns, gone).build()).connection();
      assertInstanceOf(Observation.Unreachable.class, connection.observation());
      assertNull(connection.session());
    }
  }

  @Test
  void aDomainWithoutMailSaysSo() throws Exception {
    try (TestMailHost host = new TestMailHost(MX);
        LoopbackResolver dns =
            LoopbackResolver.start(Clock.system(), Zone.of("example.org", "@ MX 0 .\n").signed())) {
      assertEquals(new MxSet.NullMx(DnssecStatus.SECURE), client(dns, host).build().hosts(DOMAIN));
    }
  }

  @Test
  void aConnectionHasASessionExactlyWhenMailMayBeSent() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new ClientConnection(null, new Decision.Proceed(false), null));
  }
}
