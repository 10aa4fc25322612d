package org.sealwax.router.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** Which keys a domain's own hosts are known by: only those of sessions that verified them. */
final class ProvenTest {
  private static final Pin KEY = new Pin("ab".repeat(32));
  private static final Pin OTHER = new Pin("cd".repeat(32));

  private static DomainRow shows(Story story, Domain host, Shown shown, boolean counts, Pin key) {
    story.resolves();
    Showing showing =
        new Showing(story.now, Path.Family.IPV4, shown, Rung.FULL, counts, TlsVersion.TLS_1_3, key);
    return story.rules.shows(story.row, host, showing, story.moment()).row();
  }

  private static List<Proven> proven(DomainRow row, Set<Domain> vouched, Instant since) {
    return Proven.of(row, vouched::contains, since);
  }

  private static Story verified() {
    return new Story().days(9, Shown.VERIFIED);
  }

  @Test
  void aHostThatCarriesTheLevelVerifyIsKnownByTheKeysItShowed() {
    Story story = verified();
    DomainRow row = shows(story, Story.MX1, Shown.VERIFIED, true, KEY);
    assertEquals(
        List.of(new Proven(Story.MX1, Set.of(KEY), story.now)),
        proven(row, Set.of(), story.now.minusSeconds(60)));
  }

  @Test
  void aKeyOfASessionThatVerifiedNobodyDoesNotCount() {
    Story story = verified();
    story.vouched = Set.of(Story.MX1);
    // TLS came about, with whomever: an attacker's own certificate looks like this.
    DomainRow row = shows(story, Story.MX1, Shown.ENCRYPTED, true, KEY);
    assertEquals(List.of(), proven(row, Set.of(Story.MX1), Instant.EPOCH));
  }

  @Test
  void aHostThatNobodyVouchesForIsNotKnownThoughItsCertificateFitsItsName() {
    // A forged MX record, a certificate by a public CA for the attacker's own host.
    Story fresh = new Story().mx(Story.EVIL);
    DomainRow row = shows(fresh, Story.EVIL, Shown.VERIFIED, true, KEY);
    assertEquals(List.of(), proven(row, Set.of(), Instant.EPOCH));
    assertEquals(
        1, proven(row, Set.of(Story.EVIL), Instant.EPOCH).size(), "MTA-STS would vouch for it");
    // And beside a host that is remembered.
    Story beside = verified().mx(Story.MX1, Story.EVIL);
    DomainRow changed = shows(beside, Story.EVIL, Shown.VERIFIED, true, OTHER);
    assertEquals(
        List.of(),
        proven(changed, Set.of(), Instant.EPOCH).stream()
            .filter(p -> p.host().equals(Story.EVIL))
            .toList());
  }

  @Test
  void nothingCountsWhileLessIsShownThanBefore() {
    Story story = verified();
    story.row = shows(story, Story.MX1, Shown.VERIFIED, true, KEY);
    story.resolves().shows(Story.MX1, Shown.CLEAR);
    assertNotEquals(null, story.row.violation());
    assertEquals(List.of(), proven(story.row, Set.of(Story.MX1), Instant.EPOCH));
  }

  @Test
  void whatStrangersMakeUsDoTeachesNothing() {
    Story story = verified();
    DomainRow row = shows(story, Story.MX1, Shown.VERIFIED, false, KEY);
    assertEquals(List.of(), proven(row, Set.of(), Instant.EPOCH));
  }

  @Test
  void anOldKeyAndAFormerHostAreForgotten() {
    Story story = verified();
    story.row = shows(story, Story.MX1, Shown.VERIFIED, true, KEY);
    Instant seen = story.now;
    assertEquals(1, proven(story.row, Set.of(), seen).size());
    assertEquals(List.of(), proven(story.row, Set.of(), seen.plusSeconds(1)));
    story.later(Duration.ofDays(1)).secure = true;
    story.mx(Story.MX2).resolves();
    assertEquals(
        List.of(),
        proven(story.row, Set.of(Story.MX1), Instant.EPOCH),
        "it is no MX host any more");
  }
}
