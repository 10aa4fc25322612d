package org.sealwax.lab.judge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/**
 * For every test case of the lab, what a good sender and a bad sender do, and the finding of the
 * assessment about each. ({@code ScriptedSendersTest} runs real senders against real traps.)
 */
@Tag("long")
final class SenderEveryTrapTest {
  private static final int TLS_1_2 = 0x0303;
  private static final int TLS_1_3 = 0x0304;

  /** What is written down only: whatever a sender does there is its choice. */
  private static final Set<String> JUDGED_BY_NOTHING =
      new TreeSet<>(
          Set.of(
              "c14n", "c16", "c17c", "c18", "c26b", "c26c", "d10b", "d13", "d20", "d21", "e21",
              "f12", "f13", "f16a", "f16b", "f19", "h7", "h9", "i4", "i5"));

  static Stream<Trap.TrapCase> trapCases() {
    return Traps.cases().stream();
  }

  private static ExpectedOutcome expected(Trap.TrapCase trapCase) {
    return TrapExpectation.of(trapCase.label()).orElseThrow().expected();
  }

  /** All that a careful sender does before it decides about a host. */
  private static SightingBuilder validatingSender(SightingBuilder so, String host) {
    return so.asksTlsa().fetches().connected(host).hello(TestClientHellos.modern());
  }

  private static SightingBuilder delivered(String host, boolean tls) {
    SightingBuilder came = validatingSender(SightingBuilder.asked(), host);
    return (tls ? came.secured(TLS_1_3) : came).mail(tls, "").delivered(host, tls, false);
  }

  /** Refused at the first try, and at two more after the site may have changed. */
  private static SightingBuilder refused() {
    SightingBuilder so =
        validatingSender(SightingBuilder.asked(), "mx").unsecured().later().siteChanged();
    return validatingSender(validatingSender(so, "mx").unsecured().later(), "mx")
        .unsecured()
        .closed();
  }

  static Sighting good(Trap.TrapCase trapCase) {
    SightingBuilder conduct =
        switch (expected(trapCase)) {
          case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT -> delivered("mx", true);
          case SECOND_HOST ->
              validatingSender(
                      validatingSender(SightingBuilder.asked(), "mx1")
                          .unsecured()
                          .closed()
                          .siteChanged(),
                      "mx2")
                  .secured(TLS_1_3)
                  .delivered("mx2", true, false);
          case DELIVERED_AFTER_CHANGE ->
              validatingSender(
                      validatingSender(SightingBuilder.asked(), "mx")
                          .secured(TLS_1_3)
                          .later()
                          .siteChanged(),
                      "mx")
                  .secured(TLS_1_3)
                  .delivered("mx", true, false);
          case REFUSED, NEVER_PLAINTEXT, RECORDED -> refused();
          case DECIDED ->
              validatingSender(SightingBuilder.asked(), "mx")
                  .unsecured()
                  .delivered("mx", false, false);
          case NO_SUCH_TLS ->
              validatingSender(SightingBuilder.asked(), "mx").unsecured().bounced("5.4.7");
          case BOUNCED -> SightingBuilder.asked().bounced("5.1.10");
          case AS_RFC_8689_DEMANDS ->
              switch (trapCase.label()) {
                case "g4" ->
                    SightingBuilder.connectedAndGreeted("mx")
                        .secured(TLS_1_3)
                        .mail(true, " REQUIRETLS")
                        .delivered("mx", true, false);
                case "g5" ->
                    SightingBuilder.connectedAndGreeted("mx")
                        .mail(true, "")
                        .delivered("mx", true, true);
                default -> SightingBuilder.connectedAndGreeted("mx").bounced("5.7.30");
              };
        };
    ExpectedResultTypes.right().getOrDefault(trapCase.label(), Set.of()).stream()
        .sorted()
        .limit(1)
        .forEach(conduct::reported);
    return conduct.at(trapCase);
  }

