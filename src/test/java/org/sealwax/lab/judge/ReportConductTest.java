package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.Outcome;
import org.sealwax.lab.traps.Traps;

/** G1: reports about what failed, with the right words. */
final class ReportConductTest {
  private static ReportConduct.Said said(Map<String, Deeds> deeds) {
    return new ReportConduct(deeds, deeds.keySet(), true).said();
  }

  private static Map<String, Deeds> good() {
    Map<String, Deeds> all = new HashMap<>();
    ReportTypes.right()
        .forEach(
            (label, types) ->
                all.put(
                    label,
                    Deed.reported("https", false, 1, types.stream().sorted().toList().getFirst())));
    return all;
  }

  @Test
  void theTableIsAboutRowsOfTheLabAndInKnownWords() {
    ReportTypes.right()
        .forEach(
            (label, types) -> {
              assertTrue(Traps.find(label).isPresent(), label);
              assertTrue(ReportTypes.KNOWN.containsAll(types), label);
            });
  }

  @Test
  void theRightWordsAboutAllThatFailedPass() {
    assertEquals(Outcome.PASS, said(good()).outcome());
  }

  @Test
  void everyRowIsLookedAt() {
    for (String label : ReportTypes.right().keySet()) {
      Map<String, Deeds> silent = good();
      silent.put(label, Deed.tried());
      assertEquals("not about [" + label + "]", said(silent).text());
      Map<String, Deeds> wrong = good();
      wrong.put(label, Deed.reported("https", false, 1, "dane-required"));
      assertEquals(Outcome.WARN, said(wrong).outcome(), label);
      Map<String, Deeds> uncounted = good();
      uncounted.put(label, Deed.reported("https", false, 0, "validation-failure"));
      assertEquals(Outcome.WARN, said(uncounted).outcome(), label);
    }
  }

  @Test
  void inventedWordsAndUnsignedMailAreTold() {
    Map<String, Deeds> invented = good();
    invented.put("b2", Deed.reported("https", false, 1, "tls-broken"));
    assertEquals("with unknown result types [tls-broken]", said(invented).text());
    Map<String, Deeds> unsigned = good();
    unsigned.put("b2", Deed.reported("mail", false, 1, "starttls-not-supported"));
    assertEquals(Outcome.WARN, said(unsigned).outcome());
    unsigned.put("b2", Deed.reported("mail", true, 1, "starttls-not-supported"));
    assertEquals(Outcome.PASS, said(unsigned).outcome());
  }

  @Test
  void beforeTheEndAndWithoutAnyReportNothingIsSaid() {
    Map<String, Deeds> some =
        Map.of(
            "b2", Deed.reported("https", false, 1, "starttls-not-supported"), "b3", Deed.tried());
    assertEquals(
        Outcome.INCONCLUSIVE, new ReportConduct(some, some.keySet(), false).said().outcome());
    assertEquals(Outcome.NOT_TESTED, said(Map.of("b2", Deed.tried())).outcome());
    assertEquals(Outcome.PASS, new ReportConduct(some, Set.of("b2"), true).said().outcome());
  }
}
