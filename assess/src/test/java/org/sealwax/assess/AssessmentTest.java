package org.sealwax.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.assess.review.DnsInformationReview;
import org.sealwax.assess.review.DnssecReview;
import org.sealwax.assess.review.HostConsistencyReview;
import org.sealwax.assess.review.MxReview;
import org.sealwax.assess.review.TestWebServers;
import org.sealwax.assess.review.TlsRptReview;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.dns.FixedResolver;

/** Planning, running and grading, with probes of fixed results. */
final class AssessmentTest {
  private static final FixedResolver ZONES =
      FixedResolver.builder()
          .mx("example.org", 10, "mx1.example.org")
          .mx("example.org", 20, "mx2.example.org")
          .address("mx1.example.org", "192.0.2.1")
          .address("mx1.example.org", "2001:db8::1")
          .address("mx2.example.org", "192.0.2.2")
          .mx("null.example", 0, ".")
          .bogus("bogus.example")
          .build();

  /** Reports one outcome of a few checks at each address. */
  private record FixedProbe(
      List<String> ids, Function<AddressVisit, CheckOutcome> outcome, int spends, int reserves)
      implements Probe {
    @Override
    public List<Check> checks() {
      return ids.stream().map(Check::of).toList();
    }

    @Override
    public int reserve(ScanDepth depth) {
      return reserves;
    }

    @Override
    public List<Finding> run(AddressVisit visit) {
      visit.facts().answers();
      int taken = 0;
      while (taken < spends && visit.connections().tryTake()) {
        taken++;
      }
      if (taken < spends) {
        return List.of();
      }
      return checks().stream()
          .map(c -> Finding.of(c, outcome.apply(visit), visit.location(), "as the test says"))
          .toList();
    }
  }

  private static FixedProbe fixedProbe(CheckOutcome outcome, String... ids) {
    return new FixedProbe(List.of(ids), v -> outcome, 1, 0);
  }

  private static Assessor assessor(Resolver resolver, Probe... probes) {
    return new Assessor(
        new TargetLookup(resolver, RandomSource.seeded(1), 25),
        new AddressVisits(List.of(probes), 2, VisitLimiter.open(), Clock.system()),
        List.of(
            new MxReview(true, true),
            new DnssecReview(resolver),
            new TlsRptReview(resolver, TestWebServers.answers(405)),
            new DnsInformationReview(resolver),
            new HostConsistencyReview()),
        ReceiverRubric.rules(),
        "probe.example",
        "test",
        Clock.system());
  }

