package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** Which keys a domain's own hosts are known by: only those of sessions that verified them. */
final class ProvenHostTest {
  private static final Pin KEY = new Pin("ab".repeat(32));
  private static final Pin OTHER = new Pin("cd".repeat(32));

  private static DomainRecord shows(
      DomainTimeline timeline, Domain host, ProvenLevel proven, boolean counts, Pin key) {
    timeline.resolves();
    RememberedSample sample =
        new RememberedSample(
            timeline.now,
            HostPath.PathFamily.IPV4,
            proven,
            FallbackStep.FULL,
            counts ? RememberedSample.SampleOrigin.MAIL : RememberedSample.SampleOrigin.OTHER,
            false,
            TlsVersion.TLS_1_3,
            key);
    return timeline.rules.step(timeline.row, timeline.moment()).observed(host, sample).row();
  }

  private static List<ProvenHost> proven(DomainRecord row, Set<Domain> vouched, Instant since) {
    return ProvenHost.of(row, vouched::contains, since);
  }

  private static DomainTimeline verified() {
    return new DomainTimeline().days(9, ProvenLevel.VERIFIED);
  }

  @Test
  void aHostThatCarriesTheLevelVerifyIsKnownByTheKeysItShowed() {
    DomainTimeline timeline = verified();
    DomainRecord row = shows(timeline, DomainTimeline.MX1, ProvenLevel.VERIFIED, true, KEY);
    assertEquals(
        List.of(new ProvenHost(DomainTimeline.MX1, Set.of(KEY), timeline.now)),
        proven(row, Set.of(), timeline.now.minusSeconds(60)));
  }

  @Test
  void keyOfAnUnverifiedSessionIsNotProven() {
    DomainTimeline timeline = verified();
    timeline.vouched = Set.of(DomainTimeline.MX1);
    // TLS came about, with whomever: an attacker's own certificate looks like this.
    DomainRecord row = shows(timeline, DomainTimeline.MX1, ProvenLevel.ENCRYPTED, true, KEY);
    assertEquals(List.of(), proven(row, Set.of(DomainTimeline.MX1), Instant.EPOCH));
  }

  @Test
  void hostOutsideTheTrustedMxSetIsNotProven() {
    // A forged MX record, a certificate by a public CA for the attacker's own host.
    DomainTimeline fresh = new DomainTimeline().mx(DomainTimeline.EVIL);
    DomainRecord row = shows(fresh, DomainTimeline.EVIL, ProvenLevel.VERIFIED, true, KEY);
    assertEquals(List.of(), proven(row, Set.of(), Instant.EPOCH));
    assertEquals(
        1,
        proven(row, Set.of(DomainTimeline.EVIL), Instant.EPOCH).size(),
        "MTA-STS would vouch for it");
    // And next to a host that is remembered.
    DomainTimeline other = verified().mx(DomainTimeline.MX1, DomainTimeline.EVIL);
    DomainRecord changed = shows(other, DomainTimeline.EVIL, ProvenLevel.VERIFIED, true, OTHER);
    assertEquals(
        List.of(),
        proven(changed, Set.of(), Instant.EPOCH).stream()
            .filter(p -> p.host().equals(DomainTimeline.EVIL))
            .toList());
  }

  @Test
  void noHostIsProvenDuringAViolation() {
    DomainTimeline timeline = verified();
    timeline.row = shows(timeline, DomainTimeline.MX1, ProvenLevel.VERIFIED, true, KEY);
    timeline.resolves().shows(DomainTimeline.MX1, ProvenLevel.CLEAR);
    assertNotEquals(null, timeline.row.violation());
    assertEquals(List.of(), proven(timeline.row, Set.of(DomainTimeline.MX1), Instant.EPOCH));
  }

  @Test
  void bouncesAndProbesProveNothing() {
    DomainTimeline timeline = verified();
    DomainRecord row = shows(timeline, DomainTimeline.MX1, ProvenLevel.VERIFIED, false, KEY);
    assertEquals(List.of(), proven(row, Set.of(), Instant.EPOCH));
  }

  @Test
  void anOldKeyAndAFormerHostAreForgotten() {
    DomainTimeline timeline = verified();
    timeline.row = shows(timeline, DomainTimeline.MX1, ProvenLevel.VERIFIED, true, KEY);
    Instant seenAt = timeline.now;
    assertEquals(1, proven(timeline.row, Set.of(), seenAt).size());
    assertEquals(List.of(), proven(timeline.row, Set.of(), seenAt.plusSeconds(1)));
    timeline.later(Duration.ofDays(1)).secure = true;
    timeline.mx(DomainTimeline.MX2).resolves();
    assertEquals(
        List.of(),
        proven(timeline.row, Set.of(DomainTimeline.MX1), Instant.EPOCH),
        "it is no MX host any more");
  }
}
