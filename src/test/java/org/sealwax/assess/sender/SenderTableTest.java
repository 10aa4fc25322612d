package org.sealwax.assess.sender;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.Context;
import org.sealwax.lab.Trap;
import org.sealwax.lab.Traps;

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
