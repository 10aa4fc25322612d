package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.ledger.Path.Family.IPV4;
import static org.sealwax.router.ledger.Path.Family.IPV6;
import static org.sealwax.router.ledger.Story.DOMAIN;
import static org.sealwax.router.ledger.Story.EVIL;
import static org.sealwax.router.ledger.Story.MX1;
import static org.sealwax.router.ledger.Story.MX2;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.router.ledger.LedgerSettings.Regression;

/** What the ledger promises about levels, by the section of docs/policy.md that says so. */
final class RulesTest {
  private static final Duration HOLD = LedgerSettings.DEFAULT_HOLD;

  private static Story verified() {
    return new Story().days(8, Shown.VERIFIED);
  }

  private static Story encrypted() {
    return new Story().days(8, Shown.ENCRYPTED);
  }

  // Promotion.

  @Test
  void aLevelNeedsSessionsDaysAndResolutions() {
    assertNull(new Story().days(6, Shown.VERIFIED).row.level());
    assertEquals(Level.VERIFY, new Story().days(7, Shown.VERIFIED).row.level());
    assertEquals(Level.ENCRYPT, new Story().days(7, Shown.ENCRYPTED).row.level());
    assertNull(new Story().days(30, Shown.CLEAR).row.level());

    Story oneSession = new Story();
    for (int day = 0; day < 19; day++) {
      oneSession.resolves().shows(MX1, Shown.VERIFIED).later(Duration.ofDays(1));
    }
    assertNull(oneSession.row.level());
    oneSession.resolves().shows(MX1, Shown.VERIFIED);
    assertEquals(Level.VERIFY, oneSession.row.level());
  }

  @Test
  void manySessionsOfOneDayCountAsFour() {
    Story burst = new Story();
    for (int i = 0; i < 1_000; i++) {
      burst.resolves().shows(MX1, Shown.VERIFIED).later(Duration.ofSeconds(60));
    }
    assertNull(burst.row.level());
    assertEquals(4, burst.row.verify().sessions());
  }

  @Test
  void oneResolutionThatWasUsedForAMonthIsNotEnough() {
    Story story = new Story().resolves();
    for (int i = 0; i < 120; i++) {
      story.shows(MX1, Shown.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
    story.resolves().shows(MX1, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
  }

  @Test
  void everyHostOfTheSetMustHaveShownIt() {
    Story story = new Story().mx(MX1, MX2);
    for (int i = 0; i < 60; i++) {
      story.resolves().shows(MX1, Shown.VERIFIED).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
    story.shows(MX2, Shown.ENCRYPTED);
    assertNull(story.row.level(), "one day");
    story.later(Duration.ofDays(1)).resolves().shows(MX2, Shown.ENCRYPTED);
    assertEquals(Level.ENCRYPT, story.row.level());
    story.days(8, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
  }

  @Test
  void aHostThatNoDeliveryNeedsIsGreetedOnTwoDays() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 7, Shown.VERIFIED);
    assertNull(story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
    int sessions = story.row.verify().sessions();
    story.greets(MX2, Shown.VERIFIED);
    assertEquals(Set.of(), story.unseen(), "not twice a day");
    story.later(Duration.ofHours(1)).greets(MX2, Shown.VERIFIED);
    assertNull(story.row.level(), "twice on one day");
    story.later(Duration.ofHours(23)).resolves().shows(MX1, IPV4, Shown.VERIFIED, true);
    assertEquals(Set.of(MX2), story.unseen());
    story.greets(MX2, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
    assertEquals(Set.of(), story.unseen());
    assertEquals(sessions + 1, story.row.verify().sessions(), "a greeting is no session");
  }

  @Test
  void aHostIsGreetedAgainWhenTheCountForVerifyHasBegunAnew() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 3, Shown.VERIFIED);
    story.greets(MX2, Shown.VERIFIED).daysAt(MX1, 1, Shown.VERIFIED).greets(MX2, Shown.VERIFIED);
    story.resolves().shows(MX1, Shown.ENCRYPTED);
    story.daysAt(MX1, 2, Shown.VERIFIED);
    assertEquals(Set.of(), story.unseen(), "not yet worth it");
    story.daysAt(MX1, 6, Shown.VERIFIED);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
    story.greets(MX2, Shown.VERIFIED).daysAt(MX1, 1, Shown.VERIFIED).greets(MX2, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
  }

  @Test
  void whatAHostShowedLongAgoIsNoEvidence() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 4, Shown.VERIFIED);
    story.greets(MX2, Shown.VERIFIED).later(Duration.ofDays(1)).resolves();
    story.greets(MX2, Shown.VERIFIED).later(Duration.ofDays(181));
    story.daysAt(MX1, 8, Shown.VERIFIED);
    assertNull(story.row.level());
    assertEquals(Set.of(MX2), story.unseen());
  }

  @Test
  void aGreetingWithoutTlsBeginsTheCountAnewAndTheHostIsLeftAlone() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 7, Shown.ENCRYPTED);
    story.greets(MX2, Shown.CLEAR);
    assertEquals(0, story.row.encrypt().sessions());
    story.daysAt(MX1, 8, Shown.ENCRYPTED);
    assertNull(story.row.level());
    for (Shown refusal : List.of(Shown.SILENT, Shown.REFUSED, Shown.BROKEN)) {
      Story refused = new Story().mx(MX1, MX2).daysAt(MX1, 7, Shown.ENCRYPTED);
      refused.greets(MX2, refusal).daysAt(MX1, 25, Shown.ENCRYPTED);
      assertEquals(Set.of(), refused.unseen(), refusal.word());
      refused.daysAt(MX1, 10, Shown.ENCRYPTED);
      assertEquals(Set.of(MX2), refused.unseen(), "once a month a silent host is tried again");
    }
  }

