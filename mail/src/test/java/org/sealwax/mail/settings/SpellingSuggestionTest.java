package org.sealwax.mail.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which known word a misspelled one is taken for. */
final class SpellingSuggestionTest {
  @ParameterizedTest
  @CsvSource({"hostnmae,hostname,1", "ab,ba,1", "a,b,1", "'',abc,3", "same,same,0"})
  void anAdjacentSwapIsOneStep(String a, String b, int distance) {
    assertEquals(distance, SpellingSuggestion.distance(a, b));
  }

  @Test
  void theNearestWordIsSuggestedIfItIsNear() {
    List<String> known = List.of("check", "queue", "other");
    assertEquals(Optional.of("check"), SpellingSuggestion.to("chek", known));
    assertEquals(Optional.of("check"), SpellingSuggestion.to("CHECK", known));
    assertEquals(Optional.empty(), SpellingSuggestion.to("completely", known));
    assertEquals(Optional.empty(), SpellingSuggestion.to("check".repeat(20_000), known));
  }
}
