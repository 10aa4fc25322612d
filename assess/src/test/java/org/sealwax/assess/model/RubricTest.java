package org.sealwax.assess.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.sealwax.assess.cli.ExplainCodeCommand;
import org.sealwax.mail.address.Domain;

/** The rules of grading: each cap, the score, and what is not known. */
final class RubricTest {
  private static final Rubric RULES = ReceiverRubric.rules();

  /** Everything as good as can be. */
  private static List<Finding> perfect() {
    return new ArrayList<>(
        Check.all().stream()
            .map(c -> Finding.of(c, CheckOutcome.PASS, FindingLocation.domain(), "good"))
            .toList());
  }

  private static List<Finding> with(String check, CheckOutcome outcome, String aspect) {
    List<Finding> findings = perfect();
    findings.replaceAll(
        f ->
            f.check().id().equals(check)
                ? Finding.of(f.check(), outcome, FindingLocation.domain(), "bad").as(aspect)
                : f);
    return findings;
  }

  @Test
  void allPassedIsAPlusOnlyAtFullDepth() {
    Grade full = RULES.grade(perfect(), true);
    assertEquals("A+", full.text());
    assertEquals(100, full.score());
    assertTrue(full.missing().isEmpty());
    Grade standard = RULES.grade(perfect(), false);
    assertEquals("A", standard.text());
    assertEquals(List.of("a full assessment (--full)"), standard.missing());
  }

  /** The description of a code is its effect: to points, letter and A+. */
  @Test
  void theExplanationOfACodeNamesWhatItCosts() {
    Grade best = RULES.grade(perfect(), true);
    for (Check check : Check.all()) {
      List<String> aspects = new ArrayList<>(check.aspects());
      aspects.add("");
      for (String aspect : aspects) {
        String text = ExplainCodeCommand.text(check, aspect);
        boolean free = text.contains("grade: no cap and no points");
        for (CheckOutcome outcome : List.of(CheckOutcome.WARN, CheckOutcome.FAIL)) {
          Grade grade = RULES.grade(with(check.id(), outcome, aspect), true);
          assertFalse(free && grade.score() < best.score(), check.id() + "/" + aspect);
          assertFalse(free && !grade.caps().isEmpty(), check.id() + "/" + aspect);
          assertTrue(
              !free || grade.missing().isEmpty() || text.contains("A+"), check.id() + ": " + text);
          for (Grade.GradeCap cap : grade.caps()) {
            assertTrue(text.contains("at best " + cap.most().text()), check.id() + "/" + aspect);
          }
        }
      }
    }
  }

  @TestFactory
  Stream<DynamicTest> eachCapHoldsTheGradeDown() {
    return RULES.caps().stream()
        .map(
            rule ->
                DynamicTest.dynamicTest(
                    rule.check() + "/" + rule.aspect() + " -> " + rule.most().text(),
                    () -> {
                      String aspect = rule.aspect();
                      for (CheckOutcome outcome : rule.outcomes()) {
                        Grade grade = RULES.grade(with(rule.check(), outcome, aspect), true);
                        assertTrue(
                            grade.letter().compareTo(rule.most()) >= 0,
                            rule + " left " + grade.text());
                        assertTrue(
                            grade.caps().stream().anyMatch(c -> c.reason().equals(rule.reason())),
                            rule.reason());
                      }
                      // What was not seen caps nothing.
                      Grade unseen =
                          RULES.grade(with(rule.check(), CheckOutcome.NOT_TESTED, aspect), true);
                      assertTrue(unseen.caps().isEmpty(), rule + " caps what was not tested");
                    }));
  }

  @Test
  void everyRowNamesACheckAndAnAspectThatExist() {
    for (Rubric.CapRule rule : RULES.caps()) {
      Check check = Check.of(rule.check());
      assertTrue(
          rule.aspect().isEmpty() || check.aspects().contains(rule.aspect()), rule.toString());
    }
    for (Rubric.ScoreCategory category : RULES.categories()) {
      for (Rubric.PointsRule rule : category.rules()) {
        Check check = Check.of(rule.check());
        assertTrue(check.aspects().containsAll(rule.aspects().keySet()), rule.toString());
        assertTrue(rule.warn() <= rule.pass(), rule.toString());
      }
    }
    RULES.plus().forEach(p -> Check.of(p.check()));
  }

