package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.DomainPattern;
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
import org.sealwax.router.ledger.LedgerReplay.ReplayResult;

/** Remembered connections under another configuration. */
final class LedgerReplayTest {
  private static final Pin KEY = new Pin("ab".repeat(32));
  private static final Pin OTHER = new Pin("cd".repeat(32));

  private static DomainRecord row(ProvenLevel proven, TlsVersion version) {
    DomainTimeline timeline = new DomainTimeline().resolves();
    RememberedSample sample =
        new RememberedSample(
            timeline.now,
            HostPath.PathFamily.IPV4,
            proven,
            FallbackStep.FULL,
            true,
            proven.isTls() ? version : null,
            proven.isTls() ? KEY : null);
    return timeline
        .rules
        .observed(timeline.row, DomainTimeline.MX1, sample, timeline.moment())
        .row();
  }

  private static ReplayResult would(DomainRecord row, TlsFloors minimums, Evidence... evidence) {
    Policy policy = new Policy(FallbackLadder.of(true, true, Duration.ofMinutes(30)), minimums);
    List<LedgerReplay.ReplayedConnection> connections =
        new LedgerReplay(policy, subject -> List.of(evidence)).lines(row);
    assertEquals(1, connections.size());
    return connections.getFirst().result();
  }

  private static ReplayResult would(ProvenLevel proven, Evidence... evidence) {
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
          String would = would(proven, level(level)).getClass().getSimpleName();
          table.add(level.word() + " " + proven.word() + " " + would);
        }
      }
    }
    assertEquals(
        List.of(
            "none injected GoClear",
            "none clear GoClear",
            "none refused GoClear",
            "none broken GoClear",
            "none encrypted GoClear",
            "none verified GoClear",
            "may injected Wait",
            "may clear GoClear",
            "may refused GoClear",
            "may broken GoClear",
            "may encrypted Pass",
            "may verified Pass",
            "encrypt injected Wait",
            "encrypt clear Wait",
            "encrypt refused Wait",
            "encrypt broken Wait",
            "encrypt encrypted Pass",
            "encrypt verified Pass",
            "verify injected Wait",
            "verify clear Wait",
            "verify refused Wait",
            "verify broken Wait",
            "verify encrypted Wait",
            "verify verified Pass"),
        table);
    assertEquals(new ReplayResult.GoClear(false), would(ProvenLevel.CLEAR, level(TlsLevel.MAY)));
    assertEquals(new ReplayResult.GoClear(true), would(ProvenLevel.BROKEN, level(TlsLevel.MAY)));
  }

  @Test
  void higherMinimumVersionDelays() {
    TlsFloors high =
        new TlsFloors(new TlsFloor(TlsVersion.TLS_1_3), new TlsFloor(TlsVersion.TLS_1_3));
    DomainRecord old = row(ProvenLevel.ENCRYPTED, TlsVersion.TLS_1_2);
    assertInstanceOf(ReplayResult.Wait.class, would(old, high, new Evidence.Default(TlsLevel.MAY)));
    assertInstanceOf(
        ReplayResult.Pass.class, would(old, TlsFloors.DEFAULT, new Evidence.Default(TlsLevel.MAY)));
  }

  @Test
  void keysAreHeldAgainstPinsAndTlsaRecords() {
    Evidence right =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(KEY)));
    Evidence wrong =
        new Evidence.NextHopRow(PolicyRow.pinned(new DomainPattern.Any(), Set.of(OTHER)));
    assertInstanceOf(ReplayResult.Pass.class, would(ProvenLevel.ENCRYPTED, right));
    assertInstanceOf(ReplayResult.Wait.class, would(ProvenLevel.ENCRYPTED, wrong));
    TlsaAssociation match = new TlsaAssociation(3, 1, 1, KEY.hex());
    TlsaAssociation other = new TlsaAssociation(3, 1, 1, OTHER.hex());
    TlsaAssociation certificate = new TlsaAssociation(3, 0, 1, OTHER.hex());
    assertInstanceOf(
        ReplayResult.Pass.class, would(ProvenLevel.ENCRYPTED, tlsa(match, certificate)));
    assertInstanceOf(ReplayResult.Wait.class, would(ProvenLevel.ENCRYPTED, tlsa(other)));
    assertInstanceOf(
        ReplayResult.Unknown.class, would(ProvenLevel.ENCRYPTED, tlsa(other, certificate)));
  }

  @Test
  void missingSamplesAreNotGuessed() {
    assertInstanceOf(
        ReplayResult.Unknown.class, would(ProvenLevel.VERIFIED, level(TlsLevel.SECURE)));
  }

  @Test
  void recordsThatWereNotLookedUpAreNotMissing() {
    assertInstanceOf(
        ReplayResult.Unknown.class, would(ProvenLevel.VERIFIED, level(TlsLevel.DANE_ONLY)));
    Evidence none =
        new Evidence.Dane(
            DomainTimeline.MX1,
            new Evidence.DaneState.Absent("denied"),
            true,
            DomainTimeline.BEGIN.plusSeconds(60));
    assertInstanceOf(
        ReplayResult.Wait.class, would(ProvenLevel.VERIFIED, level(TlsLevel.DANE_ONLY), none));
  }
}
