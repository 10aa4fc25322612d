package org.sealwax.mail.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.dns.validate.TrustAnchors.Anchor;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;

/** Which anchor decides about a name. */
final class TrustAnchorsTest {
  private static final Instant NOW = Instant.parse("2026-11-30T00:00:00Z");

  private static Name name(String text) {
    return Name.fromConstantString(text);
  }

  private static String zone(Anchor anchor) {
    return anchor.isTrusted() ? "trusted " + anchor.zone() : anchor.reason();
  }

  @Test
  void carriesBothKeysOfTheRoot() {
    Anchor root = TrustAnchors.root().closest(name("example.org."), NOW);
    assertEquals(Name.root, root.zone());
    assertEquals(
        Set.of(20326, 38696),
        root.digests().stream().map(DSRecord::getFootprint).collect(Collectors.toSet()));
  }

  @Test
  void theDeepestOneDecides() {
    TrustAnchors anchors =
        TrustAnchors.of(
                List.of(
                    "org. IN DS 1 8 2 " + "ab".repeat(32),
                    "b.a.org. IN DS 2 8 2 " + "cd".repeat(32)))
            .withNegative(name("a.org."), NOW.plusSeconds(1));
    assertEquals("trusted org.", zone(anchors.closest(name("x.org."), NOW)));
    assertEquals("negative trust anchor a.org.", zone(anchors.closest(name("x.a.org."), NOW)));
    assertEquals("trusted b.a.org.", zone(anchors.closest(name("x.b.a.org."), NOW)));
    assertEquals("no trust anchor above example.", zone(anchors.closest(name("example."), NOW)));
    assertEquals("trusted org.", zone(anchors.closest(name("x.a.org."), NOW.plusSeconds(1))));
  }

  @Test
  void aTrustAnchorCountsAgainWhenANegativeOneForItsZoneHasEnded() {
    TrustAnchors anchors =
        TrustAnchors.of(List.of("org. IN DS 1 8 2 " + "ab".repeat(32)))
            .withNegative(name("org."), NOW.plusSeconds(1));
    assertEquals("negative trust anchor org.", zone(anchors.closest(name("x.org."), NOW)));
    assertEquals("trusted org.", zone(anchors.closest(name("x.org."), NOW.plusSeconds(1))));
  }

  @Test
  void aKeyIsAnAnchorByItsDigest() {
    // RFC 6605 6.1.
    Anchor anchor =
        TrustAnchors.of(
                List.of(
                    "example.net. IN DNSKEY 257 3 13"
                        + " GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edb"
                        + "krSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA=="))
            .closest(name("example.net."), NOW);
    assertEquals(
        List.of(
            "55648 13 2 b4c8c1fe2e7477127b27115656ad6256f424625bf5c1e2770ce6d6e37df61d17"
                .toUpperCase(Locale.ROOT)),
        anchor.digests().stream().map(ds -> ds.rdataToString().toUpperCase(Locale.ROOT)).toList());
  }
}