  @Test
  void pointsAreThoseOfTheSpecification() {
    assertEquals(
        List.of(30, 15, 15, 3, 15, 15, 10),
        RULES.categories().stream().map(Rubric.ScoreCategory::most).toList());
    // DANE alone 20, MTA-STS alone 15, together capped at 30.
    assertEquals(15, categoryScore(with("dane.match", CheckOutcome.NOT_TESTED, "")).points());
    assertEquals(20, categoryScore(with("sts.policy", CheckOutcome.FAIL, "absent")).points());
    assertEquals(30, categoryScore(perfect()).points());
  }

  private static Grade.CategoryScore categoryScore(List<Finding> findings) {
    return RULES.grade(findings, true).parts().getFirst();
  }

  @Test
  void withoutDowngradeProtectionTheGradeIsAtMostB() {
    List<Finding> findings = with("both", CheckOutcome.FAIL, "neither");
    findings.replaceAll(
        f ->
            List.of("dane.match", "sts.policy").contains(f.check().id())
                ? Finding.of(f.check(), CheckOutcome.NOT_TESTED, FindingLocation.domain(), "none")
                : f);
    Grade grade = RULES.grade(findings, true);
    assertEquals("B", grade.text());
    assertEquals(73, grade.score());
  }

  @Test
  void theInconclusiveShowsAQuestionMark() {
    Grade grade = RULES.grade(with("tls10", CheckOutcome.INCONCLUSIVE, ""), true);
    assertEquals("A?", grade.text());
    // The panel next to the grade raises no doubt about it.
    assertFalse(RULES.grade(with("spf", CheckOutcome.INCONCLUSIVE, ""), true).uncertain());
  }

  /** An assessment that left out everything of the key exchange, at a host without policies. */
  private static List<Finding> quickScanFindings(CheckOutcome exchange) {
    FindingLocation here =
        FindingLocation.of(Domain.of("mx.example.org"), InetAddress.getLoopbackAddress(), 25);
    List<Finding> findings = with("both", CheckOutcome.FAIL, "neither");
    findings.replaceAll(
        f ->
            switch (f.check().id()) {
              case "dane.match" -> Finding.of(f.check(), CheckOutcome.NOT_TESTED, here, "none");
              case "sts.policy" ->
                  Finding.of(f.check(), CheckOutcome.FAIL, FindingLocation.domain(), "none");
              case "kex.groups", "kex.dh", "kex.hash", "suite.order" ->
                  Finding.of(f.check(), exchange, here, "no connection was left");
              default -> f;
            });
    return findings;
  }

  @Test
  void checksOutsideTheDepthAreNoFault() {
    Grade grade = RULES.grade(quickScanFindings(CheckOutcome.NOT_TESTED), false);
    assertEquals("C to B", grade.text());
    assertEquals(GradeLetter.C, grade.letter());
    assertEquals(GradeLetter.B, grade.atBest());
    assertEquals(60, grade.score());
    assertEquals(13, grade.open());
    // No policy is not a pass that a deeper look would find: at best B, not A.
    Grade seen = RULES.grade(quickScanFindings(CheckOutcome.PASS), false);
    assertEquals("B", seen.text());
    assertEquals(0, seen.open());
    // What was tried and not seen stays a doubt, and is nothing that was left out.
    Grade doubt = RULES.grade(quickScanFindings(CheckOutcome.INCONCLUSIVE), false);
    assertEquals("C?", doubt.text());
    assertEquals(0, doubt.open());
  }

  @Test
  void faultsThatCapAtBDoNotAddUpToLess() {
    List<Finding> findings = quickScanFindings(CheckOutcome.PASS);
    Map<String, String> faults =
        Map.of(
            "tls10", "on",
            "tls11", "on",
            "suite.staticRSA", "present",
            "suite.cbc-sha1", "present",
            "kex.dh", "2048-common",
            "cert.key", "rsa-2048");
    findings.replaceAll(
        f ->
            faults.containsKey(f.check().id())
                ? Finding.of(f.check(), CheckOutcome.WARN, f.location(), "so")
                    .as(faults.get(f.check().id()))
                : f);
    assertEquals("B", RULES.grade(findings, false).text());
  }

