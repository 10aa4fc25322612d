package org.sealwax.mail.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Proof;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.Verdict;

/** Every combination of the sources' answers, and the decision that follows. */
final class EvidenceSpaceTest {
  private static final Instant NOW = Instant.parse("2026-11-25T12:00:00Z");
  private static final Policy POLICY =
      new Policy(FallbackLadder.of(true, true, FallbackLadder.DEFAULT_HOLD), TlsFloors.DEFAULT);
  private static final Domain HOP = Domain.of("example.org");
  private static final Domain MX = Domain.of("mx.example.net");
  private static final TlsaAssociation RIGHT = new TlsaAssociation(3, 1, 1, "ab".repeat(32));
  private static final TlsaAssociations TLSA =
      new TlsaAssociations(Set.of(RIGHT), List.of(MX, HOP));

  private static PolicySubject subject(boolean secure) {
    return new PolicySubject(HOP, MX, secure);
  }

  private static Map<String, List<Evidence>> daneStates(boolean secure) {
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    all.put("", List.of());
    all.put("dane-usable", dane(new Evidence.DaneState.Usable(TLSA), secure));
    all.put("dane-unusable", dane(new Evidence.DaneState.Unusable("usage 0"), secure));
    all.put("dane-trouble", dane(new Evidence.DaneState.LookupFailed("TLSA: timeout"), secure));
    all.put("dane-absent", dane(new Evidence.DaneState.Absent("unsigned"), secure));
    return all;
  }

  private static List<Evidence> dane(Evidence.DaneState state, boolean secure) {
    // Already stale: that must not make it count for nothing.
    return List.of(new Evidence.Dane(MX, state, secure, NOW.minusSeconds(1)));
  }

  private static Map<String, List<Evidence>> stsStates() {
    List<MxPattern> with = List.of(new MxPattern(Domain.of("example.net"), true));
    List<MxPattern> without = List.of(new MxPattern(Domain.of("other.example"), false));
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    all.put("", List.of());
    all.put("sts-enforce", sts(new Evidence.StsState.Enforce("1", with)));
    all.put("sts-enforce-other", sts(new Evidence.StsState.Enforce("1", without)));
    all.put("sts-testing", sts(new Evidence.StsState.Testing("1", without)));
    all.put("sts-pending", sts(new Evidence.StsState.Pending("404", NOW.plusSeconds(60))));
    all.put("sts-absent", sts(new Evidence.StsState.Absent("no TXT")));
    return all;
  }

  private static List<Evidence> sts(Evidence.StsState state) {
    return List.of(new Evidence.Sts(HOP, state, null));
  }

  private static Map<String, List<Evidence>> ledgerStates() {
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    all.put("", List.of());
    all.put("ledger-encrypt", ledger(TlsLevel.ENCRYPT, new MxFilter.Any()));
    all.put(
        "ledger-verify", ledger(TlsLevel.VERIFY, new MxFilter.LedgerKnown(Set.of(MX), Set.of())));
    all.put(
        "ledger-verify-other",
        ledger(
            TlsLevel.VERIFY,
            new MxFilter.LedgerKnown(Set.of(Domain.of("mx.old.example")), Set.of())));
    return all;
  }

  private static List<Evidence> ledger(TlsLevel level, MxFilter known) {
    return List.of(new Evidence.LedgerLevel(level, known, NOW.minusSeconds(9), NOW.plusSeconds(9)));
  }

  private static Map<String, List<Evidence>> messages() {
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    all.put("", List.of());
    all.put("requiretls", List.of(new Evidence.RequireTls()));
    all.put("tls-required-no", List.of(new Evidence.TlsRequiredNo()));
    all.put("both-wishes", List.of(new Evidence.TlsRequiredNo(), new Evidence.RequireTls()));
    return all;
  }

