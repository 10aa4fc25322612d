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
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.router.ledger.LedgerSettings.Regression;

/** What the ledger promises about levels, by the section of docs/policy.md that says so. */
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
    DomainTimeline story = new DomainTimeline().resolves();
    for (int i = 0; i < 120; i++) {
      story.shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
    story.resolves().shows(MX1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
  }

  @Test
  void promotionNeedsEveryMxHost() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2);
    for (int i = 0; i < 60; i++) {
      story.resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
    story.shows(MX2, ProvenLevel.ENCRYPTED);
    assertNull(story.row.level(), "one day");
    story.later(Duration.ofDays(1)).resolves().shows(MX2, ProvenLevel.ENCRYPTED);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    story.days(8, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
  }

  @Test
  void aHostThatNoDeliveryNeedsIsGreetedOnTwoDays() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.VERIFIED);
    assertNull(story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
    int sessions = story.row.verify().sessions();
    story.greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(Set.of(), story.unseen(), "not twice a day");
    story.later(Duration.ofHours(1)).greets(MX2, ProvenLevel.VERIFIED);
    assertNull(story.row.level(), "twice on one day");
    story.later(Duration.ofHours(23)).resolves().shows(MX1, IPV4, ProvenLevel.VERIFIED, true);
    assertEquals(Set.of(MX2), story.unseen());
    story.greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertEquals(Set.of(), story.unseen());
    assertEquals(sessions + 1, story.row.verify().sessions(), "a greeting is no session");
  }

  @Test
  void hostIsProbedAgainAfterTheVerifyCountRestarts() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 3, ProvenLevel.VERIFIED);
    story
        .greets(MX2, ProvenLevel.VERIFIED)
        .daysAt(MX1, 1, ProvenLevel.VERIFIED)
        .greets(MX2, ProvenLevel.VERIFIED);
    story.resolves().shows(MX1, ProvenLevel.ENCRYPTED);
    story.daysAt(MX1, 2, ProvenLevel.VERIFIED);
    assertEquals(Set.of(), story.unseen(), "not yet worth it");
    story.daysAt(MX1, 6, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
    story
        .greets(MX2, ProvenLevel.VERIFIED)
        .daysAt(MX1, 1, ProvenLevel.VERIFIED)
        .greets(MX2, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
  }

  @Test
  void oldObservationsDoNotCount() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 4, ProvenLevel.VERIFIED);
    story.greets(MX2, ProvenLevel.VERIFIED).later(Duration.ofDays(1)).resolves();
    story.greets(MX2, ProvenLevel.VERIFIED).later(Duration.ofDays(181));
    story.daysAt(MX1, 8, ProvenLevel.VERIFIED);
    assertNull(story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
  }

  @Test
  void probeWithoutTlsRestartsTheCountAndPausesProbes() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.ENCRYPTED);
    story.greets(MX2, ProvenLevel.CLEAR);
    assertEquals(0, story.row.encrypt().sessions());
    story.daysAt(MX1, 8, ProvenLevel.ENCRYPTED);
    assertNull(story.row.level());
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
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 2, ProvenLevel.ENCRYPTED);
    assertEquals(8, story.row.encrypt().sessions());
    assertEquals(Set.of(), story.unseen());
    story.daysAt(MX1, 1, ProvenLevel.ENCRYPTED);
    assertEquals(Set.of(MX2), story.unseen());
    story.later(Duration.ofHours(18));
    assertEquals(Set.of(), story.unseen(), "nothing was sent for a day");
    story.resolves().shows(MX1, IPV4, ProvenLevel.ENCRYPTED, false);
    assertEquals(Set.of(), story.unseen(), "a stranger's bounce is no mail of ours");
    story.resolves().shows(MX1, ProvenLevel.ENCRYPTED);
    assertEquals(Set.of(MX2), story.unseen());
    story.trusted = false;
    assertEquals(Set.of(), story.unseen(), "in a time that may be wrong");
    LedgerSettings d = LedgerSettings.defaults();
    DomainTimeline off =
        new DomainTimeline(
            new LedgerSettings(
                d.sessions(),
                d.days(),
                d.perDay(),
                d.resolutions(),
                d.hostDays(),
                false,
                d.hold(),
                d.regression(),
                d.decay(),
                d.domains()));
    assertEquals(Set.of(), off.mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.ENCRYPTED).unseen());
  }

  @Test
  void aHostWithoutAnAddressIsSilentAndKeepsNoDomainFromItsLevel() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 7, ProvenLevel.VERIFIED);
    assertNull(story.row.level());
    story.addresses(MX2, false, false).resolves().shows(MX1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());

    DomainTimeline back = new DomainTimeline().mx(MX1, MX2).daysAt(MX1, 6, ProvenLevel.VERIFIED);
    back.addresses(MX2, false, false).addresses(MX2, true, false);
    assertNull(back.daysAt(MX1, 3, ProvenLevel.VERIFIED).row.level(), "it has one again");
  }

  @Test
  void aHostWithoutAnAddressIsSilentForAcceptanceToo() {
    DomainTimeline story = new DomainTimeline().mx(MX1, MX2).days(8, ProvenLevel.ENCRYPTED);
    story.addresses(MX2, false, false);
    for (int i = 0; i < 13; i++) {
      story.resolves().addresses(MX2, false, false).shows(MX1, ProvenLevel.CLEAR);
      story.later(Duration.ofHours(4));
    }
    assertTrue(story.has(LedgerChange.Fact.Accepted.class));
    DomainTimeline unknown = new DomainTimeline().mx(MX1, MX2).days(8, ProvenLevel.ENCRYPTED);
    for (int i = 0; i < 13; i++) {
      unknown.resolves().shows(MX1, ProvenLevel.CLEAR).later(Duration.ofHours(4));
    }
    assertFalse(unknown.has(LedgerChange.Fact.Accepted.class), "the other one was not asked");
  }

  @Test
  void whatDaneProvesIsNoViolationAndNoProofForVerifyEither() {
    DomainTimeline story = verified();
    Instant met = java.util.Objects.requireNonNull(story.row.standing()).met();
    story.later(Duration.ofHours(1)).resolves().proves(MX1, ProvenLevel.ENCRYPTED);
    assertNull(story.row.violation());
    assertFalse(story.has(LedgerChange.Fact.Violated.class));
    assertEquals(met, java.util.Objects.requireNonNull(story.row.standing()).met());
    assertEquals(0, story.row.verify().sessions());

    DomainTimeline running = verified().retries(Duration.ofHours(40), ProvenLevel.ENCRYPTED);
    running.resolves().proves(MX1, ProvenLevel.ENCRYPTED);
    assertNull(running.row.violation(), "mail passes on the only path");
    assertEquals(TlsLevel.VERIFY, running.row.level());
    assertTrue(
        verified().resolves().proves(MX1, ProvenLevel.CLEAR).has(LedgerChange.Fact.Violated.class),
        "without TLS nothing is proven");
  }

  @Test
  void nullSenderDoesNotPromote() {
    DomainTimeline story = new DomainTimeline();
    for (int i = 0; i < 400; i++) {
      story.resolves().shows(MX1, IPV4, ProvenLevel.VERIFIED, false).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
  }

  @Test
  void sessionWithoutTlsRestartsTheCount() {
    DomainTimeline story =
        new DomainTimeline().days(6, ProvenLevel.VERIFIED).shows(MX1, ProvenLevel.CLEAR);
    story.days(6, ProvenLevel.VERIFIED);
    assertNull(story.row.level());
    assertEquals(TlsLevel.VERIFY, story.days(1, ProvenLevel.VERIFIED).row.level());
  }

  @Test
  void badCertificateRestartsTheVerifyCountOnly() {
    DomainTimeline story =
        new DomainTimeline().days(6, ProvenLevel.VERIFIED).shows(MX1, ProvenLevel.ENCRYPTED);
    story.days(1, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(TlsLevel.VERIFY, story.days(7, ProvenLevel.VERIFIED).row.level());
  }

  @Test
  void forgedMxAtPromotionIsNotLearned() {
    DomainTimeline story = new DomainTimeline().days(6, ProvenLevel.VERIFIED);
    for (int round = 0; round < 40; round++) {
      story.mx(EVIL).resolves().shows(EVIL, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
      assertNotEquals(TlsLevel.VERIFY, story.row.level());
      story.mx(MX1).resolves().shows(MX1, ProvenLevel.VERIFIED).later(Duration.ofHours(6));
    }
    story.days(8, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  // The level belongs to the domain.

  @Test
  void aNewHostInheritsTheLevel() {
    DomainTimeline story = encrypted().mx(EVIL).resolves();
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    story.shows(EVIL, ProvenLevel.CLEAR);
    assertTrue(story.has(LedgerChange.Fact.Violated.class));
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
  }

  @Test
  void aForgedMxWithAValidCertificateOfItsOwnIsNotAdmitted() {
    DomainTimeline story = verified().mx(EVIL).resolves();

    assertFalse(story.rules.filter(story.row).admits(EVIL));
    assertTrue(story.has(LedgerChange.Fact.Violated.class));
    story.retries(Duration.ofHours(44), ProvenLevel.VERIFIED);
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  @Test
  void aNewHostOfTheSameOrganisationIsNoChange() {
    Domain mx9 = Domain.of("mx9.eu.provider.example");
    DomainTimeline story = verified().mx(MX1, mx9).resolves();

    assertTrue(story.rules.filter(story.row).admits(mx9));
    assertNull(story.row.violation());
    story.shows(mx9, ProvenLevel.VERIFIED);
    assertTrue(story.row.known().contains(mx9));
  }

  @Test
  void domainsUnderOnePublicSuffixAreUnrelated() {
    DomainTimeline story =
        new DomainTimeline().mx(Domain.of("mx.a.co.uk")).days(8, ProvenLevel.VERIFIED);
    assertFalse(story.rules.filter(story.row).admits(Domain.of("mx.b.co.uk")));
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
  void allPathsBelowForTheHoldIsTheDomainsChange(ProvenLevel shown) {
    DomainTimeline story = encrypted();
    Instant began = story.now;
    story.retries(HOLD.minus(Duration.ofHours(8)), shown);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.UNDECIDED, story.classed());
    story.retries(Duration.ofHours(4), shown);
    assertNull(story.row.level());
    assertTrue(story.facts.contains(new LedgerChange.Fact.Accepted(TlsLevel.ENCRYPT, null, false)));
    assertFalse(story.now.isBefore(began.plus(HOLD)));
  }

  @Test
  void acceptanceIsDueWhenTheNextRoundBeginsAndNotOnlyWhenItHasFailed() {
    DomainTimeline story = encrypted().retries(HOLD.minus(Duration.ofHours(1)), ProvenLevel.CLEAR);
    story.resolves();
    assertNull(story.row.level());
  }

  @Test
  void aBadCertificateForTheWholeHoldEndsAtEncrypt() {
    DomainTimeline story = verified().retries(HOLD, ProvenLevel.ENCRYPTED);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(new MxFilter.Any(), story.rules.filter(story.row));
  }

  @Test
  void sampleAtTheLevelRestartsTheHold() {
    DomainTimeline story = encrypted().retries(HOLD.minus(Duration.ofHours(5)), ProvenLevel.CLEAR);
    story.shows(MX1, IPV6, ProvenLevel.ENCRYPTED, true);
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
    story.retries(HOLD.minus(Duration.ofHours(5)), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
  }

  @Test
  void onePathThatDiffersIsAttackLikeAndNeverAcceptsItself() {
    DomainTimeline story = encrypted();
    for (int round = 0; round < 200; round++) {
      story.resolves();
      story.shows(MX1, IPV4, ProvenLevel.CLEAR, true).shows(MX1, IPV6, ProvenLevel.ENCRYPTED, true);
      assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
      story.later(Duration.ofHours(4));
    }
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
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
    DomainTimeline story = encrypted();
    for (int i = 0; i < 100; i++) {
      story.resolves().shows(MX1, ProvenLevel.CLEAR).later(Duration.ofSeconds(30));
    }
    story.later(Duration.ofHours(20)).resolves().shows(MX1, ProvenLevel.CLEAR);
    story.later(Duration.ofHours(23)).resolves().shows(MX1, ProvenLevel.CLEAR);
    story.later(Duration.ofHours(5)).resolves().shows(MX1, ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
  }

  @Test
  void unobservedTimeDoesNotCountAsHold() {
    DomainTimeline story = encrypted().retries(Duration.ofDays(1), ProvenLevel.CLEAR);
    story.later(Duration.ofDays(20)).resolves().shows(MX1, ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.UNDECIDED, story.classed());
  }

  @Test
  void injectedPlaintextIsAlwaysAttackLike() {
    DomainTimeline story = encrypted().retries(HOLD.multipliedBy(2), ProvenLevel.INJECTED);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
  }

  @Test
  void aViolationEndsWhenEveryPathKeepsTheLevelAgain() {
    DomainTimeline story = encrypted().resolves().shows(MX1, ProvenLevel.CLEAR);
    assertNotNull(story.row.violation());
    story.shows(MX1, ProvenLevel.ENCRYPTED);
    assertNull(story.row.violation());
    assertTrue(story.has(LedgerChange.Fact.Recovered.class));
  }

  @Test
  void anOutageIsNoViolation() {
    DomainTimeline story = encrypted().retries(Duration.ofDays(10), ProvenLevel.SILENT);
    assertNull(story.row.violation());
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
  }

  @Test
  void nearUsOnlyAddsCaution() {
    DomainTimeline story = encrypted().resolves().shows(MX1, ProvenLevel.CLEAR);
    assertNotNull(story.row.violation());
    story.row = story.row.withViolation(story.row.violation().asNearUs());
    story.retries(HOLD.multipliedBy(3), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.NEAR_US, story.classed());
    assertNull(story.rules.activeViolation(story.row, story.moment()).orElseThrow().accepts());
  }

  // Changed MX sets.

  @Test
  void aProviderThatWasReplacedIsAcceptedAfterTheHoldAndKeepsTheLevel() {
    Domain fresh = Domain.of("mx.other-provider.example");
    DomainTimeline story = verified().mx(fresh).retries(HOLD, ProvenLevel.VERIFIED);
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(fresh));
    assertNull(story.row.violation());
  }

  @Test
  void aProviderWithoutCertificatesIsAcceptedAfterOneHoldAndNotAfterTwo() {
    DomainTimeline story = verified().mx(EVIL).retries(HOLD, ProvenLevel.CLEAR);
    assertNull(story.row.level());
  }

  @Test
  void attackOnOnePathDoesNotDecideForANewProvider() {
    Domain fresh = Domain.of("mx.other-provider.example");
    DomainTimeline story = verified().mx(fresh);
    Instant end = story.now.plus(HOLD);
    while (!story.now.isAfter(end)) {
      story.resolves().shows(fresh, IPV6, ProvenLevel.ENCRYPTED, true);
      story.shows(fresh, IPV4, ProvenLevel.VERIFIED, true).later(Duration.ofHours(4));
    }
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(fresh));
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
  }

  @Test
  void intermittentHostIsNotAccepted() {
    DomainTimeline story = verified();
    for (int round = 0; round < 100; round++) {
      story.mx(round % 5 == 0 ? new Domain[] {MX1} : new Domain[] {MX1, EVIL});
      story.resolves();
      story.mx.forEach(host -> story.shows(host, ProvenLevel.VERIFIED));
      story.later(Duration.ofHours(4));
    }
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  @Test
  void aPolicyThatRanOutLeavesVerifyWithItsPatterns() {
    DomainTimeline story = new DomainTimeline();
    MxPattern pattern = MxPattern.parse("*.provider.example").orElseThrow();
    story.row = story.rules.policyExpired(story.row, List.of(pattern), story.moment()).row();
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(MX1));
    assertFalse(story.rules.filter(story.row).admits(EVIL));

    story.mx(EVIL).retries(HOLD, ProvenLevel.VERIFIED);
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    assertFalse(story.rules.filter(story.row).admits(MX1), "known one by one from then on");
  }

  // The admin, decay, the clock.

  @Test
  void theAdminsWordAcceptsAtOnce() {
    DomainTimeline story = verified().mx(EVIL).resolves().shows(EVIL, ProvenLevel.VERIFIED);
    story.row = story.rules.acceptedByAdmin(story.row).orElseThrow().row();
    assertEquals(TlsLevel.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    assertTrue(story.rules.acceptedByAdmin(story.row).isEmpty(), "nothing is left to accept");
  }

  @Test
  void regressionAskNeedsTheAdmin() {
    LedgerSettings d = LedgerSettings.defaults();
    DomainTimeline story =
        new DomainTimeline(
            new LedgerSettings(
                d.sessions(),
                d.days(),
                d.perDay(),
                d.resolutions(),
                d.hostDays(),
                d.greetUnseen(),
                d.hold(),
                Regression.ASK,
                d.decay(),
                d.domains()));
    story.days(8, ProvenLevel.ENCRYPTED).retries(HOLD.multipliedBy(3), ProvenLevel.CLEAR);
    assertEquals(TlsLevel.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.THEIRS, story.classed());
    story.row = story.rules.acceptedByAdmin(story.row).orElseThrow().row();
    assertNull(story.row.level());
  }

  @Test
  void unseenLevelDecaysAfterHalfAYear() {
    DomainTimeline story = verified().later(Duration.ofDays(179)).resolves();
    assertEquals(TlsLevel.VERIFY, story.row.level());
    story.later(Duration.ofDays(2)).resolves();
    assertNull(story.row.level());
    assertTrue(story.has(LedgerChange.Fact.Decayed.class));
    assertTrue(story.rules.filter(story.row).admits(EVIL));
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
    DomainTimeline story = verified();
    for (int i = 0; i < 500; i++) {
      story.mx(Domain.of("h" + i + ".provider.example")).resolves();
      story.mx.forEach(host -> story.shows(host, ProvenLevel.VERIFIED));
      story.later(Duration.ofMinutes(1));
    }
    assertTrue(story.row.hosts().size() <= DomainRecord.MAX_HOSTS);
    assertTrue(story.row.known().size() <= DomainRecord.MAX_KNOWN);
    assertEquals(DOMAIN, story.row.domain());
  }
}
