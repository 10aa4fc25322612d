package org.sealwax.mail.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * The last TLS fallback step has its turn before plaintext, and an alert does not buy it for
 * nothing.
 */
final class LastTlsStepTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final FallbackLadder LADDER =
      FallbackLadder.of(true, true, Duration.ofMinutes(30));
  private static final Policy POLICY = new Policy(LADDER, TlsFloors.DEFAULT);
  private static final Requirement MAY =
      POLICY.requirementFor(
          new PolicySubject(Domain.of("example.org"), Domain.of("mx.example.org"), false),
          List.of(new Evidence.Default(TlsLevel.MAY)),
          NOW);
  private static final Observation NOTHING =
      new Observation.HandshakeFailed(TlsException.Kind.NOTHING_IN_COMMON, "handshake_failure");
  private static final Observation RESET =
      new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset");

  private static Observation encrypted() {
    return new Observation.Encrypted(
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            "x25519",
            false,
            null,
            List.of(),
            false,
            new Verdict.Trusted(),
            List.of()));
  }

  private static FallbackState state(FallbackStep step, int atHost, int hosts, HostMemory memory) {
    return new FallbackState(step, atHost, atHost, hosts, false, false, NOW, NOW, memory);
  }

  @Test
  void hostWithoutCommonParametersGetsTheLastTlsStepNext() {
    HostMemory memory = HostMemory.nothing().after(NOTHING, FallbackStep.FULL, NOW);
    assertEquals(
        Optional.of(FallbackStep.COMPATIBLE),
        LADDER.nextBelow(MAY, state(FallbackStep.FULL, 1, 1, memory)));
    HostMemory works = memory.after(encrypted(), FallbackStep.COMPATIBLE, NOW);
    assertEquals(
        FallbackStep.COMPATIBLE, LADDER.first(MAY, works), "the next delivery begins there");
    assertEquals(
        FallbackStep.FULL,
        LADDER.first(MAY, works.at(NOW.plus(FallbackLadder.NEGATIVE_MEMORY))),
        "and a day later the full offer is tried again");
  }

  @Test
  void alertDoesNotSkipStepsForAHostWithStrongerTls() {
    HostMemory memory =
        HostMemory.nothing()
            .after(encrypted(), FallbackStep.FULL, NOW)
            .after(NOTHING, FallbackStep.FULL, NOW);
    assertEquals(
        Optional.of(FallbackStep.CLASSICAL),
        LADDER.nextBelow(MAY, state(FallbackStep.FULL, 1, 1, memory)));
    assertEquals(Map.of(FallbackStep.FULL, NOW), memory.broken());
    assertEquals(FallbackStep.FULL, LADDER.first(MAY, memory));
  }

  @Test
  void whenPlaintextIsDueTheLastTlsConnectionGoesToIt() {
    Instant before = NOW.minus(Duration.ofHours(1));
    for (int hosts = 1; hosts <= FallbackLadder.HOSTS; hosts++) {
      HostMemory memory =
          HostMemory.nothing()
              .after(RESET, FallbackStep.FULL, before)
              .after(RESET, FallbackStep.FULL, NOW);
      assertEquals(
          Optional.of(FallbackStep.COMPATIBLE),
          LADDER.nextBelow(MAY, state(FallbackStep.FULL, 1, hosts, memory)));
      assertFalse(LADDER.hasBroken(MAY, memory));
      HostMemory broken = memory.after(RESET, FallbackStep.COMPATIBLE, NOW);
      assertTrue(LADDER.hasBroken(MAY, broken));
    }
  }

  @Test
  void stepCodesNeverChange() {
    assertEquals(
        java.util.Arrays.asList(FallbackStep.values()),
        List.of(0, 1, 2, 3, 5, 4).stream().map(c -> FallbackStep.ofCode(c).orElseThrow()).toList());
    assertEquals(Optional.empty(), FallbackStep.ofCode(6));
  }
}