  private static AssessmentReport run(Assessor assessor, String target, AssessmentBudget budget) {
    try {
      return assessor.assess(
          AssessmentTarget.read(target).orElseThrow(), budget, ProgressListener.none());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Optional<Finding> find(AssessmentReport report, String id) {
    return report.findings().stream().filter(f -> f.check().id().equals(id)).findFirst();
  }

  @Test
  void everyAddressOfEveryHostIsScannedAndTheWeakestDecidesTheGrade() throws Exception {
    InetAddress weak = InetAddress.getByName("2001:db8::1");
    AssessmentReport report =
        run(
            assessor(
                ZONES,
                new FixedProbe(
                    List.of("starttls.offered"),
                    v ->
                        weak.equals(v.location().address()) ? CheckOutcome.FAIL : CheckOutcome.PASS,
                    1,
                    0)),
            "example.org",
            AssessmentBudget.of(ScanDepth.STANDARD));
    assertEquals(3, report.addresses().size());
    assertEquals("F", report.letter());
    Grade grade = report.graded().orElseThrow();
    assertEquals("an MX without STARTTLS", grade.caps().getFirst().reason());
    assertEquals(grade.letter(), grade.caps().getFirst().most());
    // The findings of one address do not count at another.
    long capped =
        report.addresses().stream()
            .filter(
                s ->
                    s.grade() != null
                        && s.grade().caps().stream()
                            .anyMatch(c -> c.finding().check().id().equals("starttls.offered")))
            .count();
    assertEquals(1, capped);
    assertEquals("parity/weaker", find(report, "parity").orElseThrow().code());
    assertEquals(CheckOutcome.PASS, find(report, "reach.all").orElseThrow().outcome());
    assertEquals(CheckOutcome.WARN, find(report, "tlsrpt").orElseThrow().outcome());
  }

  @Test
  void everyCheckOfTheTableIsReported() {
    AssessmentReport report =
        run(assessor(ZONES), "example.org", AssessmentBudget.of(ScanDepth.QUICK));
    for (Check check : Check.all()) {
      if (!check.id().equals("scan.trouble")) {
        assertTrue(find(report, check.id()).isPresent(), check.id());
      }
    }
    assertEquals(CheckOutcome.NOT_TESTED, find(report, "tls13").orElseThrow().outcome());
  }

  @Test
  void anUnreachableTargetHasNoGradeAndAReason() {
    assertEquals(
        "-", run(assessor(ZONES), "null.example", AssessmentBudget.of(ScanDepth.QUICK)).letter());
    for (String[] row :
        new String[][] {
          {"null.example", "the domain does not accept mail (null MX)"},
          {"nowhere.example", "the domain does not exist"},
          {"example.org", "no host accepts connections"}
        }) {
      AssessmentReport report = run(assessor(ZONES), row[0], AssessmentBudget.of(ScanDepth.QUICK));
      assertNull(report.grade(), row[0]);
      assertEquals(row[1], report.ungraded());
    }
  }

  @Test
  void aBogusZoneIsGradedF() {
    AssessmentReport report =
        run(assessor(ZONES), "bogus.example", AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals("F", report.letter());
  }

  @Test
  void aFailingProbeIsInconclusiveAndAffectsNoOther() {
    Probe broken =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) {
            throw new IllegalStateException("bug");
          }
        };
    AssessmentReport report =
        run(
            assessor(ZONES, broken, fixedProbe(CheckOutcome.PASS, "tls13")),
            "192.0.2.7:25",
            AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals(CheckOutcome.INCONCLUSIVE, find(report, "tls12").orElseThrow().outcome());
    assertEquals(CheckOutcome.PASS, find(report, "tls13").orElseThrow().outcome());
    assertTrue(report.letter().endsWith("?"));
  }

  /** A silent MX must not prevent the answers of the DNS. */
  @Test
  void dnsFindingsAreReportedWithoutReachableHosts() {
    Probe silent =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) throws InterruptedException {
            Thread.sleep(visit.timeLeft());
            return List.of();
          }
        };
    AssessmentReport report =
        run(
            assessor(ZONES, silent),
            "example.org",
            AssessmentBudget.of(ScanDepth.QUICK).withTotal(Duration.ofMillis(50)));
    for (String id : List.of("mx.exists", "dnssec", "tlsrpt", "spf", "dmarc")) {
      assertTrue(find(report, id).orElseThrow().outcome().known(), id);
    }
    assertEquals(CheckOutcome.INCONCLUSIVE, find(report, "parity").orElseThrow().outcome());
  }

