package org.sealwax.dns.validate;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sealwax.dns.validate.Anchors.Anchor;
import org.xbill.DNS.DSRecord;
import org.xbill.DNS.Name;

/** Which anchor decides about a name. */
final class AnchorsTest {
  private static final Instant NOW = Instant.parse("2026-11-30T00:00:00Z");

  private static Name name(String text) {
    return Name.fromConstantString(text);
  }

  private static String zone(Optional<Anchor> anchor) {
    return anchor
        .map(
            a ->
                switch (a) {
                  case Anchor.Trusted t -> "trusted " + t.zone();
                  case Anchor.Negative n -> "negative " + n.zone();
                })
        .orElse("none");
  }

  @Test
  void carriesBothKeysOfTheRoot() {
    Anchor.Trusted root =
        (Anchor.Trusted) Anchors.root().closest(name("example.org."), NOW).orElseThrow();
    assertEquals(Name.root, root.zone());
    assertEquals(
        Set.of(20326, 38696),
        root.digests().stream().map(DSRecord::getFootprint).collect(Collectors.toSet()));
  }

  @Test
  void theDeepestOneDecides() {
    Anchors anchors =
        Anchors.of(
                List.of(
                    "org. IN DS 1 8 2 " + "ab".repeat(32),
                    "b.a.org. IN DS 2 8 2 " + "cd".repeat(32)))
            .withNegative(name("a.org."), NOW.plusSeconds(1));
    assertEquals("trusted org.", zone(anchors.closest(name("x.org."), NOW)));
    assertEquals("negative a.org.", zone(anchors.closest(name("x.a.org."), NOW)));
    assertEquals("trusted b.a.org.", zone(anchors.closest(name("x.b.a.org."), NOW)));
    assertEquals("none", zone(anchors.closest(name("example."), NOW)));
    assertEquals("trusted org.", zone(anchors.closest(name("x.a.org."), NOW.plusSeconds(1))));
  }
}
