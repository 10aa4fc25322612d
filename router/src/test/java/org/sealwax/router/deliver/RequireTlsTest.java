package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.queue.MailOptions.TlsOption;
import org.sealwax.router.queue.Outcome;
import org.sealwax.testkit.tls.TestCa;

/** RFC 8689 toward hosts with real TLS: LAB test cases G2 to G5, and similar ones. */
@Timeout(300)
final class RequireTlsTest {
  private final FakeInternet net = new FakeInternet();

  @AfterEach
  void closeAll() {
    net.close();
  }

  private FakeHost good(FakeInternet net) {
    net.dns.secure("example.org");
    return net.simple().tls(FakeInternet.server("mx.example.org")).offersInTls("REQUIRETLS", "DSN");
  }

  private static String status(Outcome outcome) {
    return outcome instanceof Outcome.Refused(var cause) ? cause.status().toString() : "";
  }

  private static void neverSawMail(FakeHost host) {
    assertFalse(host.commands().toString().contains("MAIL"), host.commands().toString());
  }

  private static void enforce(FakeInternet net, String pattern) {
    net.sources.add(
        subject ->
            List.of(
                new Evidence.Sts(
                    Domain.of("example.org"),
                    new Evidence.StsState.Enforce(
                        "1", List.of(MxPattern.parse(pattern).orElseThrow())),
                    null)));
  }

  @Test
  void g2AHopWithoutRequireTlsBouncesWith5730() throws Exception {
    FakeHost host = good(net).offers("REQUIRETLS").offersInTls("DSN");
    Outcome outcome = net.mail().tls(TlsOption.REQUIRED).one();
    assertEquals("refused requiretls-missing", reason(outcome));
    assertEquals("5.7.30", status(outcome));
    neverSawMail(host);
    assertEquals("delivered may:trusted", reason(net.mail().one()), "other mail still passes");
  }

  @Test
  void g3AHopWithABadCertificateBouncesWith5710() throws Exception {
    for (String how : List.of("name", "self-signed")) {
      try (FakeInternet net = new FakeInternet()) {
        FakeHost host = good(net);
        host.tls(
            how.equals("name")
                ? FakeInternet.server("other.example")
                : FakeInternet.server(TestCa.selfSigned("mx.example.org")));
        Outcome outcome = net.mail().tls(TlsOption.REQUIRED).one();
        assertEquals("refused tls-identity", reason(outcome), how);
        assertEquals("5.7.10", status(outcome));
        neverSawMail(host);
      }
    }
  }

  @Test
  void g4RequireTlsIsPassedToACapableHost() throws Exception {
    FakeHost host = good(net);
    assertEquals("delivered encrypt:verified", reason(net.mail().tls(TlsOption.REQUIRED).one()));
    assertTrue(
        host.commands().stream().anyMatch(c -> c.startsWith("MAIL ") && c.contains(" REQUIRETLS")),
        host.commands().toString());
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals(
        1, host.commands().stream().filter(c -> c.contains("REQUIRETLS")).count(), "its own only");
  }

  /** A host that does not take the parameter after all has not promised anything. */
  @ParameterizedTest
  @ValueSource(strings = {"555 5.5.4 no", "501 5.5.4 no", "504 5.5.4 no", "455 4.5.4 no"})
  void requireTlsIsNotLeftOutWhereParametersAreRefused(String reply) throws Exception {
    FakeHost host = good(net).offersInTls("REQUIRETLS", "DSN", "SIZE").on("MAIL", reply);
    String outcome = reason(net.mail().tls(TlsOption.REQUIRED).one());
    assertFalse(outcome.startsWith("delivered"), outcome);
    List<String> asked = host.commands().stream().filter(c -> c.startsWith("MAIL")).toList();
    assertEquals(2, asked.size(), asked.toString());
    assertTrue(asked.stream().allMatch(c -> c.contains(" REQUIRETLS")), asked.toString());
  }

  @Test
  void g5TlsRequiredNoPassesMtaStsAndNoRow() throws Exception {
    enforce(net, "other.example.org");
    FakeHost host = net.simple().tls(FakeInternet.server(TestCa.selfSigned("whatever.example")));
    assertEquals("deferred sts-mx", reason(net.mail().one()));
    neverSawMail(host);
    assertEquals("delivered may:untrusted", reason(net.mail().tls(TlsOption.OPTIONAL).one()));
    try (FakeInternet strict = new FakeInternet()) {
      strict.rows.add(
          PolicyRow.of(DomainPattern.parse("example.org").orElseThrow(), TlsLevel.VERIFY));
      FakeHost other =
          strict.simple().tls(FakeInternet.server(TestCa.selfSigned("whatever.example")));
      assertEquals("deferred tls-identity", reason(strict.mail().tls(TlsOption.OPTIONAL).one()));
      neverSawMail(other);
    }
  }