  @Test
  void aDomainWithoutMailNeedsNoPolicies() {
    for (String domain : List.of("null.example", "gone.example")) {
      AssessmentReport report = run(assessor(ZONES), domain, AssessmentBudget.of(ScanDepth.QUICK));
      for (String id : List.of("tlsrpt", "parity", "dnssec", "starttls.offered", "dane.match")) {
        assertEquals(
            CheckOutcome.NOT_NEEDED, find(report, id).orElseThrow().outcome(), domain + id);
      }
      assertTrue(
          report.findings().stream()
              .filter(f -> !f.check().id().equals("mx.exists"))
              .noneMatch(f -> f.outcome() == CheckOutcome.FAIL || f.outcome() == CheckOutcome.WARN),
          report.findings().toString());
    }
    AssessmentReport unknown =
        run(
            assessor(FixedResolver.builder().fails("example.org").build()),
            "example.org",
            AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals(CheckOutcome.INCONCLUSIVE, find(unknown, "tlsrpt").orElseThrow().outcome());
  }

  /**
   * Without MX and address a domain gets no mail, as with a null MX; a silent name server proves
   * nothing.
   */
  @Test
  void aDomainWithoutAnyHostTakesNoMailAndASilentDnsProvesNothing() {
    Resolver resolver =
        FixedResolver.builder()
            .txt("txtonly.example", "hello")
            .mx("fails.example", 10, "mx.fails.example")
            .fails("mx.fails.example")
            .mx("dead.example", 10, "no.dead.example")
            .build();
    AssessmentReport none =
        run(assessor(resolver), "txtonly.example", AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals("mx.exists/unusable", find(none, "mx.exists").orElseThrow().code());
    for (String id : List.of("tlsrpt", "parity", "reach.all", "dnssec", "dane.match", "both")) {
      assertEquals(CheckOutcome.NOT_NEEDED, find(none, id).orElseThrow().outcome(), id);
    }
    assertTrue(none.ungraded().contains("neither an MX record nor an address"), none.ungraded());
    AssessmentReport silent =
        run(assessor(resolver), "fails.example", AssessmentBudget.of(ScanDepth.QUICK));
    Finding reach = find(silent, "reach.all").orElseThrow();
    assertEquals(CheckOutcome.INCONCLUSIVE, reach.outcome(), reach.observed());
    assertTrue(reach.observed().contains("mx.fails.example"), reach.observed());
    assertEquals("the addresses of the hosts cannot be looked up", silent.ungraded());
    AssessmentReport dead =
        run(assessor(resolver), "dead.example", AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals("reach.all/none", find(dead, "reach.all").orElseThrow().code());
  }

  /** Reports of domains without mail, as pages for the browser: no grade, a reason, no faults. */
  @ParameterizedTest
  @CsvSource({"null.example, null-mx.html", "gone.example, no-mx.html"})
  void aDomainWithoutMailHasAPage(String domain, String name) throws IOException {
    AssessmentReport report = run(assessor(ZONES), domain, AssessmentBudget.of(ScanDepth.QUICK));
    String page = ReportPage.of(report);
    assertTrue(page.contains("No grade: "), page);
    Path pages = Files.createDirectories(Path.of("target", "pages"));
    Files.writeString(pages.resolve(name), page);
  }

  @Test
  void aNullMxNextToAnotherMxIsAFault() {
    Resolver resolver =
        FixedResolver.builder()
            .mx("example.org", 0, ".")
            .mx("example.org", 10, "mx1.example.org")
            .address("mx1.example.org", "192.0.2.1")
            .build();
    AssessmentReport report =
        run(assessor(resolver), "example.org", AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals("mx.exists/null-beside", find(report, "mx.exists").orElseThrow().code());
    AssessmentReport twice =
        run(
            assessor(
                FixedResolver.builder()
                    .mx("example.org", 0, ".")
                    .mx("example.org", 10, ".")
                    .build()),
            "example.org",
            AssessmentBudget.of(ScanDepth.QUICK));
    Finding exists = find(twice, "mx.exists").orElseThrow();
    assertEquals("mx.exists/null-beside", exists.code(), exists.observed());
    assertEquals(CheckOutcome.FAIL, exists.outcome());
    assertTrue(twice.ungraded().startsWith("the MX records are not usable"), twice.ungraded());
  }

  /** A dead second host leaves a doubt: its result is unknown. */
  @Test
  void anUnreachableHostMakesTheGradeUncertain() {
    Probe onlyFirst =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls13"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) {
            if (!visit.location().text().contains("mx1")) {
              return List.of();
            }
            visit.facts().answers();
            return List.of(
                Finding.of(Check.of("tls13"), CheckOutcome.PASS, visit.location(), "TLS 1.3"));
          }
        };
    AssessmentReport report =
        run(assessor(ZONES, onlyFirst), "example.org", AssessmentBudget.of(ScanDepth.STANDARD));
    assertTrue(report.graded().orElseThrow().uncertain());
    assertTrue(report.letter().endsWith("?"), report.letter());
  }

  private static Probe starttlsMissing() {
    return new Probe() {
      @Override
      public List<Check> checks() {
        return List.of(Check.of("starttls.offered"));
      }

      @Override
      public List<Finding> run(AddressVisit visit) {
        visit.facts().answers();
        return List.of(
            Finding.of(Check.of("starttls.offered"), CheckOutcome.FAIL, visit.location(), "none")
                .as("missing"));
      }
    };
  }

  @Test
  void withoutStarttlsUntestedTlsChecksLeaveTheGradeCertain() {
    AssessmentReport report =
        run(
            assessor(
                ZONES,
                starttlsMissing(),
                fixedProbe(CheckOutcome.INCONCLUSIVE, "tls13", "suite.rc4")),
            "192.0.2.7:25",
            AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals(CheckOutcome.NOT_NEEDED, find(report, "suite.rc4").orElseThrow().outcome());
    assertEquals("F", report.letter());
  }

  @Test
  void connectionsStayWithinTheBudgetAndSomeAreReservedForLaterProbes() {
    FixedProbe greedy = new FixedProbe(List.of("tls12"), v -> CheckOutcome.PASS, 100, 0);
    FixedProbe modest = new FixedProbe(List.of("tls13"), v -> CheckOutcome.PASS, 2, 2);
    AssessmentReport report =
        run(assessor(ZONES, greedy, modest), "192.0.2.7:25", AssessmentBudget.of(ScanDepth.QUICK));
    assertEquals(8, report.connections());
    assertEquals(CheckOutcome.NOT_TESTED, find(report, "tls12").orElseThrow().outcome());
    assertEquals(CheckOutcome.PASS, find(report, "tls13").orElseThrow().outcome());
  }

  @Test
  void afterTheTimeLimitTheRestIsNotTested() {
    List<String> looked = new ArrayList<>();
    Probe slow =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) throws InterruptedException {
            looked.add("slow");
            while (visit.timeLeft().isPositive()) {
              Thread.onSpinWait();
            }
            return List.of();
          }
        };
    AssessmentReport report =
        run(
            assessor(ZONES, slow, fixedProbe(CheckOutcome.PASS, "tls13")),
            "192.0.2.7:25",
            AssessmentBudget.of(ScanDepth.QUICK).withTotal(Duration.ofMillis(50)));
    assertEquals(List.of("slow"), looked);
    Finding unseen = find(report, "tls13").orElseThrow();
    assertEquals(CheckOutcome.NOT_TESTED, unseen.outcome());
    assertEquals("the time limit was reached", unseen.observed());
    assertEquals(CheckOutcome.NOT_NEEDED, find(report, "mx.exists").orElseThrow().outcome());
  }

  @Test
  void targetsAreReadInAllTheirForms() {
    for (String[] row :
        new String[][] {
          {"example.org", "example.org"},
          {"Example.ORG.", "example.org"},
          {"mx.example.org:25", "mx.example.org:25 STARTTLS"},
          {"mx.example.org:465", "mx.example.org:465 IMPLICIT"},
          {"smtps://mx.example.org", "mx.example.org:465 IMPLICIT"},
          {"smtps://mx.example.org:2465", "mx.example.org:2465 IMPLICIT"},
          {"smtp://mx.example.org", "mx.example.org:25 STARTTLS"},
          {"192.0.2.1", "[192.0.2.1]:25 STARTTLS"},
          {"192.0.", "192.0"},
          {"192.0.2.1:2525", "[192.0.2.1]:2525 STARTTLS"},
          {"[IPv6:2001:db8::1]:26", "[2001:db8::1]:26 STARTTLS"},
          {"2001:db8::1", "[2001:db8::1]:25 STARTTLS"},
        }) {
      AssessmentTarget target =
          AssessmentTarget.read(row[0]).orElseThrow(() -> new AssertionError(row[0]));
      String text =
          target instanceof AssessmentTarget.HostTarget h
              ? h.text() + " " + h.tlsStart()
              : target.text();
      assertEquals(row[1], text);
    }
    for (String wrong :
        List.of(
            "",
            ":",
            "a b",
            "x:0",
            "x:65536",
            "x:y",
            "[1.2.3.4",
            "fe80::1%eth0",
            "smtp://",
            "192.0.2.1.",
            "192.0.2.256")) {
      assertFalse(AssessmentTarget.read(wrong).isPresent(), wrong);
    }
  }
}
