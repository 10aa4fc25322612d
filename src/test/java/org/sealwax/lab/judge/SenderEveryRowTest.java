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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.lab.site.Scripted;
import org.sealwax.lab.site.Sighting;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;

/**
 * The recorded truth: for every row of the lab the conduct of a good sender and that of a bad one,
 * and what the assessment makes of both. ({@code SenderTruthTest} lets real senders walk through
 * real traps.)
 */
final class SenderEveryRowTest {
  private static final int TLS_1_2 = 0x0303;
  private static final int TLS_1_3 = 0x0304;

  /** What is written down only: whatever a sender does there is its choice. */
  private static final Set<String> JUDGED_BY_NOTHING =
      new TreeSet<>(
          Set.of(
              "c14n", "c16", "c17c", "c18", "c26b", "c26c", "d10b", "d13", "d20", "d21", "e21",
              "f12", "f13", "f16a", "f16b", "f19", "h7", "h9", "i4", "i5"));

  static Stream<Trap.Case> rows() {
    return Traps.rows().stream();
  }

  private static Want want(Trap.Case row) {
    return Expectation.of(row.label()).orElseThrow().want();
  }

  /** All that a careful sender does before it decides about a host. */
  private static Scripted careful(Scripted so, String host) {
    return so.asksTlsa().fetches().connected(host).hello(Hellos.modern());
  }

  private static Scripted delivered(String host, boolean tls) {
    Scripted came = careful(Scripted.asked(), host);
    return (tls ? came.secured(TLS_1_3) : came).mail(tls, "").delivered(host, tls, false);
  }

  /** Refused at the first try, and at two more after the site may have changed. */
  private static Scripted refused() {
    Scripted so = careful(Scripted.asked(), "mx").unsecured().later().turned();
    return careful(careful(so, "mx").unsecured().later(), "mx").unsecured().closed();
  }

  private static Sighting good(Trap.Case row) {
    Scripted conduct =
        switch (want(row)) {
          case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT -> delivered("mx", true);
          case SECOND_HOST ->
              careful(careful(Scripted.asked(), "mx1").unsecured().closed().turned(), "mx2")
                  .secured(TLS_1_3)
                  .delivered("mx2", true, false);
          case DELIVERED_AFTER_CHANGE ->
              careful(careful(Scripted.asked(), "mx").secured(TLS_1_3).later().turned(), "mx")
                  .secured(TLS_1_3)
                  .delivered("mx", true, false);
          case REFUSED, NEVER_CLEAR, RECORDED -> refused();
          case DECIDED -> careful(Scripted.asked(), "mx").unsecured().delivered("mx", false, false);
          case NO_SUCH_TLS -> careful(Scripted.asked(), "mx").unsecured().bounced("5.4.7");
          case BOUNCED -> Scripted.asked().bounced("5.1.10");
          case AS_REQUIRETLS_SAYS ->
              switch (row.label()) {
                case "g4" ->
                    Scripted.came("mx")
                        .secured(TLS_1_3)
                        .mail(true, " REQUIRETLS")
                        .delivered("mx", true, false);
                case "g5" -> Scripted.came("mx").mail(true, "").delivered("mx", true, true);
                default -> Scripted.came("mx").bounced("5.7.30");
              };
        };
    ReportTypes.right().getOrDefault(row.label(), Set.of()).stream()
        .sorted()
        .limit(1)
        .forEach(conduct::reported);
    return conduct.at(row);
  }

  private static Sighting bad(Trap.Case row) {
    Scripted conduct =
        switch (want(row)) {
          case DELIVERED_UNDER_TLS, DELIVERED_AFTER_A_WAIT -> Scripted.came("mx").bounced("5.4.7");
          case SECOND_HOST -> delivered("mx1", false);
          case REFUSED, NEVER_CLEAR -> delivered("mx", false);
          case DELIVERED_AFTER_CHANGE -> delivered("mx", true);
          case DECIDED -> Scripted.came("mx");
          case NO_SUCH_TLS -> delivered("mx", true);
          case BOUNCED -> Scripted.came("mx");
          case AS_REQUIRETLS_SAYS -> delivered("mx", true);
          case RECORDED ->
              switch (row.label()) {
                case "b11" -> Scripted.came("mx").fooled();
                case "c21" ->
                    Scripted.came("mx")
                        .hello(Hellos.modern())
                        .secured(TLS_1_2)
                        .delivered("mx", true, false);
                default -> delivered("mx", true);
              };
        };
    return conduct.at(row);
  }

  private static SenderReport report(Map<String, Sighting> sightings) {
    return new SenderAssessment(Profile.OPPORTUNISTIC, true).report(sightings.values());
  }

  private static Map<String, Sighting> allGood() {
    Map<String, Sighting> all = new LinkedHashMap<>();
    rows().forEach(row -> all.put(row.label(), good(row)));
    return all;
  }

  private static Finding row(SenderReport report, String label) {
    return report.findings().stream()
        .filter(f -> f.check().id().equals("lab." + label))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void whoIsGoodEverywhereGetsTheBestGrade() {
    SenderReport report = report(allGood());
    List<String> wrong = new ArrayList<>();
    for (Trap.Case each : Traps.rows()) {
      Finding finding = row(report, each.label());
      if (finding.outcome() != Outcome.PASS && finding.outcome() != Outcome.INFO) {
        wrong.add(each.label() + ": " + finding.outcome() + ", " + finding.seen());
      }
    }
    assertEquals(List.of(), wrong);
    assertEquals(Letter.A_PLUS, report.grade().letter(), report.grade().toString());
    assertEquals(100, report.grade().score());
    assertEquals(List.of(), report.leaks());
    assertEquals(List.of(), report.losses());
  }

  @Test
  void aSenderThatCameToAFewRowsOnlyHasAGradeThatIsNotSure() {
    Map<String, Sighting> some = allGood();
    Traps.rows().stream()
        .skip(Traps.rows().size() / 2)
        .forEach(row -> some.put(row.label(), Scripted.nothing().at(row)));
    SenderReport report = report(some);
    assertTrue(report.grade().text().endsWith("?"), report.grade().text());
    assertTrue(report.grade().letter().compareTo(Letter.A) > 0, report.grade().text());
    assertEquals(Traps.rows().size() / 2, report.tested());
  }

  @ParameterizedTest
  @MethodSource("rows")
  void oneBadDeedIsFoundOutAndTheGradesTellThemApart(Trap.Case row) {
    Map<String, Sighting> sightings = allGood();
    SenderReport before = report(sightings);
    sightings.put(row.label(), bad(row));
    SenderReport after = report(sightings);
    Finding finding = row(after, row.label());
    boolean found = finding.outcome() != Outcome.PASS && finding.outcome() != Outcome.INFO;
    assertEquals(!JUDGED_BY_NOTHING.contains(row.label()), found, finding.seen());
    if (found && want(row) != Want.RECORDED) {
      assertNotEquals(Letter.A_PLUS, after.grade().letter(), row.label());
      assertTrue(after.grade().score() < before.grade().score(), row.label());
    }
    if (finding.aspect().equals("leak")) {
      assertEquals(List.of(row.label()), after.leaks());
    }
    if (finding.aspect().equals("loss")) {
      assertEquals(List.of(row.label()), after.losses());
    }
  }
}
