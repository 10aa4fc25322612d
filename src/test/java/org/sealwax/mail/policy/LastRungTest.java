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
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** The last TLS rung has its turn before plaintext, and an alert does not buy it for nothing. */
final class LastRungTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Ladder LADDER = Ladder.of(true, true, Duration.ofMinutes(30));
  private static final Policy POLICY = new Policy(LADDER, Floors.DEFAULT);
  private static final Requirement MAY =
      POLICY.requirementFor(
          new Subject(Domain.of("example.org"), Domain.of("mx.example.org"), false),
          List.of(new Evidence.Default(Level.MAY)),
          NOW);
  private static final Observation NOTHING =
      new Observation.HandshakeBroken(TlsTrouble.Kind.NOTHING_IN_COMMON, "handshake_failure");
  private static final Observation RESET =
      new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "reset");

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

  private static LadderState state(Rung rung, int atHost, int hosts, HostMemory memory) {
    return new LadderState(rung, atHost, atHost, hosts, false, false, NOW, NOW, memory);
  }

  @Test
  void aHostWithNothingInCommonGetsItNext() {
    HostMemory memory = HostMemory.nothing().after(NOTHING, Rung.FULL, NOW);
    assertEquals(Optional.of(Rung.COMPATIBLE), LADDER.below(MAY, state(Rung.FULL, 1, 1, memory)));
    HostMemory works = memory.after(encrypted(), Rung.COMPATIBLE, NOW);
    assertEquals(Rung.COMPATIBLE, LADDER.first(MAY, works), "the next delivery begins there");
    assertEquals(
        Rung.FULL,
        LADDER.first(MAY, works.at(NOW.plus(Ladder.NEGATIVE_MEMORY))),
        "and a day later the full offer is tried again");
  }

  @Test
  void anAlertDoesNotLeadAHostThatHasShownBetterPastTheOtherRungs() {
    HostMemory memory =
        HostMemory.nothing().after(encrypted(), Rung.FULL, NOW).after(NOTHING, Rung.FULL, NOW);
    assertEquals(Optional.of(Rung.CLASSICAL), LADDER.below(MAY, state(Rung.FULL, 1, 1, memory)));
    assertEquals(Map.of(Rung.FULL, NOW), memory.broken());
    assertEquals(Rung.FULL, LADDER.first(MAY, memory));
  }

  @Test
  void whenPlaintextIsDueTheLastTlsConnectionGoesToIt() {
    Instant before = NOW.minus(Duration.ofHours(1));
    for (int hosts = 1; hosts <= Ladder.HOSTS; hosts++) {
      HostMemory memory =
          HostMemory.nothing().after(RESET, Rung.FULL, before).after(RESET, Rung.FULL, NOW);
      assertEquals(
          Optional.of(Rung.COMPATIBLE), LADDER.below(MAY, state(Rung.FULL, 1, hosts, memory)));
      assertFalse(LADDER.hasBroken(MAY, memory));
      HostMemory broken = memory.after(RESET, Rung.COMPATIBLE, NOW);
      assertTrue(LADDER.hasBroken(MAY, broken));
    }
  }

  @Test
  void rungsAreStoredByCodesThatNeverChange() {
    assertEquals(
        List.of(0, 1, 2, 3, 5, 4), java.util.Arrays.stream(Rung.values()).map(Rung::code).toList());
    for (Rung rung : Rung.values()) {
      assertEquals(Optional.of(rung), Rung.ofCode(rung.code()));
    }
    assertEquals(Optional.empty(), Rung.ofCode(6));
  }
}
