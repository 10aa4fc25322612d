package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.lab.traps.Traps;

/** G1: reports about what failed, with the right words. */
final class TlsReportJudgeTest {
  private static TlsReportJudge.TlsReportJudgement judgementOf(Map<String, SightingFacts> facts) {
    return new TlsReportJudge(facts, facts.keySet(), true).judgement();
  }

  private static Map<String, SightingFacts> good() {
    Map<String, SightingFacts> all = new HashMap<>();
    ExpectedResultTypes.right()
        .forEach(
            (label, types) ->
                all.put(
                    label,
                    SightingFactsBuilder.reported(
                        "https", false, 1, types.stream().sorted().toList().getFirst())));
    return all;
  }

  @Test
  void theTableNamesTrapsOfTheLabAndRegisteredResultTypes() {
    ExpectedResultTypes.right()
        .forEach(
            (label, types) -> {
              assertTrue(Traps.find(label).isPresent(), label);
              assertTrue(ExpectedResultTypes.KNOWN.containsAll(types), label);
            });
  }

  @Test
  void correctResultTypesForAllFailuresPass() {
    assertEquals(CheckOutcome.PASS, judgementOf(good()).outcome());
  }

  @Test
  void everyFailedTrapIsChecked() {
    for (String label : ExpectedResultTypes.right().keySet()) {
      Map<String, SightingFacts> silent = good();
      silent.put(label, SightingFactsBuilder.tried());
      assertEquals("not about " + label, judgementOf(silent).text());
      Map<String, SightingFacts> wrong = good();
      wrong.put(label, SightingFactsBuilder.reported("https", false, 1, "dane-required"));
      assertEquals(CheckOutcome.WARN, judgementOf(wrong).outcome(), label);
      Map<String, SightingFacts> uncounted = good();
      uncounted.put(label, SightingFactsBuilder.reported("https", false, 0, "validation-failure"));
      assertEquals(CheckOutcome.WARN, judgementOf(uncounted).outcome(), label);
    }
  }

  @Test
  void unknownResultTypesAndUnsignedMailAreReported() {
    Map<String, SightingFacts> invented = good();
    invented.put("b2", SightingFactsBuilder.reported("https", false, 1, "tls-broken"));
    assertEquals("with unknown result types tls-broken", judgementOf(invented).text());
    Map<String, SightingFacts> unsigned = good();
    unsigned.put("b2", SightingFactsBuilder.reported("mail", false, 1, "starttls-not-supported"));
    assertEquals(CheckOutcome.WARN, judgementOf(unsigned).outcome());
    unsigned.put("b2", SightingFactsBuilder.reported("mail", true, 1, "starttls-not-supported"));
    assertEquals(CheckOutcome.PASS, judgementOf(unsigned).outcome());
  }

  @Test
  void withoutAnyReportThereIsNoFindingBeforeTheEnd() {
    Map<String, SightingFacts> some =
        Map.of(
            "b2",
            SightingFactsBuilder.reported("https", false, 1, "starttls-not-supported"),
            "b3",
            SightingFactsBuilder.tried());
    assertEquals(
        CheckOutcome.INCONCLUSIVE,
        new TlsReportJudge(some, some.keySet(), false).judgement().outcome());
    assertEquals(
        CheckOutcome.NOT_TESTED, judgementOf(Map.of("b2", SightingFactsBuilder.tried())).outcome());
    assertEquals(
        CheckOutcome.PASS, new TlsReportJudge(some, Set.of("b2"), true).judgement().outcome());
  }
}