  @Test
  void unknownOutcomesNeverRaiseAGrade() {
    for (Check check : Check.all()) {
      Grade known = RULES.grade(perfect(), true);
      for (CheckOutcome unknown : List.of(CheckOutcome.INCONCLUSIVE, CheckOutcome.NOT_TESTED)) {
        Grade without =
            RULES.grade(perfect().stream().filter(f -> !f.check().equals(check)).toList(), true);
        Grade grade = RULES.grade(with(check.id(), unknown, ""), true);
        assertTrue(grade.score() <= known.score(), check.id());
        assertTrue(grade.score() <= without.score(), check.id());
        assertTrue(grade.letter().compareTo(without.letter()) >= 0, check.id());
      }
    }
  }

  @Test
  void theWorstOfSeveralFindingsCounts() {
    List<Finding> findings = perfect();
    findings.add(
        Finding.of(Check.of("tls13"), CheckOutcome.WARN, FindingLocation.domain(), "none"));
    Grade grade = RULES.grade(findings, true);
    assertEquals("A-", grade.text());
    assertEquals("missing TLS 1.3", grade.caps().getFirst().reason());
    assertEquals(grade.letter(), grade.caps().getFirst().most());
  }

  @Test
  void theHashChangesWithTheRules() {
    Rubric other =
        new Rubric(
            RULES.version(),
            RULES.categories(),
            RULES.caps().subList(1, RULES.caps().size()),
            RULES.plus(),
            Map.of());
    assertEquals(64, RULES.hash().length());
    assertFalse(RULES.hash().equals(other.hash()));
    assertEquals(
        RULES.hash(),
        new Rubric(RULES.version(), RULES.categories(), RULES.caps(), RULES.plus(), Map.of())
            .hash());
  }

  @Test
  void theLetterIsExplained() {
    assertEquals("A+: 100 points", RULES.grade(perfect(), true).explanation());
    assertEquals(
        "A-: 100 points, enough for A; at most A- because of missing TLS reporting",
        RULES.grade(with("tlsrpt", CheckOutcome.WARN, "missing"), true).explanation());
    List<Finding> findings = with("both", CheckOutcome.FAIL, "neither");
    findings.replaceAll(
        f ->
            List.of("dane.match", "sts.policy", "banner.time").contains(f.check().id())
                ? f.check().atDomain().inconclusive("no answer")
                : f);
    assertEquals(
        "B?: 72 points; A from 80; at most B because of no protection by DANE or MTA-STS; the question"
            + " mark stands for banner.time, dane.match and sts.policy",
        RULES.grade(findings, true).explanation());
  }

  /** What is fixed with something else is not fixed by itself. */
  @Test
  void aFixAlsoFixesWhatFollowsFromIt() {
    List<Finding> findings = with("both", CheckOutcome.FAIL, "neither");
    findings.replaceAll(
        f ->
            switch (f.check().id()) {
              case "dane.present" -> f.check().atDomain().fail("none").as("none");
              case "dane.match" -> f.check().atDomain().notNeeded("none");
              case "sts.policy" -> f.check().atDomain().fail("none").as("absent");
              default -> f;
            });
    assertEquals("B", RULES.grade(findings, true).text());
    Grade fixed = RULES.grade(RULES.fixed(findings, java.util.Set.of("dane.present")), true);
    assertEquals(93, fixed.score());
    assertEquals("A", fixed.text());
  }

  @Test
  void lettersFollowTheScore() {
    assertEquals(
        List.of("A", "B", "B", "C", "C", "D", "D", "E", "E", "F"),
        Stream.of(80, 79, 65, 64, 50, 49, 35, 34, 20, 19)
            .map(s -> GradeLetter.of(s).text())
            .toList());
    assertEquals(GradeLetter.A_PLUS, GradeLetter.read("a+").orElseThrow());
    assertTrue(GradeLetter.read("G").isEmpty());
  }
}