  private static Sighting bad(Trap.TrapCase trapCase) {
    SightingBuilder conduct =
        switch (expected(trapCase)) {
          case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT ->
              SightingBuilder.connectedAndGreeted("mx").bounced("5.4.7");
          case SECOND_HOST -> delivered("mx1", false);
          case REFUSED, NEVER_PLAINTEXT -> delivered("mx", false);
          case DELIVERED_AFTER_CHANGE -> delivered("mx", true);
          case DECIDED -> SightingBuilder.connectedAndGreeted("mx");
          case NO_SUCH_TLS -> delivered("mx", true);
          case BOUNCED -> SightingBuilder.connectedAndGreeted("mx");
          case AS_RFC_8689_DEMANDS -> delivered("mx", true);
          case RECORDED ->
              switch (trapCase.label()) {
                case "b11" -> SightingBuilder.connectedAndGreeted("mx").deceived();
                case "c21" ->
                    SightingBuilder.connectedAndGreeted("mx")
                        .hello(TestClientHellos.modern())
                        .secured(TLS_1_2)
                        .delivered("mx", true, false);
                default -> delivered("mx", true);
              };
        };
    return conduct.at(trapCase);
  }

  private static SenderReport report(Map<String, Sighting> sightings) {
    return new SenderAssessment(SenderProfile.OPPORTUNISTIC, true).report(sightings.values());
  }

  private static Map<String, Sighting> allGood() {
    Map<String, Sighting> all = new LinkedHashMap<>();
    trapCases().forEach(trapCase -> all.put(trapCase.label(), good(trapCase)));
    return all;
  }

  private static Finding finding(SenderReport report, String label) {
    return report.findings().stream()
        .filter(f -> f.check().id().equals("lab." + label))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void aSenderThatPassesEveryTrapGetsTheBestGrade() {
    SenderReport report = report(allGood());
    List<String> wrong = new ArrayList<>();
    for (Trap.TrapCase each : Traps.cases()) {
      Finding finding = finding(report, each.label());
      if (finding.outcome() != CheckOutcome.PASS && finding.outcome() != CheckOutcome.INFO) {
        wrong.add(each.label() + ": " + finding.outcome() + ", " + finding.observed());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(GradeLetter.A_PLUS, report.grade().letter(), report.grade().toString());
    assertEquals(100, report.grade().score());
    assertEquals(List.of(), report.leaks());
    assertEquals(List.of(), report.losses());
  }

  @Test
  void aSenderAtFewTrapsHasAnUncertainGrade() {
    Map<String, Sighting> some = allGood();
    Traps.cases().stream()
        .skip(Traps.cases().size() / 2)
        .forEach(trapCase -> some.put(trapCase.label(), SightingBuilder.nothing().at(trapCase)));
    SenderReport report = report(some);
    assertTrue(report.grade().text().endsWith("?"), report.grade().text());
    assertTrue(report.grade().letter().compareTo(GradeLetter.A) > 0, report.grade().text());
    assertEquals(Traps.cases().size() / 2, report.tested());
  }

  @ParameterizedTest
  @MethodSource("trapCases")
  void oneFaultIsReportedAndLowersTheGrade(Trap.TrapCase trapCase) {
    Map<String, Sighting> sightings = allGood();
    SenderReport before = report(sightings);
    sightings.put(trapCase.label(), bad(trapCase));
    SenderReport after = report(sightings);
    Finding finding = finding(after, trapCase.label());
    boolean found =
        finding.outcome() != CheckOutcome.PASS && finding.outcome() != CheckOutcome.INFO;
    assertEquals(!JUDGED_BY_NOTHING.contains(trapCase.label()), found, finding.observed());
    if (found && expected(trapCase) != ExpectedOutcome.RECORDED) {
      assertNotEquals(GradeLetter.A_PLUS, after.grade().letter(), trapCase.label());
      assertTrue(after.grade().score() < before.grade().score(), trapCase.label());
    }
    if (finding.aspect().equals("leak")) {
      assertEquals(List.of(trapCase.label()), after.leaks());
    }
    if (finding.aspect().equals("loss")) {
      assertEquals(List.of(trapCase.label()), after.losses());
    }
  }
}