  @Test
  void onlyDomainsWithMailOfTheLastDayAndTenSessionsAreWorthAGreeting() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 2, Shown.ENCRYPTED);
    assertEquals(8, story.row.encrypt().sessions());
    assertEquals(Set.of(), story.unseen());
    story.daysAt(MX1, 1, Shown.ENCRYPTED);
    assertEquals(Set.of(MX2), story.unseen());
    story.later(Duration.ofHours(18));
    assertEquals(Set.of(), story.unseen(), "nothing was sent for a day");
    story.resolves().shows(MX1, IPV4, Shown.ENCRYPTED, false);
    assertEquals(Set.of(), story.unseen(), "a stranger's bounce is no mail of ours");
    story.resolves().shows(MX1, Shown.ENCRYPTED);
    assertEquals(Set.of(MX2), story.unseen());
    story.trusted = false;
    assertEquals(Set.of(), story.unseen(), "in a time that may be wrong");
    LedgerSettings d = LedgerSettings.defaults();
    Story off =
        new Story(
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
    assertEquals(Set.of(), off.mx(MX1, MX2).daysAt(MX1, 7, Shown.ENCRYPTED).unseen());
  }

  @Test
  void aHostWithoutAnAddressIsSilentAndKeepsNoDomainFromItsLevel() {
    Story story = new Story().mx(MX1, MX2).daysAt(MX1, 7, Shown.VERIFIED);
    assertNull(story.row.level());
    story.addresses(MX2, false, false).resolves().shows(MX1, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());

    Story back = new Story().mx(MX1, MX2).daysAt(MX1, 6, Shown.VERIFIED);
    back.addresses(MX2, false, false).addresses(MX2, true, false);
    assertNull(back.daysAt(MX1, 3, Shown.VERIFIED).row.level(), "it has one again");
  }

  @Test
  void aHostWithoutAnAddressIsSilentForAcceptanceToo() {
    Story story = new Story().mx(MX1, MX2).days(8, Shown.ENCRYPTED);
    story.addresses(MX2, false, false);
    for (int i = 0; i < 13; i++) {
      story.resolves().addresses(MX2, false, false).shows(MX1, Shown.CLEAR);
      story.later(Duration.ofHours(4));
    }
    assertTrue(story.has(Change.Fact.Accepted.class));
    Story unknown = new Story().mx(MX1, MX2).days(8, Shown.ENCRYPTED);
    for (int i = 0; i < 13; i++) {
      unknown.resolves().shows(MX1, Shown.CLEAR).later(Duration.ofHours(4));
    }
    assertFalse(unknown.has(Change.Fact.Accepted.class), "the other one was not asked");
  }

  @Test
  void whatDaneProvesIsNoViolationAndNoProofForVerifyEither() {
    Story story = verified();
    Instant met = java.util.Objects.requireNonNull(story.row.standing()).met();
    story.later(Duration.ofHours(1)).resolves().proves(MX1, Shown.ENCRYPTED);
    assertNull(story.row.violation());
    assertFalse(story.has(Change.Fact.Violated.class));
    assertEquals(met, java.util.Objects.requireNonNull(story.row.standing()).met());
    assertEquals(0, story.row.verify().sessions());

    Story running = verified().retries(Duration.ofHours(40), Shown.ENCRYPTED);
    running.resolves().proves(MX1, Shown.ENCRYPTED);
    assertNull(running.row.violation(), "mail passes on the only path");
    assertEquals(Level.VERIFY, running.row.level());
    assertTrue(
        verified().resolves().proves(MX1, Shown.CLEAR).has(Change.Fact.Violated.class),
        "without TLS nothing is proven");
  }

  @Test
  void mailWithNullSenderPromotesNothing() {
    Story story = new Story();
    for (int i = 0; i < 400; i++) {
      story.resolves().shows(MX1, IPV4, Shown.VERIFIED, false).later(Duration.ofHours(6));
    }
    assertNull(story.row.level());
  }

  @Test
  void oneSessionWithoutTlsBeginsTheCountAnew() {
    Story story = new Story().days(6, Shown.VERIFIED).shows(MX1, Shown.CLEAR);
    story.days(6, Shown.VERIFIED);
    assertNull(story.row.level());
    assertEquals(Level.VERIFY, story.days(1, Shown.VERIFIED).row.level());
  }

  @Test
  void oneBadCertificateBeginsTheCountForVerifyAnewAndNotThatForEncrypt() {
    Story story = new Story().days(6, Shown.VERIFIED).shows(MX1, Shown.ENCRYPTED);
    story.days(1, Shown.VERIFIED);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(Level.VERIFY, story.days(7, Shown.VERIFIED).row.level());
  }

  @Test
  void aForgedAnswerAtTheMomentOfPromotionTeachesNothing() {
    Story story = new Story().days(6, Shown.VERIFIED);
    for (int round = 0; round < 40; round++) {
      story.mx(EVIL).resolves().shows(EVIL, Shown.VERIFIED).later(Duration.ofHours(6));
      assertNotEquals(Level.VERIFY, story.row.level());
      story.mx(MX1).resolves().shows(MX1, Shown.VERIFIED).later(Duration.ofHours(6));
    }
    story.days(8, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  // The level belongs to the domain.

  @Test
  void aNewHostInheritsTheLevel() {
    Story story = encrypted().mx(EVIL).resolves();
    assertEquals(Level.ENCRYPT, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    story.shows(EVIL, Shown.CLEAR);
    assertTrue(story.has(Change.Fact.Violated.class));
    assertEquals(Level.ENCRYPT, story.row.level());
  }

  @Test
  void aForgedMxWithAValidCertificateOfItsOwnIsNotAdmitted() {
    Story story = verified().mx(EVIL).resolves();

    assertFalse(story.rules.filter(story.row).admits(EVIL));
    assertTrue(story.has(Change.Fact.Violated.class));
    story.retries(Duration.ofHours(44), Shown.VERIFIED);
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  @Test
  void aNewHostOfTheSameOrganisationIsNoChange() {
    Domain mx9 = Domain.of("mx9.eu.provider.example");
    Story story = verified().mx(MX1, mx9).resolves();

    assertTrue(story.rules.filter(story.row).admits(mx9));
    assertNull(story.row.violation());
    story.shows(mx9, Shown.VERIFIED);
    assertTrue(story.row.known().contains(mx9));
  }

  @Test
  void neighboursUnderAPublicSuffixAreStrangers() {
    Story story = new Story().mx(Domain.of("mx.a.co.uk")).days(8, Shown.VERIFIED);
    assertFalse(story.rules.filter(story.row).admits(Domain.of("mx.b.co.uk")));
  }

  @Test
  void dnssecOrMtaStsVouchesForANewMxSetAtOnce() {
    Story bySecureDns = verified().mx(EVIL);
    bySecureDns.secure = true;
    bySecureDns.resolves();
    assertTrue(bySecureDns.rules.filter(bySecureDns.row).admits(EVIL));
    assertNull(bySecureDns.row.violation());
    assertEquals(Level.VERIFY, bySecureDns.row.level());

    Story bySts = verified().mx(EVIL, MX2);
    bySts.vouched = Set.of(EVIL);
    bySts.resolves();
    assertTrue(bySts.rules.filter(bySts.row).admits(EVIL));
  }

  // Violations and their classes.

  @ParameterizedTest
  @EnumSource(
      value = Shown.class,
      names = {"CLEAR", "REFUSED", "BROKEN"})
  void whatEveryPathShowsOverTheWholeHoldIsTheirs(Shown shown) {
    Story story = encrypted();
    Instant began = story.now;
    story.retries(HOLD.minus(Duration.ofHours(8)), shown);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.UNDECIDED, story.classed());
    story.retries(Duration.ofHours(4), shown);
    assertNull(story.row.level());
    assertTrue(story.facts.contains(new Change.Fact.Accepted(Level.ENCRYPT, null, false)));
    assertFalse(story.now.isBefore(began.plus(HOLD)));
  }

  @Test
  void acceptanceIsDueWhenTheNextRoundBeginsAndNotOnlyWhenItHasFailed() {
    Story story = encrypted().retries(HOLD.minus(Duration.ofHours(1)), Shown.CLEAR);
    story.resolves();
    assertNull(story.row.level());
  }

  @Test
  void aBadCertificateForTheWholeHoldEndsAtEncrypt() {
    Story story = verified().retries(HOLD, Shown.ENCRYPTED);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(new MxFilter.Any(), story.rules.filter(story.row));
  }

  @Test
  void oneObservationThatKeepsTheLevelBeginsTheHoldAnew() {
    Story story = encrypted().retries(HOLD.minus(Duration.ofHours(5)), Shown.CLEAR);
    story.shows(MX1, IPV6, Shown.ENCRYPTED, true);
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
    story.retries(HOLD.minus(Duration.ofHours(5)), Shown.CLEAR);
    assertEquals(Level.ENCRYPT, story.row.level());
  }

  @Test
  void onePathThatDiffersIsAttackLikeAndNeverAcceptsItself() {
    Story story = encrypted();
    for (int round = 0; round < 200; round++) {
      story.resolves();
      story.shows(MX1, IPV4, Shown.CLEAR, true).shows(MX1, IPV6, Shown.ENCRYPTED, true);
      assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
      story.later(Duration.ofHours(4));
    }
    assertEquals(Level.ENCRYPT, story.row.level());
  }

  @Test
  void aPathThatWasNotTriedKeepsTheHoldOpen() {
    Story twoHosts = new Story().mx(MX1, MX2).days(8, Shown.ENCRYPTED);
    for (int round = 0; round < 30; round++) {
      twoHosts.resolves().shows(MX1, Shown.CLEAR).later(Duration.ofHours(4));
    }
    assertEquals(Level.ENCRYPT, twoHosts.row.level());
    twoHosts.shows(MX2, Shown.SILENT).resolves();
    assertNull(twoHosts.row.level(), "a host that is down cannot be asked");

    Story twoFamilies = encrypted().shows(MX1, IPV6, Shown.ENCRYPTED, true);
    twoFamilies.retries(HOLD.multipliedBy(2), Shown.CLEAR, IPV4);
    assertEquals(Level.ENCRYPT, twoFamilies.row.level());
    twoFamilies.shows(MX1, IPV6, Shown.CLEAR, true).resolves();
    assertNull(twoFamilies.row.level());
  }

  @Test
  void aBurstIsOneObservation() {
    Story story = encrypted();
    for (int i = 0; i < 100; i++) {
      story.resolves().shows(MX1, Shown.CLEAR).later(Duration.ofSeconds(30));
    }
    story.later(Duration.ofHours(20)).resolves().shows(MX1, Shown.CLEAR);
    story.later(Duration.ofHours(23)).resolves().shows(MX1, Shown.CLEAR);
    story.later(Duration.ofHours(5)).resolves().shows(MX1, Shown.CLEAR);
    assertEquals(Level.ENCRYPT, story.row.level());
  }

  @Test
  void whatNobodyWatchedIsNoHold() {
    Story story = encrypted().retries(Duration.ofDays(1), Shown.CLEAR);
    story.later(Duration.ofDays(20)).resolves().shows(MX1, Shown.CLEAR);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.UNDECIDED, story.classed());
  }

  @Test
  void injectedClearTextIsAlwaysAttackLike() {
    Story story = encrypted().retries(HOLD.multipliedBy(2), Shown.INJECTED);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
  }

  @Test
  void aViolationEndsWhenEveryPathKeepsTheLevelAgain() {
    Story story = encrypted().resolves().shows(MX1, Shown.CLEAR);
    assertNotNull(story.row.violation());
    story.shows(MX1, Shown.ENCRYPTED);
    assertNull(story.row.violation());
    assertTrue(story.has(Change.Fact.Healed.class));
  }

  @Test
  void anOutageIsNoViolation() {
    Story story = encrypted().retries(Duration.ofDays(10), Shown.SILENT);
    assertNull(story.row.violation());
    assertEquals(Level.ENCRYPT, story.row.level());
  }

  @Test
  void nearUsOnlyAddsCaution() {
    Story story = encrypted().resolves().shows(MX1, Shown.CLEAR);
    assertNotNull(story.row.violation());
    story.row = story.row.withViolation(story.row.violation().asNearUs());
    story.retries(HOLD.multipliedBy(3), Shown.CLEAR);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.NEAR_US, story.classed());
    assertNull(story.rules.alarm(story.row, story.moment()).orElseThrow().accepts());
  }

  // Changed MX sets.

  @Test
  void aProviderThatWasReplacedIsAcceptedAfterTheHoldAndKeepsTheLevel() {
    Domain fresh = Domain.of("mx.other-provider.example");
    Story story = verified().mx(fresh).retries(HOLD, Shown.VERIFIED);
    assertEquals(Level.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(fresh));
    assertNull(story.row.violation());
  }

  @Test
  void aProviderWithoutCertificatesIsAcceptedAfterOneHoldAndNotAfterTwo() {
    Story story = verified().mx(EVIL).retries(HOLD, Shown.CLEAR);
    assertNull(story.row.level());
  }

  @Test
  void anAttackerOnOnePathToANewProviderDoesNotSpeakForIt() {
    Domain fresh = Domain.of("mx.other-provider.example");
    Story story = verified().mx(fresh);
    Instant end = story.now.plus(HOLD);
    while (!story.now.isAfter(end)) {
      story.resolves().shows(fresh, IPV6, Shown.ENCRYPTED, true);
      story.shows(fresh, IPV4, Shown.VERIFIED, true).later(Duration.ofHours(4));
    }
    assertEquals(Level.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(fresh));
    assertEquals(ViolationClass.ATTACK_LIKE, story.classed());
  }

  @Test
  void aHostThatComesAndGoesIsNotAccepted() {
    Story story = verified();
    for (int round = 0; round < 100; round++) {
      story.mx(round % 5 == 0 ? new Domain[] {MX1} : new Domain[] {MX1, EVIL});
      story.resolves();
      story.mx.forEach(host -> story.shows(host, Shown.VERIFIED));
      story.later(Duration.ofHours(4));
    }
    assertFalse(story.rules.filter(story.row).admits(EVIL));
  }

  @Test
  void aPolicyThatRanOutLeavesVerifyWithItsPatterns() {
    Story story = new Story();
    MxPattern pattern = MxPattern.parse("*.provider.example").orElseThrow();
    story.row = story.rules.keeps(story.row, List.of(pattern), story.moment()).row();
    assertEquals(Level.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(MX1));
    assertFalse(story.rules.filter(story.row).admits(EVIL));

    story.mx(EVIL).retries(HOLD, Shown.VERIFIED);
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    assertFalse(story.rules.filter(story.row).admits(MX1), "known one by one from then on");
  }

  // The admin, decay, the clock.

  @Test
  void theAdminsWordAcceptsAtOnce() {
    Story story = verified().mx(EVIL).resolves().shows(EVIL, Shown.VERIFIED);
    story.row = story.rules.accepts(story.row).orElseThrow().row();
    assertEquals(Level.VERIFY, story.row.level());
    assertTrue(story.rules.filter(story.row).admits(EVIL));
    assertTrue(story.rules.accepts(story.row).isEmpty(), "nothing is left to accept");
  }

  @Test
  void withAskNothingIsAcceptedWithoutTheAdmin() {
    LedgerSettings d = LedgerSettings.defaults();
    Story story =
        new Story(
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
    story.days(8, Shown.ENCRYPTED).retries(HOLD.multipliedBy(3), Shown.CLEAR);
    assertEquals(Level.ENCRYPT, story.row.level());
    assertEquals(ViolationClass.THEIRS, story.classed());
    story.row = story.rules.accepts(story.row).orElseThrow().row();
    assertNull(story.row.level());
  }

  @Test
  void aLevelNotSeenForHalfAYearFallsAway() {
    Story story = verified().later(Duration.ofDays(179)).resolves();
    assertEquals(Level.VERIFY, story.row.level());
    story.later(Duration.ofDays(2)).resolves();
    assertNull(story.row.level());
    assertTrue(story.has(Change.Fact.Decayed.class));
    assertTrue(story.rules.filter(story.row).admits(EVIL));
  }

  @Test
  void aClockInDoubtSuspendsDecayAcceptanceAndPromotion() {
    Story decay = verified();
    decay.trusted = false;
    decay.later(Duration.ofDays(400)).resolves();
    assertEquals(Level.VERIFY, decay.row.level());

    Story acceptance = encrypted();
    acceptance.trusted = false;
    acceptance.retries(HOLD.multipliedBy(2), Shown.CLEAR);
    assertEquals(Level.ENCRYPT, acceptance.row.level());
    acceptance.trusted = true;
    acceptance.steadySince = acceptance.now;
    acceptance.retries(HOLD.minus(Duration.ofHours(4)), Shown.CLEAR);
    assertEquals(Level.ENCRYPT, acceptance.row.level(), "the hold counts from the confirmation");
    acceptance.retries(Duration.ofHours(8), Shown.CLEAR);
    assertNull(acceptance.row.level());

    Story promotion = new Story();
    promotion.trusted = false;
    assertNull(promotion.days(30, Shown.VERIFIED).row.level());
  }

  @Test
  void theRowStaysWithinItsBounds() {
    Story story = verified();
    for (int i = 0; i < 500; i++) {
      story.mx(Domain.of("h" + i + ".provider.example")).resolves();
      story.mx.forEach(host -> story.shows(host, Shown.VERIFIED));
      story.later(Duration.ofMinutes(1));
    }
    assertTrue(story.row.hosts().size() <= DomainRow.MAX_HOSTS);
    assertTrue(story.row.known().size() <= DomainRow.MAX_KNOWN);
    assertEquals(DOMAIN, story.row.domain());
  }
}