  private static Map<String, List<Evidence>> rows() {
    Map<String, List<Evidence>> all = new LinkedHashMap<>();
    for (TlsLevel level : EnumSet.complementOf(EnumSet.of(TlsLevel.STS, TlsLevel.DANE))) {
      if (level != TlsLevel.FINGERPRINT) {
        all.put(
            level.word(),
            List.of(new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Any(), level))));
      }
    }
    PolicyRow low =
        new PolicyRow(
            new DomainPattern.Any(),
            TlsLevel.MAY,
            Set.of(),
            List.of(),
            null,
            null,
            null,
            true,
            "their TLS is down",
            "admin",
            NOW.plusSeconds(60),
            true);
    all.put("override-may", List.of(new Evidence.NextHopRow(low)));
    return all;
  }

  /** One point of the space. */
  private record EvidenceCombination(
      String row, String dane, String sts, String ledger, String message, boolean secure) {
    boolean overridden() {
      return row.equals("override-may");
    }

    boolean daneInForce() {
      return secure && dane.equals("dane-usable");
    }

    boolean requireTls() {
      return message.equals("requiretls") || message.equals("both-wishes");
    }

    boolean passes() {
      return message.equals("tls-required-no");
    }
  }

  private interface EvidenceCheck {
    void at(EvidenceCombination combination, List<Evidence> evidence, Requirement requirement);
  }

  private static int everywhere(EvidenceCheck check) {
    int points = 0;
    for (boolean secure : new boolean[] {false, true}) {
      for (var row : rows().entrySet()) {
        for (var dane : daneStates(secure).entrySet()) {
          for (var sts : stsStates().entrySet()) {
            for (var ledger : ledgerStates().entrySet()) {
              for (var message : messages().entrySet()) {
                List<Evidence> evidence = new ArrayList<>(row.getValue());
                evidence.addAll(dane.getValue());
                evidence.addAll(sts.getValue());
                evidence.addAll(ledger.getValue());
                evidence.addAll(message.getValue());
                EvidenceCombination combination =
                    new EvidenceCombination(
                        row.getKey(),
                        dane.getKey(),
                        sts.getKey(),
                        ledger.getKey(),
                        message.getKey(),
                        secure);
                check.at(
                    combination, evidence, POLICY.requirementFor(subject(secure), evidence, NOW));
                points++;
              }
            }
          }
        }
      }
    }
    return points;
  }

  @Test
  void noSourceLowersWhatTheOthersDemand() {
    int points =
        everywhere(
            (combination, evidence, all) -> {
              if (combination.overridden() || combination.passes()) {
                return;
              }
              for (int i = 1; i < evidence.size(); i++) {
                if (evidence.get(i) instanceof Evidence.RequireTls
                    || evidence.get(i) instanceof Evidence.TlsRequiredNo) {
                  continue;
                }
                if (combination.daneInForce() && !combination.ledger().isEmpty()) {
                  // The ledger has no part in it; what DANE took from it was not a proof.
                  continue;
                }
                List<Evidence> fewer = new ArrayList<>(evidence);
                fewer.remove(i);
                Requirement without =
                    POLICY.requirementFor(subject(combination.secure()), fewer, NOW);
                // REQUIRETLS asks for DANE where there is some and for a trusted name elsewhere:
                // the one place where evidence changes a demand instead of adding one. So does
                // dane-only, which is closed until there are records.
                if (!combination.requireTls() && !combination.row().equals("dane-only")) {
                  assertTrue(
                      all.isAtLeast(without),
                      combination + ": " + all + " is less than " + without);
                }
                assertTrue(
                    all.encryption().compareTo(without.encryption()) >= 0
                        && all.plaintextFallback().compareTo(without.plaintextFallback()) >= 0,
                    combination.toString());
              }
            });
    assertTrue(points > 5_000, "only " + points);
  }

  @Test
  void theOrderOfTheSourcesDoesNotCount() {
    everywhere(
        (combination, evidence, all) -> {
          Requirement backwards =
              POLICY.requirementFor(subject(combination.secure()), evidence.reversed(), NOW);
          assertEquals(all.key(), backwards.key(), combination.toString());
          assertEquals(all.mxFilter(), backwards.mxFilter(), combination.toString());
        });
  }

  @Test
  void requiredTlsNeverLeadsToPlaintext() {
    Map<String, Observation> clear =
        Map.of(
            "not offered", new Observation.Unencrypted(false),
            "unused", new Observation.Unencrypted(true),
            "refused", new Observation.StarttlsRefused(Reply.of(454, "later")),
            "injected", new Observation.Injected(),
            "broken", new Observation.HandshakeFailed(TlsException.Kind.CLOSED, "40"));
    int[] demanding = {0};
    everywhere(
        (combination, evidence, requirement) -> {
          boolean source =
              combination.dane().equals("dane-usable")
                  || combination.dane().equals("dane-unusable")
                  || combination.dane().equals("dane-trouble")
                  || combination.sts().startsWith("sts-enforce")
                  || combination.sts().equals("sts-pending")
                  || !combination.ledger().isEmpty();
          boolean demanded =
              combination.requireTls()
                  || (source && !combination.overridden() && !combination.passes());
          if (!demanded) {
            return;
          }
          demanding[0]++;
          assertTrue(requirement.demandsTls(), combination.toString());
          for (FallbackStep step : FallbackStep.values()) {
            for (var seen : clear.entrySet()) {
              FallbackState late =
                  new FallbackState(step, 1, 1, 1, true, false, NOW, NOW, brokenForLong());
              Decision decision = POLICY.decide(requirement, seen.getValue(), late);
              assertFalse(
                  decision instanceof Decision.Proceed || decision instanceof Decision.GoPlaintext,
                  combination + " " + seen.getKey() + " " + decision);
            }
          }
        });
    assertTrue(demanding[0] > 3_000, "only " + demanding[0]);
  }

  @Test
  void daneThatFailsIsNeverRescuedByAnythingElse() {
    Handshake pkix =
        shown(new Verdict.Verified(Verdict.IdentifiedBy.NAME, MX.name()), new Proof(true, null));
    everywhere(
        (combination, evidence, requirement) -> {
          if (combination.dane().equals("dane-usable")
              && !combination.overridden()
              && !combination.passes()) {
            assertFalse(
                POLICY.decide(requirement, new Observation.Encrypted(pkix), state())
                    instanceof Decision.Proceed,
                combination.toString());
          }
          if (combination.dane().equals("dane-trouble")
              && !combination.overridden()
              && !combination.passes()) {
            assertFalse(requirement.mxFilter().admits(MX), combination.toString());
          }
        });
  }

  @Test
  void whereDaneMatchesAndStsEnforcesBothMustHold() {
    List<Evidence> both = new ArrayList<>();
    both.addAll(daneStates(true).get("dane-usable"));
    both.addAll(stsStates().get("sts-enforce"));
    Requirement requirement = POLICY.requirementFor(subject(true), both, NOW);
    Verdict tlsa = new Verdict.Verified(Verdict.IdentifiedBy.TLSA, RIGHT.toString());
    assertFalse(
        POLICY.decide(
                requirement,
                new Observation.Encrypted(shown(tlsa, new Proof(false, RIGHT))),
                state())
            instanceof Decision.Proceed);
    assertEquals(2, requirement.identity().size());
    assertEquals(TlsLevel.DANE, requirement.statedLevel());
  }

  @Test
  void onlyAnStsPolicyInEnforceFiltersHosts() {
    everywhere(
        (combination, evidence, requirement) -> {
          boolean counts = !combination.overridden() && !combination.passes();
          if (combination.sts().equals("sts-enforce-other") && counts) {
            assertFalse(requirement.mxFilter().admits(MX), combination.toString());
          }
          if (combination.sts().equals("sts-testing")
              && !combination.dane().equals("dane-trouble")
              && !combination.ledger().equals("ledger-verify-other")
              && !combination.requireTls()
              && !combination.row().equals("dane-only")) {
            assertTrue(requirement.mxFilter().admits(MX), combination.toString());
          }
        });
  }

  @Test
  void tlsRequiredNoPassesDaneStsAndLedgerButNoRow() {
    everywhere(
        (combination, evidence, requirement) -> {
          if (combination.passes()) {
            Requirement row =
                POLICY.requirementFor(
                    subject(combination.secure()),
                    evidence.stream()
                        .filter(
                            e ->
                                e instanceof Evidence.NextHopRow
                                    || (combination.row().equals("dane-only")
                                        && !combination.dane().equals("dane-unusable")
                                        && e instanceof Evidence.Dane))
                        .toList(),
                    NOW);
            assertEquals(row.key(), requirement.key(), combination.toString());
          }
        });
  }

  @Test
  void requireTlsYieldsNeitherToTheHeaderNorToAnOverride() {
    everywhere(
        (combination, evidence, requirement) -> {
          if (combination.requireTls()) {
            assertTrue(requirement.requireTls(), combination.toString());
            assertTrue(requirement.demandsTls(), combination.toString());
            assertFalse(requirement.identity().isEmpty(), combination.toString());
            boolean vouched = combination.secure() || combination.sts().equals("sts-enforce");
            assertTrue(vouched || !requirement.mxFilter().admits(MX), combination.toString());
          } else {
            assertFalse(requirement.requireTls(), combination.toString());
          }
        });
  }

  @Test
  void ledgerOnlyRequirementNeverBounces() {
    everywhere(
        (combination, evidence, requirement) -> {
          List<Evidence> without =
              evidence.stream().filter(e -> !(e instanceof Evidence.LedgerLevel)).toList();
          Requirement other = POLICY.requirementFor(subject(combination.secure()), without, NOW);
          boolean adds = !other.isAtLeast(requirement);
          assertEquals(adds, requirement.remembered(), combination.toString());
        });
  }

  @Test
  void whereDaneIsInForceTheLedgerAddsNothingAndElsewhereAll() {
    int[] outranked = {0};
    everywhere(
        (combination, evidence, requirement) -> {
          if (combination.ledger().isEmpty() || combination.overridden() || combination.passes()) {
            return;
          }
          List<Evidence> without =
              evidence.stream().filter(e -> !(e instanceof Evidence.LedgerLevel)).toList();
          Requirement other = POLICY.requirementFor(subject(combination.secure()), without, NOW);
          if (combination.daneInForce()) {
            assertEquals(other.key(), requirement.key(), combination.toString());
            assertEquals(other.mxFilter(), requirement.mxFilter(), combination.toString());
            assertFalse(requirement.remembered(), combination.toString());
            outranked[0]++;
          } else if (combination.ledger().equals("ledger-verify-other")) {
            assertFalse(requirement.mxFilter().admits(MX), combination.toString());
          }
        });
    assertTrue(outranked[0] > 100, "only " + outranked[0]);
  }

  @Test
  void daneOnlyAcceptsDaneAlone() {
    everywhere(
        (combination, evidence, requirement) -> {
          if (!combination.row().equals("dane-only")) {
            return;
          }
          if (!combination.dane().equals("dane-usable")) {
            assertFalse(requirement.mxFilter().admits(MX), combination.toString());
          } else {
            assertTrue(
                requirement.identity().stream()
                    .anyMatch(IdentityRequirement.Tlsa.class::isInstance),
                combination.toString());
          }
        });
  }

  @Test
  void theBaseDomainOfDaneIsTheNameThatIsSent() {
    Domain base = Domain.of("real.example.net");
    Requirement requirement =
        POLICY.requirementFor(
            subject(true),
            List.of(
                new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Any(), TlsLevel.ENCRYPT)),
                new Evidence.Dane(base, new Evidence.DaneState.Usable(TLSA), true, NOW)),
            NOW);
    assertEquals(base, requirement.presentation().serverName());
  }

  @Test
  void wildcardMatchesOneLabel() {
    MxPattern star = MxPattern.parse("*.mx.test").orElseThrow();
    assertTrue(star.matches(Domain.of("a.mx.test")));
    assertFalse(star.matches(Domain.of("a.b.mx.test")));
    assertFalse(star.matches(Domain.of("mx.test")));
    assertTrue(MxPattern.parse("*.*.test").isEmpty());
    assertTrue(MxPattern.parse("a*.test").isEmpty());
    assertTrue(MxPattern.parse("*").isEmpty());
  }

  /** Every hold is over. */
  private static HostMemory brokenForLong() {
    Instant since = NOW.minusSeconds(400_000);
    return new HostMemory(null, null, Map.of(), null, null, null, since, NOW.minusSeconds(60));
  }

  private static FallbackState state() {
    return new FallbackState(
        FallbackStep.FULL, 1, 1, 1, true, false, NOW, NOW, HostMemory.nothing());
  }

  private static Handshake shown(Verdict verdict, Proof proof) {
    return new Handshake(
        TlsVersion.TLS_1_3,
        "TLS_AES_256_GCM_SHA384",
        256,
        "x25519",
        false,
        MX.name(),
        List.of(),
        false,
        verdict,
        proof,
        List.of());
  }
}
