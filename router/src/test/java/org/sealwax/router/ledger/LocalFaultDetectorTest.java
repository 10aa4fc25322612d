package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;

final class LocalFaultDetectorTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");

  private static Domain name(String kind, int i) {
    return Domain.of(kind + i + ".example");
  }

  @Test
  void manyUnrelatedDomainsTogetherAreNearUs() {
    LocalFaultDetector near = new LocalFaultDetector();
    for (int i = 1; i < LocalFaultDetector.MANY; i++) {
      assertEquals(List.of(), near.violated(name("d", i), name("o", i), NOW.plusSeconds(i)));
    }
    assertEquals(
        LocalFaultDetector.MANY,
        near.violated(name("d", 0), name("o", 0), NOW.plusSeconds(9)).size());
  }

  @Test
  void customersOfOneProviderAreOne() {
    LocalFaultDetector near = new LocalFaultDetector();
    for (int i = 0; i < 1_000; i++) {
      assertEquals(List.of(), near.violated(name("d", i), name("o", 1), NOW));
    }
  }

  @Test
  void onABusyRouterAFewAreNotMany() {
    LocalFaultDetector near = new LocalFaultDetector();
    for (int i = 0; i < 100; i++) {
      near.kept(name("k", i), name("p", i), NOW);
    }
    for (int i = 0; i < 20; i++) {
      assertEquals(List.of(), near.violated(name("d", i), name("o", i), NOW));
    }
  }

  @Test
  void oldRegressionsAreNotCorrelated() {
    LocalFaultDetector near = new LocalFaultDetector();
    for (int i = 0; i < 50; i++) {
      Instant later = NOW.plus(LocalFaultDetector.WINDOW.dividedBy(3).multipliedBy(i));
      assertEquals(List.of(), near.violated(name("d", i), name("o", i), later));
    }
  }
}
