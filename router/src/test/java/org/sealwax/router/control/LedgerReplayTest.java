package org.sealwax.router.control;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.TlsFloors;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.router.control.LedgerReplay.Kind;
import org.sealwax.router.ledger.ClockReading;
import org.sealwax.router.ledger.DomainRecord;
import org.sealwax.router.ledger.DomainTimeline;
import org.sealwax.router.ledger.HostPath;
import org.sealwax.router.ledger.LedgerRules;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.ProvenLevel;
import org.sealwax.router.ledger.RememberedSample;
import org.sealwax.router.ledger.RoundMx;

/** Remembered connections under another configuration. */
final class LedgerReplayTest {
  private static final Pin KEY = new Pin("ab".repeat(32));
  private static final Pin OTHER = new Pin("cd".repeat(32));

  private static boolean isTls(ProvenLevel proven) {
    return proven == ProvenLevel.ENCRYPTED || proven == ProvenLevel.VERIFIED;
  }

  private static DomainRecord row(ProvenLevel proven, TlsVersion version) {
    LedgerRules rules = new LedgerRules(LedgerSettings.defaults(), PublicSuffixList.bundled());
    ClockReading at = ClockReading.of(DomainTimeline.BEGIN);
    RoundMx answer =
        new RoundMx(Set.of(DomainTimeline.MX1), false, DomainTimeline.BEGIN.plusSeconds(300));
    DomainRecord fresh = DomainRecord.fresh(DomainTimeline.DOMAIN, at.now());
    RememberedSample sample =
        new RememberedSample(
            at.now(),
            HostPath.PathFamily.IPV4,
            proven,
            FallbackStep.FULL,
            RememberedSample.SampleOrigin.MAIL,
            false,
            isTls(proven) ? version : null,
            isTls(proven) ? KEY : null);
    DomainRecord begun = rules.step(fresh, at).roundBegins(answer, host -> false).row();
    return rules.step(begun, at).observed(DomainTimeline.MX1, sample).row();
  }

  private static Kind would(DomainRecord row, TlsFloors minimums, Evidence... evidence) {
    Policy policy = new Policy(FallbackLadder.of(true, true, Duration.ofMinutes(30)), minimums);
    List<LedgerReplay.ReplayedConnection> connections =
        new LedgerReplay(
                policy, subject -> List.of(evidence), of -> List.of(), domain -> Optional.empty())
            .connections(row);
    assertEquals(1, connections.size());
    return connections.getFirst().outcome().kind();
  }

  private static Kind would(ProvenLevel proven, Evidence... evidence) {
    return would(row(proven, TlsVersion.TLS_1_3), TlsFloors.DEFAULT, evidence);
  }

  private static Evidence level(TlsLevel level) {
    return new Evidence.NextHopRow(PolicyRow.of(new DomainPattern.Any(), level));
  }

  private static Evidence tlsa(TlsaAssociation... records) {
    TlsaAssociations all = new TlsaAssociations(Set.of(records), List.of(DomainTimeline.MX1));
    return new Evidence.Dane(
        DomainTimeline.MX1,
        new Evidence.DaneState.Usable(all),
        true,
        DomainTimeline.BEGIN.plusSeconds(60));
  }

  @Test
  void everyObservationUnderEveryLevel() {
    List<String> table = new ArrayList<>();
    for (TlsLevel level : List.of(TlsLevel.NONE, TlsLevel.MAY, TlsLevel.ENCRYPT, TlsLevel.VERIFY)) {
      for (ProvenLevel proven : ProvenLevel.values()) {
        if (proven != ProvenLevel.SILENT) {
          String would = would(proven, level(level)).toString();
          table.add(level.word() + " " + proven.word() + " " + would);
        }
      }
    }
    assertEquals(
        List.of(
            "none injected PLAINTEXT_AT_ONCE",
            "none clear PLAINTEXT_AT_ONCE",
            "none refused PLAINTEXT_AT_ONCE",
            "none broken PLAINTEXT_AT_ONCE",
            "none encrypted PLAINTEXT_AT_ONCE",
            "none verified PLAINTEXT_AT_ONCE",
            "may injected WAIT",
            "may clear PLAINTEXT_AT_ONCE",
            "may refused PLAINTEXT_AFTER_HOLD",
            "may broken PLAINTEXT_AFTER_HOLD",
            "may encrypted PASS",
            "may verified PASS",
            "encrypt injected WAIT",
            "encrypt clear WAIT",
            "encrypt refused WAIT",
            "encrypt broken WAIT",
            "encrypt encrypted PASS",
            "encrypt verified PASS",
            "verify injected WAIT",
            "verify clear WAIT",
            "verify refused WAIT",
            "verify broken WAIT",
            "verify encrypted WAIT",
            "verify verified PASS"),
        table);
    assertEquals(Kind.PLAINTEXT_AT_ONCE, would(ProvenLevel.CLEAR, level(TlsLevel.MAY)));
    assertEquals(Kind.PLAINTEXT_AFTER_HOLD, would(ProvenLevel.BROKEN, level(TlsLevel.MAY)));
  }

  @Test
  void higherMinimumVersionDelays() {
    TlsFloors high =
        new TlsFloors(new TlsFloor(TlsVersion.TLS_1_3), new TlsFloor(TlsVersion.TLS_1_3));
    DomainRecord old = row(ProvenLevel.ENCRYPTED, TlsVersion.TLS_1_2);
    assertEquals(Kind.WAIT, would(old, high, new Evidence.Default(TlsLevel.MAY)));
    assertEquals(Kind.PASS, would(old, TlsFloors.DEFAULT, new Evidence.Default(TlsLevel.MAY)));
  }

  @Test
  void keysAreHeldAgainstPinsAndTlsaRecords() {
    Evidence right =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(KEY)));
    Evidence wrong =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(OTHER)));
    assertEquals(Kind.PASS, would(ProvenLevel.ENCRYPTED, right));
    assertEquals(Kind.WAIT, would(ProvenLevel.ENCRYPTED, wrong));
    TlsaAssociation match = new TlsaAssociation(3, 1, 1, KEY.hex());
    TlsaAssociation other = new TlsaAssociation(3, 1, 1, OTHER.hex());
    TlsaAssociation certificate = new TlsaAssociation(3, 0, 1, OTHER.hex());
    assertEquals(Kind.PASS, would(ProvenLevel.ENCRYPTED, tlsa(match, certificate)));
    assertEquals(Kind.WAIT, would(ProvenLevel.ENCRYPTED, tlsa(other)));
    assertEquals(Kind.UNKNOWN, would(ProvenLevel.ENCRYPTED, tlsa(other, certificate)));
  }

  @Test
  void missingSamplesAreNotGuessed() {
    assertEquals(Kind.UNKNOWN, would(ProvenLevel.VERIFIED, level(TlsLevel.SECURE)));
  }

  @Test
  void recordsThatWereNotLookedUpAreNotMissing() {
    assertEquals(Kind.UNKNOWN, would(ProvenLevel.VERIFIED, level(TlsLevel.DANE_ONLY)));
    Evidence none =
        new Evidence.Dane(
            DomainTimeline.MX1,
            new Evidence.DaneState.Absent("denied"),
            true,
            DomainTimeline.BEGIN.plusSeconds(60));
    assertEquals(Kind.WAIT, would(ProvenLevel.VERIFIED, level(TlsLevel.DANE_ONLY), none));
  }
}
