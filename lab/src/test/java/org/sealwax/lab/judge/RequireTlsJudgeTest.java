package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** G2 to G5: judged by what happened, once the sender has shown that it knows the word. */
final class RequireTlsJudgeTest {
  private static final SightingFacts QUEUED =
      SightingFactsBuilder.delivered(" SIZE=300 REQUIRETLS");

  private static String verdict(Map<String, SightingFacts> facts, String label) {
    TrapJudge.TrapVerdict verdict = new RequireTlsJudge(facts, row -> true).of(label);
    return verdict.outcome().label() + (verdict.aspect().isEmpty() ? "" : " " + verdict.aspect());
  }

  @Test
  void aSenderThatImplementsRequiretlsPasses() {
    Map<String, SightingFacts> good =
        Map.of(
            "g2", SightingFactsBuilder.bounced("5.7.30"),
            "g3", SightingFactsBuilder.bounced("5.7.10"),
            "g4", QUEUED,
            "g5", SightingFactsBuilder.deliveredOptional());
    for (String label : good.keySet()) {
      assertEquals("pass", verdict(good, label), label);
    }
  }

  @Test
  void aSenderThatKnowsRequiretlsAndStillSendsLeaks() {
    Map<String, SightingFacts> bad =
        Map.of(
            "g2",
            SightingFactsBuilder.delivered(""),
            "g3",
            SightingFactsBuilder.delivered(" REQUIRETLS"),
            "g4",
            QUEUED);
    assertEquals("fail leak", verdict(bad, "g2"));
    assertEquals("fail leak", verdict(bad, "g3"));
  }

  @Test
  void aSenderThatDropsRequiretlsAfterABounceIsReported() {
    Map<String, SightingFacts> bad =
        Map.of(
            "g2", SightingFactsBuilder.bounced("5.7.30"), "g4", SightingFactsBuilder.delivered(""));
    assertEquals("fail weak", verdict(bad, "g4"));
  }

  @Test
  void undeliverableMailWithoutABounceIsLost() {
    Map<String, SightingFacts> bad =
        Map.of(
            "g2", SightingFactsBuilder.tried(), "g3", SightingFactsBuilder.tried(), "g4", QUEUED);
    assertEquals("fail stuck", verdict(bad, "g2"));
    assertEquals("fail stuck", verdict(bad, "g3"));
    assertTrue(new RequireTlsJudge(bad, row -> false).of("g2").waiting());
  }

  @Test
  void mailWithoutRequiretlsIsNoFault() {
    Map<String, SightingFacts> plain =
        Map.of(
            "g2",
            SightingFactsBuilder.delivered(""),
            "g3",
            SightingFactsBuilder.tried(),
            "g4",
            SightingFactsBuilder.delivered(""));
    assertFalse(new RequireTlsJudge(plain, row -> true).known());
    assertEquals("info", verdict(plain, "g2"));
    assertEquals("info", verdict(plain, "g3"));
    assertEquals("info", verdict(plain, "g4"));
    assertEquals("info", verdict(Map.of("g5", SightingFactsBuilder.tried()), "g5"));
  }

  @Test
  void similarKeywordsAreNotRequiretls() {
    assertFalse(
        new RequireTlsJudge(
                Map.of("g4", SightingFactsBuilder.delivered(" ENVID=REQUIRETLS")), row -> true)
            .known());
    assertTrue(
        new RequireTlsJudge(
                Map.of("g4", SightingFactsBuilder.delivered(" requiretls")), row -> true)
            .known());
  }

  @Test
  void skippingAPolicyNeedsTheTlsRequiredHeader() {
    assertEquals("fail leak", verdict(Map.of("g5", SightingFactsBuilder.delivered("")), "g5"));
    assertEquals(
        "fail loss",
        verdict(Map.of("g4", QUEUED, "g5", SightingFactsBuilder.bounced("5.7.1")), "g5"));
  }
}
