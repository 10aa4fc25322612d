package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.sealwax.lab.traps.PolicyContext;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/** The table of expectations against the list of traps. */
final class TrapExpectationTest {
  @Test
  void everyTrapHasExactlyOneExpectation() {
    Set<String> rows =
        Traps.cases().stream()
            .map(Trap.TrapCase::label)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> expected =
        TrapExpectation.all().stream()
            .map(TrapExpectation::label)
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(rows, expected);
  }

  @Test
  void plaintextIsNeverExpectedUnderAPolicy() {
    for (Trap.TrapCase trapCase : Traps.cases()) {
      ExpectedOutcome expected = TrapExpectation.of(trapCase.label()).orElseThrow().expected();
      if (trapCase.context() == PolicyContext.ENFORCE || trapCase.context() == PolicyContext.DANE) {
        assertTrue(
            expected != ExpectedOutcome.DECIDED && expected != ExpectedOutcome.NO_SUCH_TLS,
            trapCase.label());
      }
    }
  }

  @Test
  void stricterProfilesNeverExpectPlaintext() {
    for (TrapExpectation each : TrapExpectation.all()) {
      for (SenderProfile profile : Set.of(SenderProfile.STRICT, SenderProfile.VERIFIED)) {
        ExpectedOutcome expected = each.of(profile);
        assertTrue(
            expected != ExpectedOutcome.DECIDED && expected != ExpectedOutcome.NO_SUCH_TLS,
            each.label());
      }
    }
  }

  @Test
  void theVerifiedProfileMayRefuseUnderATestingPolicy() {
    for (String label : Set.of("d1n", "d3t", "f6", "f7")) {
      TrapExpectation expectation = TrapExpectation.of(label).orElseThrow();
      assertEquals(
          ExpectedOutcome.DELIVERED_UNDER_TLS, expectation.of(SenderProfile.OPPORTUNISTIC), label);
      assertEquals(ExpectedOutcome.REFUSED, expectation.of(SenderProfile.VERIFIED), label);
    }
    // DANE-EE asks for the key and for nothing else (RFC 7672 3.1.1).
    assertEquals(
        ExpectedOutcome.DELIVERED_UNDER_TLS,
        TrapExpectation.of("d3d").orElseThrow().of(SenderProfile.VERIFIED));
  }

  @Test
  void theCategoriesAddUpToAHundred() {
    int sum = 0;
    for (TrapExpectation.SenderCategory each : TrapExpectation.SenderCategory.values()) {
      sum += each.most();
    }
    assertEquals(100, sum);
  }

  @Test
  void theQuickSetExists() {
    assertEquals(25, Traps.quick().size());
  }
}
