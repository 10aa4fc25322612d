package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.mail.tlsrpt.FailureDetail;
import org.sealwax.mail.tlsrpt.SessionResult;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.testkit.tls.TestCa;

/** What deliveries report (RFC 8460), with real TLS: LAB test case G1 on our side. */
@Timeout(300)
final class SessionReportTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private void sts(Evidence.StsState state) {
    net.sources.add(subject -> List.of(new Evidence.Sts(DOMAIN, state, null)));
  }

  private static List<MxPattern> mx(String pattern) {
    return List.of(MxPattern.parse(pattern).orElseThrow());
  }

  private List<String> reported() {
    return net.results.stream()
        .map(SessionResult::failure)
        .filter(Objects::nonNull)
        .map(f -> f.type().word())
        .distinct()
        .toList();
  }

  @Test
  void aTestingPolicyDeliversAndReports() throws Exception {
    sts(new Evidence.StsState.Testing("1", mx("mx.example.org")));
    net.simple().tls(FakeInternet.server(TestCa.selfSigned("mx.example.org")));
    assertEquals("delivered may:untrusted", reason(net.mail().one()));
    assertEquals(List.of("certificate-not-trusted"), reported());
    FailureDetail failure = Objects.requireNonNull(net.results.getFirst().failure());
    assertEquals("mx.example.org", failure.host());
    assertEquals("192.0.2.1", failure.receivingAddress());
    assertEquals("127.0.0.1", failure.sendingAddress(), "our end of the connection");
  }

  @Test
  void anEnforcedPolicyDefersAndReports() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.example.org")));
    net.simple();
    assertEquals("deferred tls-not-offered", reason(net.mail().one()));
    assertEquals(List.of("starttls-not-supported"), reported());
  }

  @Test
  void hostOutsideThePolicyIsReportedWithoutConnection() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.elsewhere.example")));
    net.simple();
    assertEquals("deferred sts-mx", reason(net.mail().one()));
    assertEquals(List.of("certificate-host-mismatch"), reported());
    assertTrue(net.dialled().isEmpty(), net.dialled().toString());
  }

  @Test
  void aGoodSessionIsCountedAsGood() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.example.org")));
    net.simple().tls(FakeInternet.server("mx.example.org"));
    assertEquals("delivered sts:verified", reason(net.mail().one()));
    assertEquals(1, net.results.size());
    assertEquals(AppliedPolicy.PolicyType.STS, net.results.getFirst().policy().type());
    assertEquals(List.of(), reported());
  }

  /**
   * RFC 8460 3: a report goes out despite what is wrong with the TLS, and the session that carries
   * it is not in the next report: else two sites would report each other's reports without end.
   */
  @Test
  void sessionsOfOurReportsAreNotCounted() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.example.org")));
    net.simple().tls(FakeInternet.server(TestCa.selfSigned("mx.example.org")));
    assertEquals(
        "delivered may:untrusted", reason(net.mail().tls(MailOptions.TlsOption.REPORT).one()));
    assertEquals(List.of(), net.results);
    assertEquals("deferred tls-identity", reason(net.mail().one()), "other mail");
    assertEquals(List.of("certificate-not-trusted"), reported());
  }

  /** A connection that was not counted carries no mail whose session counts. */
  @Test
  void ordinaryMailDoesNotTravelInASessionThatAReportOpened() throws Exception {
    net.pool = new ConnectionPoolSettings(5, 5, Duration.ofSeconds(5), 100, Duration.ofMinutes(5));
    net.simple().tls(FakeInternet.server("mx.example.org"));
    assertEquals(
        "delivered may:trusted", reason(net.mail().tls(MailOptions.TlsOption.REPORT).one()));
    assertEquals(1, net.agent().idleConnections());
    assertEquals(
        "delivered may:trusted", reason(net.mail().tls(MailOptions.TlsOption.OPTIONAL).one()));
    assertEquals(2, net.dialled().size());
    assertEquals(1, net.results.size());
  }

  @Test
  void aHostWithoutTheDaneThatARowDemandsIsReported() throws Exception {
    net.level = TlsLevel.DANE_ONLY;
    net.dane = true;
    net.simple();
    assertEquals("deferred dane-missing", reason(net.mail().one()));
    assertEquals(List.of("dane-required"), reported());
    assertTrue(net.dialled().isEmpty(), net.dialled().toString());
  }

  @Test
  void sessionWithoutPolicyIsReportedAsNoPolicyFound() throws Exception {
    net.simple();
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(AppliedPolicy.PolicyType.NONE, net.results.getFirst().policy().type());
    assertEquals(List.of("starttls-not-supported"), reported());
  }
}
