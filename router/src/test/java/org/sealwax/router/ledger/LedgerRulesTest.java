package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.ledger.DomainTimeline.DOMAIN;
import static org.sealwax.router.ledger.DomainTimeline.EVIL;
import static org.sealwax.router.ledger.DomainTimeline.MX1;
import static org.sealwax.router.ledger.DomainTimeline.MX2;
import static org.sealwax.router.ledger.HostPath.PathFamily.IPV4;
import static org.sealwax.router.ledger.HostPath.PathFamily.IPV6;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.router.ledger.LedgerSettings.Regression;

/** What the ledger promises about levels, by the section of docs/policy.md that promises it. */
final class LedgerRulesTest {
  private static final Duration HOLD = LedgerSettings.DEFAULT_HOLD;

  private static DomainTimeline verified() {
    return new DomainTimeline().days(8, ProvenLevel.VERIFIED);
  }

  private static DomainTimeline encrypted() {
    return new DomainTimeline().days(8, ProvenLevel.ENCRYPTED);
  }

  // Promotion.

  @Test
  void aLevelNeedsSessionsDaysAndResolutions() {
    assertNull(new DomainTimeline().days(6, ProvenLevel.VERIFIED).row.level());
    assertEquals(TlsLevel.VERIFY, new DomainTimeline().days(7, ProvenLevel.VERIFIED).row.level());
    assertEquals(TlsLevel.ENCRYPT, new DomainTimeline().days(7, ProvenLevel.ENCRYPTED).row.level());
    assertNull(new DomainTimeline().days(30, ProvenLevel.CLEAR).row.level());

    DomainTimeline oneSession = new DomainTimeline();
    for (int day = 0; day < 19; day++) {
      oneSession.resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofDays(1));
    }
    assertNull(oneSession.row.level());
    oneSession.resolves().shows(MX1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, oneSession.row.level());
  }

  @Test
  void manySessionsOfOneDayCountAsFour() {
    DomainTimeline burst = new DomainTimeline();
    for (int i = 0; i < 1_000; i++) {
      burst.resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofSeconds(60));
    }
    assertNull(burst.row.level());
    assertEquals(4, burst.row.verify().sessions());
  }

  @Test
  void oneResolutionThatWasUsedForAMonthIsNotEnough() {
    DomainTimeline timeline = new DomainTimeline().resolves();
    for (int i = 0; i < 120; i++) {
      timeline.shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(timeline.row.level());
    timeline.resolves().shows(MX1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
  }

  @Test
  void promotionNeedsEveryMxHost() {
    DomainTimeline timeline = new DomainTimeline().mx(MX1, MX2);
    for (int i = 0; i < 60; i++) {
      timeline.resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(timeline.row.level());
    timeline.shows(MX2, ProvenLevel.ENCRYPTED);
    assertNull(timeline.row.level(), "one day");
    timeline.later(Duration.ofDays(1)).resolves().shows(MX2, ProvenLevel.ENCRYPTED);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    timeline.days(8, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
  }

  @Test
  void aHostThatNoDeliveryNeedsIsGreetedOnTwoDays() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.VERIFIED);
    assertNull(timeline.row.level());
    assertEquals(Set.of(MX2), timeline.unseen());
    int sessions = timeline.row.verify().sessions();
    timeline.greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(Set.of(), timeline.unseen(), "not twice a day");
    timeline.later(Duration.ofHours(1)).greets(MX2, ProvenLevel.VERIFIED);
    assertNull(timeline.row.level(), "twice on one day");
    timeline.later(Duration.ofHours(23)).resolves().shows(MX1, IPV4, ProvenLevel.VERIFIED, true);
    assertEquals(Set.of(MX2), timeline.unseen());
    timeline.greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertEquals(Set.of(), timeline.unseen());
    assertEquals(sessions + 1, timeline.row.verify().sessions(), "a greeting is no session");
  }

  @Test
  void hostIsProbedAgainAfterTheVerifyCountRestarts() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 3, ProvenLevel.VERIFIED);
    timeline
        .greets(MX2, ProvenLevel.VERIFIED)
        .daysAt(MX1, 1, ProvenLevel.VERIFIED)
        .greets(MX2, ProvenLevel.VERIFIED);
    timeline.resolves().shows(MX1, ProvenLevel.ENCRYPTED);
    timeline.daysAt(MX1, 2, ProvenLevel.VERIFIED);
    assertEquals(Set.of(), timeline.unseen(), "not yet worth it");
    timeline.daysAt(MX1, 6, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(Set.of(MX2), timeline.unseen());
    timeline
        .greets(MX2, ProvenLevel.VERIFIED)
        .daysAt(MX1, 1, ProvenLevel.VERIFIED)
        .greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
  }

  @Test
  void oldObservationsDoNotCount() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 4, ProvenLevel.VERIFIED);
    timeline.greets(MX2, ProvenLevel.VERIFIED).later(Duration.ofDays(1)).resolves();
    timeline.greets(MX2, ProvenLevel.VERIFIED).later(Duration.ofDays(181));
    timeline.daysAt(MX1, 8, ProvenLevel.VERIFIED);
    assertNull(timeline.row.level());
    assertEquals(Set.of(MX2), timeline.unseen());
  }

  @Test
  void probeWithoutTlsRestartsTheCountAndPausesProbes() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.ENCRYPTED);
    timeline.greets(MX2, ProvenLevel.CLEAR);
    assertEquals(0, timeline.row.encrypt().sessions());
    timeline.daysAt(MX1, 8, ProvenLevel.ENCRYPTED);
    assertNull(timeline.row.level());
    for (ProvenLevel refusal :
        List.of(ProvenLevel.SILENT, ProvenLevel.REFUSED, ProvenLevel.BROKEN)) {
      DomainTimeline refused =
          new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.ENCRYPTED);
      refused.greets(MX2, refusal).daysAt(MX1, 25, ProvenLevel.ENCRYPTED);
      assertEquals(Set.of(), refused.unseen(), refusal.word());
      refused.daysAt(MX1, 10, ProvenLevel.ENCRYPTED);
      assertEquals(Set.of(MX2), refused.unseen(), "once a month a silent host is tried again");
    }
  }

  @Test
  void probesNeedMailOfTheLastDayAndTenSessions() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 2, ProvenLevel.ENCRYPTED);
    assertEquals(8, timeline.row.encrypt().sessions());
    assertEquals(Set.of(), timeline.unseen());
    timeline.daysAt(MX1, 1, ProvenLevel.ENCRYPTED);
    assertEquals(Set.of(MX2), timeline.unseen());
    timeline.later(Duration.ofHours(18));
    assertEquals(Set.of(), timeline.unseen(), "nothing was sent for a day");
    timeline.resolves().shows(MX1, IPV4, ProvenLevel.ENCRYPTED, false);
    assertEquals(Set.of(), timeline.unseen(), "a stranger's bounce is no mail of ours");
    timeline.resolves().shows(MX1, ProvenLevel.ENCRYPTED);
    assertEquals(Set.of(MX2), timeline.unseen());
    timeline.trusted = false;
    assertEquals(Set.of(), timeline.unseen(), "in a time that may be wrong");
    LedgerSettings d = LedgerSettings.defaults();
    DomainTimeline off = new DomainTimeline(SettingsRecord.with(d, Map.of("greetUnseen", false)));
    assertEquals(Set.of(), off.mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.ENCRYPTED).unseen());
  }

  @Test
  void aHostWithoutAnAddressIsSilentAndKeepsNoDomainFromItsLevel() {
    DomainTimeline timeline =
        new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.VERIFIED);
    assertNull(timeline.row.level());
    timeline.addresses(MX2, false, false).resolves().shows(MX1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());

    DomainTimeline back = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 6, ProvenLevel.VERIFIED);
    back.addresses(MX2, false, false).addresses(MX2, true, false);
    assertNull(back.daysAt(MX1, 3, ProvenLevel.VERIFIED).row.level(), "it has one again");
  }

  @Test
  void aHostWithoutAnAddressIsSilentForAcceptanceToo() {
    DomainTimeline timeline = new DomainTimeline().mx(MX1, MX2).days(8, ProvenLevel.ENCRYPTED);
    timeline.addresses(MX2, false, false);
    for (int i = 0; i < 13; i++) {
      timeline.resolves().addresses(MX2, false, false).shows(MX1, ProvenLevel.CLEAR);
      timeline.later(Duration.ofHours(4));
    }
    assertTrue(timeline.has(LedgerEvent.ACCEPTED, "is accepted at its present level"));
    DomainTimeline unknown = new DomainTimeline().mx(MX1, MX2).days(8, ProvenLevel.ENCRYPTED);
    for (int i = 0; i < 13; i++) {
      unknown.resolves().shows(MX1, ProvenLevel.CLEAR).later(Duration.ofHours(4));
    }
    assertFalse(unknown.has(LedgerEvent.ACCEPTED, ""), "the other one was not asked");
  }

  @Test
  void daneProofIsNeitherAViolationNorAProofForVerify() {
    DomainTimeline timeline = verified();
    Instant met = java.util.Objects.requireNonNull(timeline.row.standing()).met();
    timeline.later(Duration.ofHours(1)).resolves().proves(MX1, ProvenLevel.ENCRYPTED);
    assertNull(timeline.row.violation());
    assertFalse(timeline.has(LedgerEvent.VIOLATED, ""));
    assertEquals(met, java.util.Objects.requireNonNull(timeline.row.standing()).met());
    assertEquals(0, timeline.row.verify().sessions());

    DomainTimeline running = verified().retries(Duration.ofHours(40), ProvenLevel.ENCRYPTED);
    running.resolves().proves(MX1, ProvenLevel.ENCRYPTED);
    assertNull(running.row.violation(), "mail passes on the only path");
    assertEquals(TlsLevel.VERIFY, running.row.level());
    assertTrue(
        verified()
            .resolves()
            .proves(MX1, ProvenLevel.CLEAR)
            .has(LedgerEvent.VIOLATED, "shows less"),
        "without TLS nothing is proven");
  }

  @Test
  void nullSenderDoesNotPromote() {
    DomainTimeline timeline = new DomainTimeline();
    for (int i = 0; i < 400; i++) {
      timeline.resolves().shows(MX1, IPV4, ProvenLevel.VERIFIED, false).later(Duration.ofHours(6));
    }
    assertNull(timeline.row.level());
  }

  @Test
  void sessionWithoutTlsRestartsTheCount() {
    DomainTimeline timeline =
        new DomainTimeline().days(6, ProvenLevel.VERIFIED).shows(MX1, ProvenLevel.CLEAR);
    timeline.days(6, ProvenLevel.VERIFIED);
    assertNull(timeline.row.level());
    assertEquals(TlsLevel.VERIFY, timeline.days(1, ProvenLevel.VERIFIED).row.level());
  }

  @Test
  void badCertificateRestartsTheVerifyCountOnly() {
    DomainTimeline timeline =
        new DomainTimeline().days(6, ProvenLevel.VERIFIED).shows(MX1, ProvenLevel.ENCRYPTED);
    timeline.days(1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(TlsLevel.VERIFY, timeline.days(7, ProvenLevel.VERIFIED).row.level());
  }

  @Test
  void forgedMxAtPromotionIsNotLearned() {
    DomainTimeline timeline = new DomainTimeline().days(6, ProvenLevel.VERIFIED);
    for (int round = 0; round < 40; round++) {
      timeline.mx(EVIL).resolves().shows(EVIL, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
      assertNotEquals(TlsLevel.VERIFY, timeline.row.level());
      timeline.mx(MX1).resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    timeline.days(8, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertFalse(timeline.rules.filter(timeline.row).admits(EVIL));
  }

  // The level belongs to the domain.

  @Test
  void aNewHostInheritsTheLevel() {
    DomainTimeline timeline = encrypted().mx(EVIL).resolves();
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertTrue(timeline.rules.filter(timeline.row).admits(EVIL));
    timeline.shows(EVIL, ProvenLevel.CLEAR);
    assertTrue(timeline.has(LedgerEvent.VIOLATED, "shows less than its level"));
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
  }

  @Test
  void aForgedMxWithAValidCertificateOfItsOwnIsNotAdmitted() {
    DomainTimeline timeline = verified().mx(EVIL).resolves();

    assertFalse(timeline.rules.filter(timeline.row).admits(EVIL));
    assertTrue(timeline.has(LedgerEvent.VIOLATED, "shows less than its level"));
    timeline.retries(Duration.ofHours(44), ProvenLevel.VERIFIED);
    assertFalse(timeline.rules.filter(timeline.row).admits(EVIL));
  }

  @Test
  void aNewHostOfTheSameOrganisationIsNoChange() {
    Domain mx9 = Domain.of("mx9.eu.provider.example");
    DomainTimeline timeline = verified().mx(MX1, mx9).resolves();

    assertTrue(timeline.rules.filter(timeline.row).admits(mx9));
    assertNull(timeline.row.violation());
    timeline.shows(mx9, ProvenLevel.VERIFIED);
    assertTrue(timeline.row.known().contains(mx9));
  }

  @Test
  void domainsUnderOnePublicSuffixAreUnrelated() {
    DomainTimeline timeline =
        new DomainTimeline().mx(Domain.of("mx.a.co.uk")).days(8, ProvenLevel.VERIFIED);
    assertFalse(timeline.rules.filter(timeline.row).admits(Domain.of("mx.b.co.uk")));
  }

  @Test
  void newMxSetIsAcceptedAtOnceByDnssecOrMtaSts() {
    DomainTimeline bySecureDns = verified().mx(EVIL);
    bySecureDns.secure = true;
    bySecureDns.resolves();
    assertTrue(bySecureDns.rules.filter(bySecureDns.row).admits(EVIL));
    assertNull(bySecureDns.row.violation());
    assertEquals(TlsLevel.VERIFY, bySecureDns.row.level());

    DomainTimeline bySts = verified().mx(EVIL, MX2);
    bySts.vouched = Set.of(EVIL);
    bySts.resolves();
    assertTrue(bySts.rules.filter(bySts.row).admits(EVIL));
  }

  // Violations and their classes.

  @ParameterizedTest
  @EnumSource(
      value = ProvenLevel.class,
      names = {"CLEAR", "REFUSED", "BROKEN"})
  void allPathsBelowForTheHoldIsTheDomainsChange(ProvenLevel proven) {
    DomainTimeline timeline = encrypted();
    Instant began = timeline.now;
    timeline.retries(HOLD.minus(Duration.ofHours(8)), proven);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(ViolationClass.UNDECIDED, timeline.classed());
    timeline.retries(Duration.ofHours(4), proven);
    assertNull(timeline.row.level());
    assertTrue(
        timeline.has(
            LedgerEvent.ACCEPTED, "at the end of the hold: its level was encrypt and is now none"));
    assertFalse(timeline.now.isBefore(began.plus(HOLD)));
  }

  @Test
  void acceptanceIsDueWhenTheNextRoundBeginsAndNotOnlyWhenItHasFailed() {
    DomainTimeline timeline =
        encrypted().retries(HOLD.minus(Duration.ofHours(1)), ProvenLevel.CLEAR);
    timeline.resolves();
    assertNull(timeline.row.level());
  }

  @Test
  void aBadCertificateForTheWholeHoldEndsAtEncrypt() {
    DomainTimeline timeline = verified().retries(HOLD, ProvenLevel.ENCRYPTED);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(new MxFilter.Any(), timeline.rules.filter(timeline.row));
  }

  @Test
  void sampleAtTheLevelRestartsTheHold() {
    DomainTimeline timeline =
        encrypted().retries(HOLD.minus(Duration.ofHours(5)), ProvenLevel.CLEAR);
    timeline.shows(MX1, IPV6, ProvenLevel.ENCRYPTED, true);
    assertEquals(ViolationClass.ATTACK_LIKE, timeline.classed());
    timeline.retries(HOLD.minus(Duration.ofHours(5)), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
  }

  @Test
  void onePathThatDiffersIsAttackLikeAndNeverAcceptsItself() {
    DomainTimeline timeline = encrypted();
    for (int round = 0; round < 200; round++) {
      timeline.resolves();
      timeline
          .shows(MX1, IPV4, ProvenLevel.CLEAR, true)
          .shows(MX1, IPV6, ProvenLevel.ENCRYPTED, true);
      assertEquals(ViolationClass.ATTACK_LIKE, timeline.classed());
      timeline.later(Duration.ofHours(4));
    }
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
  }

  @Test
  void aPathThatWasNotTriedKeepsTheHoldOpen() {
    DomainTimeline twoHosts = new DomainTimeline().mx(MX1, MX2).days(8, ProvenLevel.ENCRYPTED);
    for (int round = 0; round < 30; round++) {
      twoHosts.resolves().shows(MX1, ProvenLevel.CLEAR).later(Duration.ofHours(4));
    }
    assertEquals(TlsLevel.ENCRYPT, twoHosts.row.level());
    twoHosts.shows(MX2, ProvenLevel.SILENT).resolves();
    assertNull(twoHosts.row.level(), "a host that is down cannot be asked");

    DomainTimeline twoFamilies = encrypted().shows(MX1, IPV6, ProvenLevel.ENCRYPTED, true);
    twoFamilies.retries(HOLD.multipliedBy(2), ProvenLevel.CLEAR, IPV4);
    assertEquals(TlsLevel.ENCRYPT, twoFamilies.row.level());
    twoFamilies.shows(MX1, IPV6, ProvenLevel.CLEAR, true).resolves();
    assertNull(twoFamilies.row.level());
  }

  @Test
  void aBurstIsOneObservation() {
    DomainTimeline timeline = encrypted();
    for (int i = 0; i < 100; i++) {
      timeline.resolves().shows(MX1, ProvenLevel.CLEAR).later(Duration.ofSeconds(30));
    }
    timeline.later(Duration.ofHours(20)).resolves().shows(MX1, ProvenLevel.CLEAR);
    timeline.later(Duration.ofHours(23)).resolves().shows(MX1, ProvenLevel.CLEAR);
    timeline.later(Duration.ofHours(5)).resolves().shows(MX1, ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
  }

  @Test
  void unobservedTimeDoesNotCountAsHold() {
    DomainTimeline timeline = encrypted().retries(Duration.ofDays(1), ProvenLevel.CLEAR);
    timeline.later(Duration.ofDays(20)).resolves().shows(MX1, ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(ViolationClass.UNDECIDED, timeline.classed());
  }

  @Test
  void injectedPlaintextIsAlwaysAttackLike() {
    DomainTimeline timeline = encrypted().retries(HOLD.multipliedBy(2), ProvenLevel.INJECTED);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(ViolationClass.ATTACK_LIKE, timeline.classed());
  }

  @Test
  void aViolationEndsWhenEveryPathKeepsTheLevelAgain() {
    DomainTimeline timeline = encrypted().resolves().shows(MX1, ProvenLevel.CLEAR);
    assertNotNull(timeline.row.violation());
    timeline.shows(MX1, ProvenLevel.ENCRYPTED);
    assertNull(timeline.row.violation());
    assertTrue(timeline.has(LedgerEvent.HEALED, "shows its level encrypt again"));
  }

  @Test
  void anOutageIsNoViolation() {
    DomainTimeline timeline = encrypted().retries(Duration.ofDays(10), ProvenLevel.SILENT);
    assertNull(timeline.row.violation());
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
  }

  @Test
  void nearUsOnlyAddsCaution() {
    DomainTimeline timeline = encrypted().resolves().shows(MX1, ProvenLevel.CLEAR);
    assertNotNull(timeline.row.violation());
    timeline.row = timeline.step().nearUs().row();
    timeline.retries(HOLD.multipliedBy(3), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(ViolationClass.NEAR_US, timeline.classed());
    assertNull(
        timeline.rules.activeViolation(timeline.row, timeline.moment()).orElseThrow().accepts());
  }

  // Changed MX sets.

  @Test
  void aProviderThatWasReplacedIsAcceptedAfterTheHoldAndKeepsTheLevel() {
    Domain fresh = Domain.of("mx.other-provider.example");
    DomainTimeline timeline = verified().mx(fresh).retries(HOLD, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertTrue(timeline.rules.filter(timeline.row).admits(fresh));
    assertNull(timeline.row.violation());
  }

  @Test
  void aProviderWithoutCertificatesIsAcceptedAfterOneHoldAndNotAfterTwo() {
    DomainTimeline timeline = verified().mx(EVIL).retries(HOLD, ProvenLevel.CLEAR);
    assertNull(timeline.row.level());
  }

  @Test
  void attackOnOnePathDoesNotDecideForANewProvider() {
    Domain fresh = Domain.of("mx.other-provider.example");
    DomainTimeline timeline = verified().mx(fresh);
    Instant end = timeline.now.plus(HOLD);
    while (!timeline.now.isAfter(end)) {
      timeline.resolves().shows(fresh, IPV6, ProvenLevel.ENCRYPTED, true);
      timeline.shows(fresh, IPV4, ProvenLevel.VERIFIED, true).later(Duration.ofHours(4));
    }
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertTrue(timeline.rules.filter(timeline.row).admits(fresh));
    assertEquals(ViolationClass.ATTACK_LIKE, timeline.classed());
  }

  @Test
  void intermittentHostIsNotAccepted() {
    DomainTimeline timeline = verified();
    for (int round = 0; round < 100; round++) {
      timeline.mx(round % 5 == 0 ? new Domain[] {MX1} : new Domain[] {MX1, EVIL});
      timeline.resolves();
      timeline.mx.forEach(host -> timeline.shows(host, ProvenLevel.VERIFIED));
      timeline.later(Duration.ofHours(4));
    }
    assertFalse(timeline.rules.filter(timeline.row).admits(EVIL));
  }

  @Test
  void aPolicyThatRanOutLeavesVerifyWithItsPatterns() {
    DomainTimeline timeline = new DomainTimeline();
    MxPattern pattern = MxPattern.parse("*.provider.example").orElseThrow();
    timeline.row = timeline.step().policyExpired(List.of(pattern)).row();
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertTrue(timeline.rules.filter(timeline.row).admits(MX1));
    assertFalse(timeline.rules.filter(timeline.row).admits(EVIL));

    timeline.mx(EVIL).retries(HOLD, ProvenLevel.VERIFIED);
    assertTrue(timeline.rules.filter(timeline.row).admits(EVIL));
    assertFalse(timeline.rules.filter(timeline.row).admits(MX1), "known one by one from then on");
  }

  // The admin, decay, the clock.

  @Test
  void theAdminsWordAcceptsAtOnce() {
    DomainTimeline timeline = verified().mx(EVIL).resolves().shows(EVIL, ProvenLevel.VERIFIED);
    timeline.row = timeline.step().acceptedByAdmin().row();
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    assertTrue(timeline.rules.filter(timeline.row).admits(EVIL));
    assertTrue(timeline.step().acceptedByAdmin().facts().isEmpty(), "nothing is left to accept");
  }

  @Test
  void regressionAskNeedsTheAdmin() {
    LedgerSettings d = LedgerSettings.defaults();
    DomainTimeline timeline =
        new DomainTimeline(SettingsRecord.with(d, Map.of("regression", Regression.ASK)));
    timeline.days(8, ProvenLevel.ENCRYPTED).retries(HOLD.multipliedBy(3), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, timeline.row.level());
    assertEquals(ViolationClass.THEIRS, timeline.classed());
    timeline.row = timeline.step().acceptedByAdmin().row();
    assertNull(timeline.row.level());
  }

  @Test
  void unseenLevelDecaysAfterHalfAYear() {
    DomainTimeline timeline = verified().later(Duration.ofDays(179)).resolves();
    assertEquals(TlsLevel.VERIFY, timeline.row.level());
    timeline.later(Duration.ofDays(2)).resolves();
    assertNull(timeline.row.level());
    assertTrue(timeline.has(LedgerEvent.DECAYED, "has not shown its level verify for 180 days"));
    assertTrue(timeline.rules.filter(timeline.row).admits(EVIL));
  }

  @Test
  void aClockInDoubtSuspendsDecayAcceptanceAndPromotion() {
    DomainTimeline decay = verified();
    decay.trusted = false;
    decay.later(Duration.ofDays(400)).resolves();
    assertEquals(TlsLevel.VERIFY, decay.row.level());

    DomainTimeline acceptance = encrypted();
    acceptance.trusted = false;
    acceptance.retries(HOLD.multipliedBy(2), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, acceptance.row.level());
    acceptance.trusted = true;
    acceptance.steadySince = acceptance.now;
    acceptance.retries(HOLD.minus(Duration.ofHours(4)), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, acceptance.row.level(), "the hold counts from the confirmation");
    acceptance.retries(Duration.ofHours(8), ProvenLevel.CLEAR);
    assertNull(acceptance.row.level());

    DomainTimeline promotion = new DomainTimeline();
    promotion.trusted = false;
    assertNull(promotion.days(30, ProvenLevel.VERIFIED).row.level());
  }

  @Test
  void theRowStaysWithinItsBounds() {
    DomainTimeline timeline = verified();
    for (int i = 0; i < 500; i++) {
      timeline.mx(Domain.of("h" + i + ".provider.example")).resolves();
      timeline.mx.forEach(host -> timeline.shows(host, ProvenLevel.VERIFIED));
      timeline.later(Duration.ofMinutes(1));
    }
    assertTrue(timeline.row.hosts().size() <= DomainRecord.MAX_HOSTS);
    assertTrue(timeline.row.known().size() <= DomainRecord.MAX_KNOWN);
    assertEquals(DOMAIN, timeline.row.domain());
  }
}
