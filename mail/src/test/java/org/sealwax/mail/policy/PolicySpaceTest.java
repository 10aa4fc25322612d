package org.sealwax.mail.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** The whole policy space, enumerated. */
final class PolicySpaceTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final FallbackLadder LADDER =
      FallbackLadder.of(true, true, FallbackLadder.DEFAULT_HOLD);
  private static final Policy POLICY = new Policy(LADDER, TlsFloors.DEFAULT);
  private static final PolicySubject SUBJECT =
      new PolicySubject(Domain.of("example.org"), Domain.of("mx.example.org"), false);
  private static final Pin PIN = new Pin("ab".repeat(32));

  private static PolicyRow row(TlsLevel level) {
    DomainPattern any = new DomainPattern.Any();
    return level == TlsLevel.FINGERPRINT
        ? PolicyRow.pinned(any, Set.of(PIN))
        : PolicyRow.of(any, level);
  }

  private static List<Evidence> evidences() {
    List<Evidence> all = new ArrayList<>();
    for (TlsLevel level : EnumSet.complementOf(EnumSet.of(TlsLevel.STS, TlsLevel.DANE))) {
      if (level != TlsLevel.FINGERPRINT) {
        all.add(new Evidence.Default(level));
      }
      all.add(new Evidence.Route("smart", row(level), false));
      all.add(new Evidence.Route("smart", row(level), true));
      all.add(new Evidence.RecipientRow(row(level)));
      all.add(new Evidence.NextHopRow(row(level)));
      all.add(new Evidence.HostRow(row(level)));
    }
    return all;
  }

  private static Requirement requirementOf(TlsLevel level) {
    return POLICY.requirementFor(SUBJECT, List.of(new Evidence.NextHopRow(row(level))), NOW);
  }

  private static List<Requirement> requirements() {
    List<Requirement> all = new ArrayList<>();
    for (TlsLevel level : EnumSet.complementOf(EnumSet.of(TlsLevel.STS, TlsLevel.DANE))) {
      all.add(POLICY.requirementFor(SUBJECT, List.of(new Evidence.NextHopRow(row(level))), NOW));
    }
    Requirement may = requirementOf(TlsLevel.MAY);
    all.add(
        new Requirement(
            may.encryption(),
            may.identity(),
            Requirement.PlaintextFallback.AFTER_HOLD,
            may.floor(),
            may.mxFilter(),
            may.statedLevel(),
            may.presentation(),
            false,
            false,
            may.because()));
    all.add(
        new Requirement(
            may.encryption(),
            may.identity(),
            Requirement.PlaintextFallback.NEVER,
            may.floor(),
            may.mxFilter(),
            may.statedLevel(),
            may.presentation(),
            false,
            false,
            may.because()));
    return all;
  }

  private static Handshake handshake(TlsVersion version, Verdict verdict) {
    return new Handshake(
        version,
        "TLS_AES_256_GCM_SHA384",
        256,
        null,
        false,
        null,
        List.of(),
        false,
        verdict,
        List.of());
  }

  private static Map<String, Observation> observations() {
    Map<String, Observation> all = new java.util.LinkedHashMap<>();
    all.put("unreachable", new Observation.Unreachable("refused"));
    all.put(
        "banner-421",
        new Observation.RefusedByReply(Observation.GreetingStage.BANNER, Reply.of(421, "busy")));
    all.put(
        "banner-554",
        new Observation.RefusedByReply(Observation.GreetingStage.BANNER, Reply.of(554, "no")));
    all.put("silence", new Observation.ConnectionLost(Observation.GreetingStage.BANNER, "timeout"));
    all.put("no-starttls", new Observation.Unencrypted(false));
    all.put("starttls-unused", new Observation.Unencrypted(true));
    all.put("starttls-454", new Observation.StarttlsRefused(Reply.of(454, "later")));
    all.put("injected", new Observation.Injected());
    for (TlsException.Kind kind : TlsException.Kind.values()) {
      all.put("broken-" + kind, new Observation.HandshakeFailed(kind, kind.name()));
    }
    List<Verdict> verdicts = new ArrayList<>();
    verdicts.add(new Verdict.Anonymous());
    for (Verdict.Reason reason :
        List.of(Verdict.Reason.EXPIRED, Verdict.Reason.SELF_SIGNED, Verdict.Reason.REVOKED)) {
      verdicts.add(new Verdict.Untrusted(reason));
    }
    verdicts.add(new Verdict.Trusted());
    verdicts.add(new Verdict.Verified(Verdict.IdentifiedBy.NAME, "mx.example.org"));
    verdicts.add(new Verdict.Verified(Verdict.IdentifiedBy.NAME, "elsewhere.example"));
    verdicts.add(new Verdict.Verified(Verdict.IdentifiedBy.PIN, "sha256:" + "ab".repeat(32)));
    for (Verdict verdict : verdicts) {
      all.put(
          "tls1.3-" + verdict.text(),
          new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, verdict)));
    }
    all.put(
        "tls1.0-trusted",
        new Observation.Encrypted(handshake(TlsVersion.TLS_1_0, new Verdict.Trusted())));
    return all;
  }

  private static List<HostMemory> memories() {
    Instant before = NOW.minus(Duration.ofMinutes(10));
    List<HostMemory> all = new ArrayList<>();
    List<@Nullable FallbackStep> shown =
        new ArrayList<>(List.of(FallbackStep.FULL, FallbackStep.TLS12, FallbackStep.COMPATIBLE));
    shown.add(null);
    List<EnumSet<FallbackStep>> brokenSets =
        List.of(
            EnumSet.noneOf(FallbackStep.class),
            EnumSet.of(FallbackStep.FULL),
            EnumSet.of(FallbackStep.FULL, FallbackStep.CLASSICAL, FallbackStep.BARE),
            EnumSet.of(
                FallbackStep.FULL, FallbackStep.CLASSICAL, FallbackStep.BARE, FallbackStep.TLS12),
            EnumSet.of(
                FallbackStep.FULL,
                FallbackStep.CLASSICAL,
                FallbackStep.BARE,
                FallbackStep.TLS12,
                FallbackStep.COMPATIBLE));
    for (FallbackStep best : shown) {
      for (EnumSet<FallbackStep> set : brokenSets) {
        Map<FallbackStep, Instant> broken = new EnumMap<>(FallbackStep.class);
        set.forEach(step -> broken.put(step, before));
        for (boolean twice : new boolean[] {false, true}) {
          for (boolean refused : new boolean[] {false, true}) {
            boolean full = set.contains(FallbackStep.FULL);
            for (Instant since : brokenSince()) {
              all.add(
                  new HostMemory(
                      best,
                      best == null ? null : before,
                      broken,
                      full ? before : null,
                      full ? (twice ? NOW : before) : null,
                      refused ? before : null,
                      since,
                      since));
            }
          }
        }
      }
    }
    return all;
  }

  /** TLS works, broke in this delivery, just before the hold is over, and when it just is. */
  private static List<@Nullable Instant> brokenSince() {
    List<@Nullable Instant> all = new ArrayList<>();
    all.add(null);
    all.add(NOW);
    all.add(NOW.minus(Duration.ofMinutes(29)));
    all.add(NOW.minus(Duration.ofMinutes(30)));
    return all;
  }

  private static List<FallbackState> states() {
    List<FallbackState> all = new ArrayList<>();
    for (HostMemory memory : memories()) {
      for (FallbackStep step : FallbackStep.values()) {
        for (int atHost = 1; atHost <= FallbackLadder.PER_HOST; atHost++) {
          for (int inAll :
              new int[] {atHost, FallbackLadder.PER_DELIVERY - 1, FallbackLadder.PER_DELIVERY}) {
            for (boolean every : new boolean[] {false, true}) {
              all.add(new FallbackState(step, atHost, inAll, 2, every, false, NOW, NOW, memory));
            }
          }
        }
      }
    }
    return all;
  }

  @Test
  void noSourceLowersWhatTheOthersDemand() {
    List<Evidence> all = evidences();
    int compared = 0;
    for (Evidence base : all) {
      if (base instanceof Evidence.HostRow) {
        continue;
      }
      Requirement without = POLICY.requirementFor(SUBJECT, List.of(base), NOW);
      for (Evidence more : all) {
        if (!(more instanceof Evidence.HostRow)) {
          continue;
        }
        Requirement with = POLICY.requirementFor(SUBJECT, List.of(base, more), NOW);
        assertTrue(with.isAtLeast(without), base + " with " + more + " gave " + with);
        assertTrue(
            with.isAtLeast(POLICY.requirementFor(SUBJECT, List.of(more, base), NOW)),
            "the order of the sources counts");
        compared++;
        for (Evidence third : all) {
          if (third instanceof Evidence.HostRow) {
            Requirement three = POLICY.requirementFor(SUBJECT, List.of(base, more, third), NOW);
            assertTrue(three.isAtLeast(with), base + " with " + more + " and " + third);
          }
        }
      }
    }
    assertTrue(compared > 50, "compared only " + compared);
  }

  @Test
  void anOverrideRowStandsAloneUntilItExpires() {
    PolicyRow low =
        new PolicyRow(
            new DomainPattern.Any(),
            TlsLevel.NONE,
            Set.of(),
            List.of(),
            null,
            null,
            null,
            true,
            "their TLS is down",
            "admin",
            NOW.plusSeconds(1),
            true);
    List<Evidence> evidence =
        List.of(new Evidence.NextHopRow(row(TlsLevel.ENCRYPT)), new Evidence.HostRow(low));
    assertEquals(TlsLevel.NONE, POLICY.requirementFor(SUBJECT, evidence, NOW).statedLevel());
    Requirement later = POLICY.requirementFor(SUBJECT, evidence, NOW.plusSeconds(1));
    assertEquals(TlsLevel.ENCRYPT, later.statedLevel());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new PolicyRow(
                new DomainPattern.Any(),
                TlsLevel.NONE,
                Set.of(),
                List.of(),
                null,
                null,
                null,
                true,
                "",
                "admin",
                NOW,
                true));
  }

  @Test
  void aHostRowCannotLowerTheDefault() {
    // Any domain may point an MX record at a host for which the admin wrote "none".
    Requirement r =
        POLICY.requirementFor(
            SUBJECT,
            List.of(
                new Evidence.Default(TlsLevel.ENCRYPT), new Evidence.HostRow(row(TlsLevel.NONE))),
            NOW);
    assertTrue(r.demandsTls());
  }

  @Test
  void neverPlaintextWhenEncryptionIsRequired() {
    int seen = 0;
    for (Requirement requirement : requirements()) {
      boolean never = requirement.plaintextFallback() == Requirement.PlaintextFallback.NEVER;
      for (FallbackState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          boolean encrypted = observation instanceof Observation.Encrypted;
          if (never && requirement.encryption() != Requirement.TlsUse.NEVER && !encrypted) {
            assertFalse(
                decision instanceof Decision.Proceed, () -> requirement + " " + observation);
            assertFalse(
                decision instanceof Decision.GoPlaintext, () -> requirement + " " + observation);
            assertFalse(
                decision instanceof Decision.WaitForHold, () -> requirement + " " + observation);
            seen++;
          }
        }
      }
    }
    assertTrue(seen > 10_000, "saw only " + seen);
  }

  @Test
  void aVerdictNeverLeadsDownTheLadder() {
    for (Requirement requirement : requirements()) {
      for (FallbackState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          if (observation instanceof Observation.Encrypted) {
            assertTrue(
                decision instanceof Decision.Proceed || decision instanceof Decision.NextHost,
                () -> requirement + " " + observation + " " + decision);
          }
        }
      }
    }
  }

  @Test
  void noStateAllowsMoreConnectionsThanTheBound() {
    for (Requirement requirement : requirements()) {
      for (FallbackState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          if (decision instanceof Decision.FallBack || decision instanceof Decision.GoPlaintext) {
            assertTrue(state.atHost() < FallbackLadder.PER_HOST, state::toString);
            assertTrue(state.inDelivery() < FallbackLadder.PER_DELIVERY, state::toString);
          }
          if (decision instanceof Decision.FallBack(FallbackStep to)) {
            assertTrue(
                to.isBelow(state.step()) && to != FallbackStep.CLEAR, "down, and still with TLS");
          }
        }
      }
    }
  }

  @Test
  void brokenTlsLeadsToPlaintextOnlyAfterTheHoldOfTheHostAndEveryHost() {
    for (Requirement requirement : requirements()) {
      for (FallbackState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          boolean clearOnBroken =
              decision instanceof Decision.GoPlaintext
                  || (decision instanceof Decision.Proceed
                      && observation instanceof Observation.Unencrypted
                      && state.step() == FallbackStep.CLEAR
                      && requirement.encryption() == Requirement.TlsUse.IF_OFFERED);
          if (clearOnBroken) {
            assertTrue(state.everyHostTried(), state::toString);
            assertEquals(NOW.minus(Duration.ofMinutes(30)), state.memory().brokenSince());
            assertTrue(
                !(observation instanceof Observation.HandshakeFailed)
                    || state.memory().broken().containsKey(FallbackStep.COMPATIBLE),
                "every TLS rung before plaintext");
          }
        }
      }
    }
  }

  @Test
  void aDowngradeUnderDemandNeedsTwoFailuresMinutesApart() {
    Requirement encrypt = requirementOf(TlsLevel.ENCRYPT);
    HostMemory good =
        HostMemory.nothing()
            .after(
                new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
                FallbackStep.FULL,
                NOW);
    Observation broken = new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset");
    HostMemory once = good.after(broken, FallbackStep.FULL, NOW);
    assertEquals(FallbackStep.FULL, LADDER.first(encrypt, once));
    FallbackState first =
        new FallbackState(FallbackStep.FULL, 1, 1, 1, false, false, NOW, NOW, once);
    assertTrue(LADDER.nextBelow(encrypt, first).isEmpty(), "one disturbed handshake");
    Instant later = NOW.plus(FallbackLadder.FULL_FAILURES_APART);
    HostMemory early = once.after(broken, FallbackStep.FULL, later.minusSeconds(1));
    assertTrue(
        LADDER
            .nextBelow(
                encrypt,
                new FallbackState(
                    FallbackStep.FULL, 1, 1, 1, false, false, NOW, later.minusSeconds(1), early))
            .isEmpty(),
        "a second short of five minutes");
    HostMemory twice = once.after(broken, FallbackStep.FULL, later);
    FallbackState second =
        new FallbackState(FallbackStep.FULL, 1, 1, 1, false, false, later, later, twice);
    assertEquals(FallbackStep.CLASSICAL, LADDER.nextBelow(encrypt, second).orElseThrow());
    FallbackState lower =
        new FallbackState(FallbackStep.CLASSICAL, 2, 2, 1, false, false, later, later, twice);
    Decision decision =
        POLICY.decide(
            encrypt,
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            lower);
    assertEquals(new Decision.Proceed(true), decision, "marked as a downgrade");
  }

  @Test
  void knownBrokenStepsAreSkippedUntilTheyExpire() {
    Requirement may = requirementOf(TlsLevel.MAY);
    Observation broken = new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset");
    HostMemory memory =
        HostMemory.nothing()
            .after(broken, FallbackStep.FULL, NOW)
            .after(broken, FallbackStep.CLASSICAL, NOW);
    assertEquals(FallbackStep.BARE, LADDER.first(may, memory));
    HostMemory old = memory.at(NOW.plus(FallbackLadder.NEGATIVE_MEMORY));
    assertEquals(FallbackStep.FULL, LADDER.first(may, old));
    HostMemory positive =
        memory.after(
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            FallbackStep.FULL,
            NOW);
    assertEquals(
        FallbackStep.FULL, LADDER.first(may, positive.after(broken, FallbackStep.FULL, NOW)));
  }

  @Test
  void everyDeliveryEndsWithinItsConnections() {
    // A host on which every handshake breaks, walked as the courier walks it.
    for (Requirement requirement : requirements()) {
      for (HostMemory start : memories()) {
        for (boolean late : new boolean[] {false, true}) {
          HostMemory memory = since(start, late ? NOW.minus(Duration.ofHours(1)) : NOW);
          FallbackStep step = LADDER.first(requirement, memory);
          int connections = 0;
          while (true) {
            connections++;
            assertTrue(
                connections <= FallbackLadder.PER_HOST, "more than " + FallbackLadder.PER_HOST);
            Observation seen =
                step == FallbackStep.CLEAR
                    ? new Observation.Unencrypted(true)
                    : new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset");
            memory = memory.after(seen, step, NOW);
            FallbackState state =
                new FallbackState(
                    step,
                    connections,
                    connections,
                    1,
                    step == FallbackStep.CLEAR,
                    false,
                    NOW,
                    NOW,
                    memory);
            Decision decision = POLICY.decide(requirement, seen, state);
            if (decision instanceof Decision.NextHost) {
              decision = POLICY.decide(requirement, seen, state.afterAll(connections, NOW));
            }
            if (decision instanceof Decision.FallBack(FallbackStep to)) {
              step = to;
            } else if (decision instanceof Decision.GoPlaintext) {
              assertTrue(late);
              step = FallbackStep.CLEAR;
            } else {
              boolean mayClear =
                  requirement.plaintextFallback() != Requirement.PlaintextFallback.NEVER;
              assertEquals(
                  step == FallbackStep.CLEAR,
                  decision instanceof Decision.Proceed,
                  requirement + " " + decision);
              if (mayClear && late) {
                assertEquals(FallbackStep.CLEAR, step, "plaintext is due and was not reached");
              }
              break;
            }
          }
        }
      }
    }
  }

  @Test
  void secureIgnoresNamesChosenByAForgedMx() {
    PolicySubject foreign =
        new PolicySubject(Domain.of("example.org"), Domain.of("mx.evil.example"), false);
    IdentityRequirement.Pkix secure = pkix(foreign, TlsLevel.SECURE);
    assertEquals(Set.of(Domain.of("example.org")), secure.names());
    assertEquals(Set.of(Domain.of("mx.evil.example")), pkix(foreign, TlsLevel.VERIFY).names());
    PolicySubject signed =
        new PolicySubject(Domain.of("example.org"), Domain.of("mx.other.example"), true);
    assertTrue(pkix(signed, TlsLevel.SECURE).names().contains(Domain.of("mx.other.example")));
    assertTrue(pkix(SUBJECT, TlsLevel.SECURE).names().contains(Domain.of("mx.example.org")));
  }

  private static IdentityRequirement.Pkix pkix(PolicySubject subject, TlsLevel level) {
    Requirement requirement =
        POLICY.requirementFor(subject, List.of(new Evidence.NextHopRow(row(level))), NOW);
    return (IdentityRequirement.Pkix) requirement.identity().iterator().next();
  }

  @Test
  void theGoldenTableStillHolds() throws IOException {
    Set<String> lines = new TreeSet<>();
    HostMemory never = HostMemory.nothing();
    HostMemory shown =
        never.after(
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            FallbackStep.FULL,
            NOW.minus(Duration.ofHours(1)));
    HostMemory refused =
        never.after(
            new Observation.StarttlsRefused(Reply.of(454, "later")),
            FallbackStep.FULL,
            NOW.minus(Duration.ofHours(1)));
    HostMemory tried = never;
    for (FallbackStep step : LADDER.steps()) {
      tried =
          tried.after(
              new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "reset"),
              step,
              NOW.minus(Duration.ofHours(1)));
    }
    Map<String, HostMemory> memories =
        Map.of("new", never, "shown", shown, "refused", refused, "tried on every rung", tried);
    int number = 0;
    for (Requirement requirement : requirements()) {
      String name =
          number + "-" + requirement.statedLevel().word() + "/" + requirement.plaintextFallback();
      number++;
      for (var memory : memories.entrySet()) {
        for (boolean late : new boolean[] {false, true}) {
          for (boolean every : new boolean[] {false, true}) {
            FallbackState state =
                new FallbackState(
                    FallbackStep.FULL,
                    1,
                    1,
                    2,
                    every,
                    false,
                    NOW,
                    NOW,
                    late
                        ? since(memory.getValue(), NOW.minus(Duration.ofHours(1)))
                        : memory.getValue());
            observations()
                .forEach(
                    (what, seen) ->
                        lines.add(
                            name
                                + " | "
                                + what
                                + " | host "
                                + memory.getKey()
                                + (late ? ", hold over" : ", first round")
                                + (every ? ", all tried" : "")
                                + " | "
                                + word(POLICY.decide(requirement, seen, state))));
          }
        }
      }
    }
    String actual = String.join("\n", lines) + "\n";
    Path out = Path.of("target", "policy-decisions.golden");
    Files.createDirectories(out.toAbsolutePath().getParent());
    Files.writeString(out, actual);
    try (InputStream golden =
        PolicySpaceTest.class.getResourceAsStream("/policy/decisions.golden")) {
      String expected =
          golden == null ? "" : new String(golden.readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(expected, actual, "decisions changed; the new table is " + out);
    }
  }

  private static HostMemory since(HostMemory m, Instant since) {
    return new HostMemory(
        m.strongest(),
        m.strongestAt(),
        m.broken(),
        m.fullFailedFirst(),
        m.fullFailedLast(),
        m.starttlsRefusedFirst(),
        since,
        since);
  }

  private static String word(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> p.downgrade() ? "proceed, marked" : "proceed";
      case Decision.FallBack d -> "descend to " + d.to().word();
      case Decision.NextHost n -> "next host: " + n.reason().word();
      case Decision.GoPlaintext c -> "plaintext";
      case Decision.WaitForHold w -> "wait until " + w.until() + ": " + w.reason().word();
      case Decision.Defer d -> "defer: " + d.reason().word();
    };
  }
}