  @Test
  void insecureMxBouncesRequireTlsUnlessMtaStsListsIt() throws Exception {
    FakeHost host =
        net.simple().tls(FakeInternet.server("mx.example.org")).offersInTls("REQUIRETLS");
    Outcome outcome = net.mail().tls(TlsOption.REQUIRED).one();
    assertEquals("refused requiretls-mx", reason(outcome));
    assertEquals("5.7.30", status(outcome));
    neverSawMail(host);
    try (FakeInternet listed = new FakeInternet()) {
      enforce(listed, "*.example.org");
      listed.simple().tls(FakeInternet.server("mx.example.org")).offersInTls("REQUIRETLS");
      assertEquals("delivered sts:verified", reason(listed.mail().tls(TlsOption.REQUIRED).one()));
    }
  }

  @Test
  void strippedTlsBouncesAndTemporaryFailuresDefer() throws Exception {
    FakeHost stripped = good(net).on("EHLO", "250-fake\r\n250 REQUIRETLS");
    assertEquals("refused tls-not-offered", reason(net.mail().tls(TlsOption.REQUIRED).one()));
    neverSawMail(stripped);
    try (FakeInternet internet = new FakeInternet()) {
      FakeHost host = good(internet).on("STARTTLS", "454 4.7.0 not now");
      assertEquals("deferred tls-refused", reason(internet.mail().tls(TlsOption.REQUIRED).one()));
      neverSawMail(host);
    }
    try (FakeInternet internet = new FakeInternet()) {
      FakeHost host = good(internet).breaksOn(clientHello -> true);
      assertEquals("deferred tls-broken", reason(internet.mail().tls(TlsOption.REQUIRED).one()));
      neverSawMail(host);
    }
    try (FakeInternet internet = new FakeInternet()) {
      // The first host cannot, the second is not there today: it may be able tomorrow.
      good(internet).offersInTls("DSN");
      internet.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.9");
      assertEquals("deferred", reason(internet.mail().tls(TlsOption.REQUIRED).one()).split(" ")[0]);
    }
  }

  @Test
  void theSecondHostIsTriedWhenTheFirstCannot() throws Exception {
    FakeHost first = good(net).offersInTls("DSN");
    net.dns.mx("example.org", 20, "mx2.example.org").a("mx2.example.org", "192.0.2.2");
    FakeHost second =
        net.host("192.0.2.2").tls(FakeInternet.server("mx2.example.org")).offersInTls("REQUIRETLS");
    assertEquals("delivered encrypt:verified", reason(net.mail().tls(TlsOption.REQUIRED).one()));
    neverSawMail(first);
    assertEquals(1, second.bodies().size());
  }

  @Test
  void aNotificationIsNotLostForTheKeywordButKeepsTheRest() throws Exception {
    FakeHost host = good(net).offersInTls("DSN");
    assertEquals(
        "delivered encrypt:verified",
        reason(net.mail().tls(TlsOption.REQUIRED).fromNullSender().one()));
    assertFalse(host.commands().toString().contains("REQUIRETLS"));
    try (FakeInternet clear = new FakeInternet()) {
      FakeHost stripped = good(clear).on("EHLO", "250 fake");
      assertEquals(
          "refused tls-not-offered",
          reason(clear.mail().tls(TlsOption.REQUIRED).fromNullSender().one()));
      neverSawMail(stripped);
    }
  }

  @Test
  void aConnectionMadeForLessIsNotUsedForRequireTls() throws Exception {
    net.pool = ConnectionPoolSettings.defaults();
    FakeHost host = good(net).offersInTls("DSN");
    assertEquals(
        "delivered encrypt:verified",
        reason(net.mail().tls(TlsOption.REQUIRED).fromNullSender().one()));
    assertEquals("refused requiretls-missing", reason(net.mail().tls(TlsOption.REQUIRED).one()));
    assertEquals(1, host.bodies().size());
    assertEquals("delivered may:trusted", reason(net.mail().one()));
    assertEquals(3, host.sessions().size());
  }

  @Test
  void retFullIsDisregarded() throws Exception {
    FakeHost host = good(net);
    FakeInternet.FakeMail mail = net.mail();
    mail.options =
        new org.sealwax.router.queue.MailOptions(
            org.sealwax.router.queue.MailOptions.BodyType.SEVEN_BIT,
            false,
            null,
            org.sealwax.mail.smtp.MailParameters.ReturnParameter.FULL,
            TlsOption.REQUIRED);
    assertEquals("delivered encrypt:verified", reason(mail.one()));
    assertTrue(host.commands().toString().contains(" RET=HDRS"), host.commands().toString());
  }
}
