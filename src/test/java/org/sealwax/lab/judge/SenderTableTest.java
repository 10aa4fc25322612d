package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.traps.Context;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/** The table of expectations against the list of traps. */
final class SenderTableTest {
  @Test
  void everyRowOfTheLabHasOneExpectationAndNothingElseHas() {
    Set<String> rows =
        Traps.rows().stream().map(Trap.Case::label).collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected =
        Expectation.all().stream()
            .map(Expectation::label)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(rows, expected);
  }

  @Test
  void nothingInClearIsEverExpectedUnderAPolicy() {
    for (Trap.Case row : Traps.rows()) {
      Want want = Expectation.of(row.label()).orElseThrow().want();
      if (row.context() == Context.ENFORCE || row.context() == Context.DANE) {
        assertTrue(want != Want.DECIDED && want != Want.NO_SUCH_TLS, row.label());
      }
    }
  }

  @Test
  void aStricterProfileNeverExpectsClearText() {
    for (Expectation each : Expectation.all()) {
      for (Profile profile : Set.of(Profile.STRICT, Profile.VERIFIED)) {
        Want want = each.of(profile);
        assertTrue(want != Want.DECIDED && want != Want.NO_SUCH_TLS, each.label());
      }
    }
  }

  @Test
  void whoeverVerifiesEverywhereMayRefuseWhatNothingButTestingSpeaksOf() {
    for (String label : Set.of("d1n", "d3t", "f6", "f7")) {
      Expectation row = Expectation.of(label).orElseThrow();
      assertEquals(Want.DELIVERED_UNDER_TLS, row.of(Profile.OPPORTUNISTIC), label);
      assertEquals(Want.REFUSED, row.of(Profile.VERIFIED), label);
    }
    // DANE-EE asks for the key and for nothing else (RFC 7672 3.1.1).
    assertEquals(
        Want.DELIVERED_UNDER_TLS, Expectation.of("d3d").orElseThrow().of(Profile.VERIFIED));
  }

  @Test
  void thePartsOfTheScoreAddUpToAHundred() {
    int sum = 0;
    for (Expectation.Category each : Expectation.Category.values()) {
      sum += each.most();
    }
    assertEquals(100, sum);
  }

  @Test
  void theQuickSetIsThere() {
    assertEquals(25, Traps.quick().size());
  }
}
