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
import org.sealwax.assess.Overview;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Target;
import org.sealwax.assess.review.KeyReuseReview;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.testkit.dns.FixedResolver;

/** A key that a second service has too, and what that service does with it. */
final class KeyReuseTest {
  private static Finding other(Consumer<OldStack> change) throws Exception {
    try (OldStack service = new OldStack()) {
      service.implicit = true;
      change.accept(service);
      service.start();
      Visit mail =
          FlawTest.visit(
              service.address(), 25, Entry.STARTTLS, Depth.QUICK, Duration.ofSeconds(60));
      X509Certificate leaf =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(OldStack.CERTIFICATE));
      mail.sightings().chain("RSA", List.of(leaf));
      Target.Host also = (Target.Host) Target.read("127.0.0.1:" + service.port()).orElseThrow();
      Overview all =
          new Overview(
              also,
              null,
              null,
              25,
              List.of(),
              List.of(mail),
              List.of(),
              Budget.of(Depth.QUICK),
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
  void aServiceWithSslTwoOrExportSuitesBreaksTheKeyEverywhere() throws Exception {
    Finding drown = other(s -> s.ssl2 = List.of(0x0700c0));
    assertEquals("key.reuse/weak-elsewhere", drown.code());
    assertEquals(Outcome.FAIL, drown.outcome());
    assertTrue(drown.seen().contains("DROWN"), drown.seen());
    Finding freak = other(s -> s.suites = List.of(0xc02f, 0x0003));
    assertEquals("key.reuse/weak-elsewhere", freak.code());
    assertTrue(freak.seen().contains("FREAK"), freak.seen());
  }

  @Test
  void aSoundServiceOnlySharesIt() throws Exception {
    assertEquals("key.reuse/shared", other(s -> {}).code());
  }
}
