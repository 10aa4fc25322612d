package org.sealwax.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.deliver.FakeNet.reason;

import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.sealwax.address.Domain;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.MxPattern;
import org.sealwax.tls.TestCa;
import org.sealwax.tlsrpt.AppliedPolicy;
import org.sealwax.tlsrpt.Failure;
import org.sealwax.tlsrpt.SessionResult;

/** What deliveries tell the reporter (RFC 8460), with real TLS: LAB row G1 on our side. */
@Timeout(60)
final class SessionReportTest {
  private static final Domain DOMAIN = Domain.of("example.org");
  private final FakeNet net = new FakeNet();

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

  private List<String> told() {
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
    net.simple().tls(FakeNet.server(TestCa.selfSigned("mx.example.org")));
    assertEquals("delivered may:untrusted", reason(net.mail().one()));
    assertEquals(List.of("certificate-not-trusted"), told());
    Failure failure = Objects.requireNonNull(net.results.getFirst().failure());
    assertEquals("mx.example.org", failure.host());
    assertEquals("192.0.2.1", failure.receivingAddress());
  }

  @Test
  void anEnforcedPolicyDefersAndReports() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.example.org")));
    net.simple();
    assertEquals("deferred tls-not-offered", reason(net.mail().one()));
    assertEquals(List.of("starttls-not-supported"), told());
  }

  @Test
  void aHostOutsideThePolicyIsReportedThoughNobodyConnected() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.elsewhere.example")));
    net.simple();
    assertEquals("deferred sts-mx", reason(net.mail().one()));
    assertEquals(List.of("certificate-host-mismatch"), told());
    assertTrue(net.dialled().isEmpty(), net.dialled().toString());
  }

  @Test
  void aGoodSessionIsCountedAsGood() throws Exception {
    sts(new Evidence.StsState.Enforce("1", mx("mx.example.org")));
    net.simple().tls(FakeNet.server("mx.example.org"));
    assertEquals("delivered sts:verified", reason(net.mail().one()));
    assertEquals(1, net.results.size());
    assertEquals(AppliedPolicy.Type.STS, net.results.getFirst().policy().type());
    assertEquals(List.of(), told());
  }

  @Test
  void withoutAPolicyTheReportSaysSo() throws Exception {
    net.simple();
    assertEquals("delivered may:none", reason(net.mail().one()));
    assertEquals(AppliedPolicy.Type.NONE, net.results.getFirst().policy().type());
    assertEquals(List.of("starttls-not-supported"), told());
  }
}
