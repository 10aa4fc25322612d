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
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** The whole policy space, enumerated. */
final class PolicySpaceTest {
  private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");
  private static final Ladder LADDER = Ladder.of(true, true, Ladder.DEFAULT_HOLD);
  private static final Policy POLICY = new Policy(LADDER, Floors.DEFAULT);
  private static final Subject SUBJECT =
      new Subject(Domain.of("example.org"), Domain.of("mx.example.org"), false);
  private static final Pin PIN = new Pin("ab".repeat(32));

  private static PolicyRow row(Level level) {
    DomainPattern any = new DomainPattern.Any();
    return level == Level.FINGERPRINT
        ? PolicyRow.pinned(any, Set.of(PIN))
        : PolicyRow.of(any, level);
  }

  private static List<Evidence> evidences() {
    List<Evidence> all = new ArrayList<>();
    for (Level level : Level.configurable()) {
      if (level != Level.FINGERPRINT) {
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

  private static Requirement requirementOf(Level level) {
    return POLICY.requirementFor(SUBJECT, List.of(new Evidence.NextHopRow(row(level))), NOW);
  }

  private static List<Requirement> requirements() {
    List<Requirement> all = new ArrayList<>();
    for (Level level : Level.configurable()) {
      all.add(POLICY.requirementFor(SUBJECT, List.of(new Evidence.NextHopRow(row(level))), NOW));
    }
    Requirement may = requirementOf(Level.MAY);
    all.add(
        new Requirement(
            may.encryption(),
            may.identity(),
            Requirement.ClearText.AFTER_HOLD,
            may.floor(),
            may.mxFilter(),
            may.wanted(),
            may.manner(),
            false,
            false,
            may.because()));
    all.add(
        new Requirement(
            may.encryption(),
            may.identity(),
            Requirement.ClearText.NEVER,
            may.floor(),
            may.mxFilter(),
            may.wanted(),
            may.manner(),
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
        "banner-421", new Observation.Unwelcome(Observation.Stage.BANNER, Reply.of(421, "busy")));
    all.put("banner-554", new Observation.Unwelcome(Observation.Stage.BANNER, Reply.of(554, "no")));
    all.put("silence", new Observation.BrokenOff(Observation.Stage.BANNER, "timeout"));
    all.put("no-starttls", new Observation.Clear(false));
    all.put("starttls-unused", new Observation.Clear(true));
    all.put("starttls-454", new Observation.StarttlsRefused(Reply.of(454, "later")));
    all.put("injected", new Observation.Injected());
    for (TlsTrouble.Kind kind : TlsTrouble.Kind.values()) {
      all.put("broken-" + kind, new Observation.HandshakeBroken(kind, kind.name()));
    }
    List<Verdict> verdicts = new ArrayList<>();
    verdicts.add(new Verdict.Anonymous());
    for (Verdict.Reason reason :
        List.of(Verdict.Reason.EXPIRED, Verdict.Reason.SELF_SIGNED, Verdict.Reason.REVOKED)) {
      verdicts.add(new Verdict.Untrusted(reason));
    }
    verdicts.add(new Verdict.Trusted());
    verdicts.add(new Verdict.Verified(Verdict.By.NAME, "mx.example.org"));
    verdicts.add(new Verdict.Verified(Verdict.By.NAME, "elsewhere.example"));
    verdicts.add(new Verdict.Verified(Verdict.By.PIN, "sha256:" + "ab".repeat(32)));
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
    List<@Nullable Rung> shown = new ArrayList<>(List.of(Rung.FULL, Rung.TLS12, Rung.COMPATIBLE));
    shown.add(null);
    List<EnumSet<Rung>> brokenSets =
        List.of(
            EnumSet.noneOf(Rung.class),
            EnumSet.of(Rung.FULL),
            EnumSet.of(Rung.FULL, Rung.CLASSICAL, Rung.BARE),
            EnumSet.of(Rung.FULL, Rung.CLASSICAL, Rung.BARE, Rung.TLS12),
            EnumSet.of(Rung.FULL, Rung.CLASSICAL, Rung.BARE, Rung.TLS12, Rung.COMPATIBLE));
    for (Rung best : shown) {
      for (EnumSet<Rung> set : brokenSets) {
        Map<Rung, Instant> broken = new EnumMap<>(Rung.class);
        set.forEach(rung -> broken.put(rung, before));
        for (boolean twice : new boolean[] {false, true}) {
          for (boolean refused : new boolean[] {false, true}) {
            boolean full = set.contains(Rung.FULL);
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

  private static List<LadderState> states() {
    List<LadderState> all = new ArrayList<>();
    for (HostMemory memory : memories()) {
      for (Rung rung : Rung.values()) {
        for (int atHost = 1; atHost <= Ladder.PER_HOST; atHost++) {
          for (int inAll : new int[] {atHost, Ladder.PER_DELIVERY - 1, Ladder.PER_DELIVERY}) {
            for (boolean every : new boolean[] {false, true}) {
              all.add(new LadderState(rung, atHost, inAll, 2, every, false, NOW, NOW, memory));
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
            Level.NONE,
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
        List.of(new Evidence.NextHopRow(row(Level.ENCRYPT)), new Evidence.HostRow(low));
    assertEquals(Level.NONE, POLICY.requirementFor(SUBJECT, evidence, NOW).wanted());
    Requirement later = POLICY.requirementFor(SUBJECT, evidence, NOW.plusSeconds(1));
    assertEquals(Level.ENCRYPT, later.wanted());
    assertThrows(
        IllegalArgumentException.class,
        () ->
            new PolicyRow(
                new DomainPattern.Any(),
                Level.NONE,
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
    // Anybody may point an MX record at a host for which the admin wrote "none".
    Requirement r =
        POLICY.requirementFor(
            SUBJECT,
            List.of(new Evidence.Default(Level.ENCRYPT), new Evidence.HostRow(row(Level.NONE))),
            NOW);
    assertTrue(r.demandsTls());
  }

  @Test
  void neverClearWhenEncryptionIsDemanded() {
    int seen = 0;
    for (Requirement requirement : requirements()) {
      boolean never = requirement.clearText() == Requirement.ClearText.NEVER;
      for (LadderState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          boolean encrypted = observation instanceof Observation.Encrypted;
          if (never && requirement.encryption() != Requirement.Encryption.NEVER && !encrypted) {
            assertFalse(
                decision instanceof Decision.Proceed, () -> requirement + " " + observation);
            assertFalse(
                decision instanceof Decision.ClearText, () -> requirement + " " + observation);
            assertFalse(decision instanceof Decision.Wait, () -> requirement + " " + observation);
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
      for (LadderState state : states()) {
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
      for (LadderState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          if (decision instanceof Decision.Descend || decision instanceof Decision.ClearText) {
            assertTrue(state.atHost() < Ladder.PER_HOST, state::toString);
            assertTrue(state.inDelivery() < Ladder.PER_DELIVERY, state::toString);
          }
          if (decision instanceof Decision.Descend(Rung to)) {
            assertTrue(to.isBelow(state.rung()) && to != Rung.CLEAR, "down, and still with TLS");
          }
        }
      }
    }
  }

  @Test
  void brokenTlsLeadsToPlaintextOnlyAfterTheHoldOfTheHostAndEveryHost() {
    for (Requirement requirement : requirements()) {
      for (LadderState state : states()) {
        for (Observation observation : observations().values()) {
          Decision decision = POLICY.decide(requirement, observation, state);
          boolean clearOnBroken =
              decision instanceof Decision.ClearText
                  || (decision instanceof Decision.Proceed
                      && observation instanceof Observation.Clear
                      && state.rung() == Rung.CLEAR
                      && requirement.encryption() == Requirement.Encryption.IF_OFFERED);
          if (clearOnBroken) {
            assertTrue(state.everyHostTried(), state::toString);
            assertEquals(NOW.minus(Duration.ofMinutes(30)), state.memory().brokenSince());
            assertTrue(
                !(observation instanceof Observation.HandshakeBroken)
                    || state.memory().broken().containsKey(Rung.COMPATIBLE),
                "every TLS rung before plaintext");
          }
        }
      }
    }
  }

  @Test
  void aDowngradeUnderDemandNeedsTwoFailuresMinutesApart() {
    Requirement encrypt = requirementOf(Level.ENCRYPT);
    HostMemory good =
        HostMemory.nothing()
            .after(
                new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
                Rung.FULL,
                NOW);
    Observation broken = new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "reset");
    HostMemory once = good.after(broken, Rung.FULL, NOW);
    assertEquals(Rung.FULL, LADDER.first(encrypt, once));
    LadderState first = new LadderState(Rung.FULL, 1, 1, 1, false, false, NOW, NOW, once);
    assertTrue(LADDER.below(encrypt, first).isEmpty(), "one disturbed handshake");
    Instant later = NOW.plus(Ladder.FULL_FAILURES_APART);
    HostMemory early = once.after(broken, Rung.FULL, later.minusSeconds(1));
    assertTrue(
        LADDER
            .below(
                encrypt,
                new LadderState(
                    Rung.FULL, 1, 1, 1, false, false, NOW, later.minusSeconds(1), early))
            .isEmpty(),
        "a second short of five minutes");
    HostMemory twice = once.after(broken, Rung.FULL, later);
    LadderState second = new LadderState(Rung.FULL, 1, 1, 1, false, false, later, later, twice);
    assertEquals(Rung.CLASSICAL, LADDER.below(encrypt, second).orElseThrow());
    LadderState lower = new LadderState(Rung.CLASSICAL, 2, 2, 1, false, false, later, later, twice);
    Decision decision =
        POLICY.decide(
            encrypt,
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            lower);
    assertEquals(new Decision.Proceed(true), decision, "marked as a downgrade");
  }

  @Test
  void knownBrokenRungsAreSkippedUntilTheyAreForgotten() {
    Requirement may = requirementOf(Level.MAY);
    Observation broken = new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "reset");
    HostMemory memory =
        HostMemory.nothing().after(broken, Rung.FULL, NOW).after(broken, Rung.CLASSICAL, NOW);
    assertEquals(Rung.BARE, LADDER.first(may, memory));
    HostMemory old = memory.at(NOW.plus(Ladder.NEGATIVE_MEMORY));
    assertEquals(Rung.FULL, LADDER.first(may, old));
    HostMemory positive =
        memory.after(
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            Rung.FULL,
            NOW);
    assertEquals(Rung.FULL, LADDER.first(may, positive.after(broken, Rung.FULL, NOW)));
  }

  @Test
  void everyDeliveryEndsWithinItsConnections() {
    // A host on which every handshake breaks, walked as the courier walks it.
    for (Requirement requirement : requirements()) {
      for (HostMemory start : memories()) {
        for (boolean late : new boolean[] {false, true}) {
          HostMemory memory = since(start, late ? NOW.minus(Duration.ofHours(1)) : NOW);
          Rung rung = LADDER.first(requirement, memory);
          int connections = 0;
          while (true) {
            connections++;
            assertTrue(connections <= Ladder.PER_HOST, "more than " + Ladder.PER_HOST);
            Observation seen =
                rung == Rung.CLEAR
                    ? new Observation.Clear(true)
                    : new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "reset");
            memory = memory.after(seen, rung, NOW);
            LadderState state =
                new LadderState(
                    rung, connections, connections, 1, rung == Rung.CLEAR, false, NOW, NOW, memory);
            Decision decision = POLICY.decide(requirement, seen, state);
            if (decision instanceof Decision.NextHost) {
              decision = POLICY.decide(requirement, seen, state.afterAll(connections, NOW));
            }
            if (decision instanceof Decision.Descend(Rung to)) {
              rung = to;
            } else if (decision instanceof Decision.ClearText) {
              assertTrue(late);
              rung = Rung.CLEAR;
            } else {
              boolean mayClear = requirement.clearText() != Requirement.ClearText.NEVER;
              assertEquals(
                  rung == Rung.CLEAR,
                  decision instanceof Decision.Proceed,
                  requirement + " " + decision);
              if (mayClear && late) {
                assertEquals(Rung.CLEAR, rung, "clear text is due and was not reached");
              }
              break;
            }
          }
        }
      }
    }
  }

  @Test
  void secureTakesNoNameThatAForgedMxCouldChoose() {
    Subject foreign = new Subject(Domain.of("example.org"), Domain.of("mx.evil.example"), false);
    Demand.Pkix secure = pkix(foreign, Level.SECURE);
    assertEquals(Set.of(Domain.of("example.org")), secure.names());
    assertEquals(Set.of(Domain.of("mx.evil.example")), pkix(foreign, Level.VERIFY).names());
    Subject signed = new Subject(Domain.of("example.org"), Domain.of("mx.other.example"), true);
    assertTrue(pkix(signed, Level.SECURE).names().contains(Domain.of("mx.other.example")));
    assertTrue(pkix(SUBJECT, Level.SECURE).names().contains(Domain.of("mx.example.org")));
  }

  private static Demand.Pkix pkix(Subject subject, Level level) {
    Requirement requirement =
        POLICY.requirementFor(subject, List.of(new Evidence.NextHopRow(row(level))), NOW);
    return (Demand.Pkix) requirement.identity().iterator().next();
  }

  @Test
  void theGoldenTableStillHolds() throws IOException {
    Set<String> lines = new TreeSet<>();
    HostMemory never = HostMemory.nothing();
    HostMemory shown =
        never.after(
            new Observation.Encrypted(handshake(TlsVersion.TLS_1_3, new Verdict.Trusted())),
            Rung.FULL,
            NOW.minus(Duration.ofHours(1)));
    HostMemory refused =
        never.after(
            new Observation.StarttlsRefused(Reply.of(454, "later")),
            Rung.FULL,
            NOW.minus(Duration.ofHours(1)));
    HostMemory tried = never;
    for (Rung rung : LADDER.rungs()) {
      tried =
          tried.after(
              new Observation.HandshakeBroken(TlsTrouble.Kind.CLOSED, "reset"),
              rung,
              NOW.minus(Duration.ofHours(1)));
    }
    Map<String, HostMemory> memories =
        Map.of("new", never, "shown", shown, "refused", refused, "tried on every rung", tried);
    int number = 0;
    for (Requirement requirement : requirements()) {
      String name = number + "-" + requirement.wanted().word() + "/" + requirement.clearText();
      number++;
      for (var memory : memories.entrySet()) {
        for (boolean late : new boolean[] {false, true}) {
          for (boolean every : new boolean[] {false, true}) {
            LadderState state =
                new LadderState(
                    Rung.FULL,
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
        m.shown(),
        m.shownAt(),
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
      case Decision.Descend d -> "descend to " + d.to().word();
      case Decision.NextHost n -> "next host: " + n.reason().word();
      case Decision.ClearText c -> "clear text";
      case Decision.Wait w -> "wait until " + w.until() + ": " + w.reason().word();
      case Decision.Defer d -> "defer: " + d.reason().word();
    };
  }
}
