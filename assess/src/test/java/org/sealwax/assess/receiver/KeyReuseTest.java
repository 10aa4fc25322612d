package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.assess.review.KeyReuseReview;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.testkit.dns.FixedResolver;

/** A key that a second service has too, and what that service does with it. */
final class KeyReuseTest {
  private static Finding other(Consumer<LegacyTlsServer> change) throws Exception {
    try (LegacyTlsServer service = new LegacyTlsServer()) {
      service.implicit = true;
      change.accept(service);
      service.start();
      AddressVisit mail =
          VulnerabilityProbesTest.visit(
              service.address(), 25, TlsStart.STARTTLS, ScanDepth.QUICK, Duration.ofSeconds(60));
      X509Certificate leaf =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(LegacyTlsServer.CERTIFICATE));
      mail.facts().chain("RSA", List.of(leaf));
      AssessmentTarget.HostTarget also =
          (AssessmentTarget.HostTarget)
              AssessmentTarget.read("127.0.0.1:" + service.port()).orElseThrow();
      TargetOverview all =
          new TargetOverview(
              also,
              null,
              null,
              25,
              List.of(),
              List.of(mail),
              List.of(),
              AssessmentBudget.of(ScanDepth.QUICK),
              Duration.ofMinutes(1));
      KeyReuseReview review =
          new KeyReuseReview(
              List.of(also), FixedResolver.builder().build(), SystemDialer.trusted());
      List<Finding> found = review.ask(all).judge(all);
      assertEquals(1, found.size());
      return found.getFirst();
    }
  }

  @Test
  void aServiceWithSsl2OrExportSuitesCompromisesTheSharedKey() throws Exception {
    Finding drown = other(s -> s.ssl2 = List.of(0x0700c0));
    assertEquals("key.reuse/weak-elsewhere", drown.code());
    assertEquals(CheckOutcome.FAIL, drown.outcome());
    assertTrue(drown.observed().contains("DROWN"), drown.observed());
    Finding freak = other(s -> s.suites = List.of(0xc02f, 0x0003));
    assertEquals("key.reuse/weak-elsewhere", freak.code());
    assertTrue(freak.observed().contains("FREAK"), freak.observed());
  }

  @Test
  void aSecureServiceOnlySharesTheKey() throws Exception {
    assertEquals("key.reuse/shared", other(s -> {}).code());
  }
}
