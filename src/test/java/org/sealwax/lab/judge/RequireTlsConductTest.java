package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** G2 to G5: judged by what happened, once the sender has shown that it knows the word. */
final class RequireTlsConductTest {
  private static final Deeds KEPT = Deed.delivered(" SIZE=300 REQUIRETLS");

  private static String verdict(Map<String, Deeds> deeds, String label) {
    RowJudge.Verdict verdict = new RequireTlsConduct(deeds, row -> true).of(label);
    return verdict.outcome().word() + (verdict.aspect().isEmpty() ? "" : " " + verdict.aspect());
  }

  @Test
  void whoDoesAllOfItPassesAllOfIt() {
    Map<String, Deeds> good =
        Map.of(
            "g2", Deed.bounced("5.7.30"),
            "g3", Deed.bounced("5.7.10"),
            "g4", KEPT,
            "g5", Deed.deliveredOptional());
    for (String label : good.keySet()) {
      assertEquals("pass", verdict(good, label), label);
    }
  }

  @Test
  void whoKnowsTheWordAndSendsAllTheSameLeaks() {
    Map<String, Deeds> bad =
        Map.of("g2", Deed.delivered(""), "g3", Deed.delivered(" REQUIRETLS"), "g4", KEPT);
    assertEquals("fail leak", verdict(bad, "g2"));
    assertEquals("fail leak", verdict(bad, "g3"));
  }

  @Test
  void whoBouncesForItAndThenDropsTheWordIsFoundOut() {
    Map<String, Deeds> bad = Map.of("g2", Deed.bounced("5.7.30"), "g4", Deed.delivered(""));
    assertEquals("fail weak", verdict(bad, "g4"));
  }

  @Test
  void whoKeepsQuietAboutWhatCannotBeSentLosesIt() {
    Map<String, Deeds> bad = Map.of("g2", Deed.tried(), "g3", Deed.tried(), "g4", KEPT);
    assertEquals("fail stuck", verdict(bad, "g2"));
    assertEquals("fail stuck", verdict(bad, "g3"));
    assertTrue(new RequireTlsConduct(bad, row -> false).of("g2").waiting());
  }

  @Test
  void mailWithoutTheWordAccusesNobody() {
    Map<String, Deeds> plain =
        Map.of("g2", Deed.delivered(""), "g3", Deed.tried(), "g4", Deed.delivered(""));
    assertFalse(new RequireTlsConduct(plain, row -> true).known());
    assertEquals("info", verdict(plain, "g2"));
    assertEquals("info", verdict(plain, "g3"));
    assertEquals("info", verdict(plain, "g4"));
    assertEquals("info", verdict(Map.of("g5", Deed.tried()), "g5"));
  }

  @Test
  void aWordThatOnlyLooksLikeItIsNotTheWord() {
    assertFalse(
        new RequireTlsConduct(Map.of("g4", Deed.delivered(" ENVID=REQUIRETLS")), row -> true)
            .known());
    assertTrue(
        new RequireTlsConduct(Map.of("g4", Deed.delivered(" requiretls")), row -> true).known());
  }

  @Test
  void passingOverAPolicyTakesTheHeader() {
    assertEquals("fail leak", verdict(Map.of("g5", Deed.delivered("")), "g5"));
    assertEquals("fail loss", verdict(Map.of("g4", KEPT, "g5", Deed.bounced("5.7.1")), "g5"));
  }
}
