package org.sealwax.assess;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.Report;
import org.sealwax.assess.model.Target;
import org.sealwax.assess.review.DnssecReview;
import org.sealwax.assess.review.MxReview;
import org.sealwax.assess.review.PanelReview;
import org.sealwax.assess.review.ParityReview;
import org.sealwax.assess.review.ReportingReview;
import org.sealwax.assess.review.Webs;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.dns.FixedResolver;

/** Planning, running and grading, with probes that say what the test wants. */
final class AssessmentTest {
  private static final FixedResolver WORLD =
      FixedResolver.builder()
          .mx("example.org", 10, "mx1.example.org")
          .mx("example.org", 20, "mx2.example.org")
          .address("mx1.example.org", "192.0.2.1")
          .address("mx1.example.org", "2001:db8::1")
          .address("mx2.example.org", "192.0.2.2")
          .mx("null.example", 0, ".")
          .bogus("bogus.example")
          .build();

  /** Says one outcome of a few checks at each address. */
  private record Says(List<String> ids, Function<Visit, Outcome> outcome, int spends, int reserves)
      implements Probe {
    @Override
    public List<Check> checks() {
      return ids.stream().map(Check::of).toList();
    }

    @Override
    public int reserve(Depth depth) {
      return reserves;
    }

    @Override
    public List<Finding> look(Visit visit) {
      visit.sightings().answers();
      int taken = 0;
      while (taken < spends && visit.purse().take()) {
        taken++;
      }
      if (taken < spends) {
        return List.of();
      }
      return checks().stream()
          .map(c -> Finding.of(c, outcome.apply(visit), visit.place(), "as the test says"))
          .toList();
    }
  }

  private static Says says(Outcome outcome, String... ids) {
    return new Says(List.of(ids), v -> outcome, 1, 0);
  }

  private static Setup setup(Resolver resolver, Probe... probes) {
    return new Setup(
        resolver,
        List.of(probes),
        List.of(
            new MxReview(true, true),
            new DnssecReview(resolver),
            new ReportingReview(resolver, Webs.answers(405)),
            new PanelReview(resolver),
            new ParityReview()),
        ReceiverRubric.rules(),
        "probe.example",
        25,
        "test",
        2,
        Setup.Gate.open(),
        Clock.system(),
        Chance.seeded(1));
  }

  private static Report run(Setup setup, String target, Budget budget) {
    try {
      return new Assessment(setup, Target.read(target).orElseThrow(), budget, Progress.none())
          .run();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Optional<Finding> find(Report report, String id) {
    return report.findings().stream().filter(f -> f.check().id().equals(id)).findFirst();
  }

  @Test
  void everyAddressOfEveryHostIsVisitedAndTheWeakestGivesTheGrade() throws Exception {
    InetAddress weak = InetAddress.getByName("2001:db8::1");
    Report report =
        run(
            setup(
                WORLD,
                new Says(
                    List.of("starttls.offered"),
                    v -> weak.equals(v.place().address()) ? Outcome.FAIL : Outcome.PASS,
                    1,
                    0)),
            "example.org",
            Budget.of(Depth.STANDARD));
    assertEquals(3, report.stations().size());
    assertEquals("F", report.letter());
    Grade grade = report.graded().orElseThrow();
    assertEquals("an MX without STARTTLS", grade.caps().getFirst().reason());
    assertEquals(grade.letter(), grade.caps().getFirst().most());
    // The findings of one address do not count at another.
    long capped =
        report.stations().stream()
            .filter(
                s ->
                    s.grade() != null
                        && s.grade().caps().stream()
                            .anyMatch(c -> c.finding().check().id().equals("starttls.offered")))
            .count();
    assertEquals(1, capped);
    assertEquals("parity/weaker", find(report, "parity").orElseThrow().code());
    assertEquals(Outcome.PASS, find(report, "reach.all").orElseThrow().outcome());
    assertEquals(Outcome.WARN, find(report, "tlsrpt").orElseThrow().outcome());
  }

  @Test
  void everyCheckOfTheTableIsTold() {
    Report report = run(setup(WORLD), "example.org", Budget.of(Depth.QUICK));
    for (Check check : Check.all()) {
      if (!check.id().equals("scan.trouble")) {
        assertTrue(find(report, check.id()).isPresent(), check.id());
      }
    }
    assertEquals(Outcome.NOT_TESTED, find(report, "tls13").orElseThrow().outcome());
  }

  @Test
  void whatNobodyAnswersHasNoGradeAndSaysWhy() {
    assertEquals("-", run(setup(WORLD), "null.example", Budget.of(Depth.QUICK)).letter());
    for (String[] row :
        new String[][] {
          {"null.example", "the domain takes no mail (null MX)"},
          {"nowhere.example", "the domain does not exist"},
          {"example.org", "no host answers"}
        }) {
      Report report = run(setup(WORLD), row[0], Budget.of(Depth.QUICK));
      assertNull(report.grade(), row[0]);
      assertEquals(row[1], report.ungraded());
    }
  }

  @Test
  void aBogusZoneIsGradedF() {
    Report report = run(setup(WORLD), "bogus.example", Budget.of(Depth.QUICK));
    assertEquals("F", report.letter());
  }

  @Test
  void aProbeThatBreaksIsInconclusiveAndTakesNobodyAlong() {
    Probe broken =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> look(Visit visit) {
            throw new IllegalStateException("bug");
          }
        };
    Report report =
        run(
            setup(WORLD, broken, says(Outcome.PASS, "tls13")),
            "192.0.2.7:25",
            Budget.of(Depth.QUICK));
    assertEquals(Outcome.INCONCLUSIVE, find(report, "tls12").orElseThrow().outcome());
    assertEquals(Outcome.PASS, find(report, "tls13").orElseThrow().outcome());
    assertTrue(report.letter().endsWith("?"));
  }

  /** One MX that says nothing must not cost the answers of the DNS. */
  @Test
  void whatTheDnsSaysIsReportedWhateverTheHostsDo() {
    Probe silent =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> look(Visit visit) throws InterruptedException {
            Thread.sleep(visit.left());
            return List.of();
          }
        };
    Report report =
        run(
            setup(WORLD, silent),
            "example.org",
            Budget.of(Depth.QUICK).withTotal(Duration.ofMillis(50)));
    for (String id : List.of("mx.exists", "dnssec", "tlsrpt", "spf", "dmarc")) {
      assertTrue(find(report, id).orElseThrow().outcome().known(), id);
    }
    assertEquals(Outcome.INCONCLUSIVE, find(report, "parity").orElseThrow().outcome());
  }

  @Test
  void aDomainWithoutMailNeedsNoPolicies() {
    for (String domain : List.of("null.example", "gone.example")) {
      Report report = run(setup(WORLD), domain, Budget.of(Depth.QUICK));
      for (String id : List.of("tlsrpt", "parity", "dnssec", "starttls.offered", "dane.match")) {
        assertEquals(Outcome.NOT_NEEDED, find(report, id).orElseThrow().outcome(), domain + id);
      }
      assertTrue(
          report.findings().stream()
              .filter(f -> !f.check().id().equals("mx.exists"))
              .noneMatch(f -> f.outcome() == Outcome.FAIL || f.outcome() == Outcome.WARN),
          report.findings().toString());
    }
    Report unknown =
        run(
            setup(FixedResolver.builder().fails("example.org").build()),
            "example.org",
            Budget.of(Depth.QUICK));
    assertEquals(Outcome.INCONCLUSIVE, find(unknown, "tlsrpt").orElseThrow().outcome());
  }

  @Test
  void aNullMxBesideAnotherIsAFault() {
    Resolver world =
        FixedResolver.builder()
            .mx("example.org", 0, ".")
            .mx("example.org", 10, "mx1.example.org")
            .address("mx1.example.org", "192.0.2.1")
            .build();
    Report report = run(setup(world), "example.org", Budget.of(Depth.QUICK));
    assertEquals("mx.exists/null-beside", find(report, "mx.exists").orElseThrow().code());
  }

  /** A dead second host leaves a doubt: nobody knows how it would have been. */
  @Test
  void aHostThatWasNotSeenPutsTheGradeInDoubt() {
    Probe onlyFirst =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls13"));
          }

          @Override
          public List<Finding> look(Visit visit) {
            if (!visit.place().text().contains("mx1")) {
              return List.of();
            }
            visit.sightings().answers();
            return List.of(Finding.of(Check.of("tls13"), Outcome.PASS, visit.place(), "TLS 1.3"));
          }
        };
    Report report = run(setup(WORLD, onlyFirst), "example.org", Budget.of(Depth.STANDARD));
    assertTrue(report.graded().orElseThrow().uncertain());
    assertTrue(report.letter().endsWith("?"), report.letter());
  }

  private static Probe lacksStarttls() {
    return new Probe() {
      @Override
      public List<Check> checks() {
        return List.of(Check.of("starttls.offered"));
      }

      @Override
      public List<Finding> look(Visit visit) {
        visit.sightings().answers();
        return List.of(
            Finding.of(Check.of("starttls.offered"), Outcome.FAIL, visit.place(), "none")
                .as("missing"));
      }
    };
  }

  @Test
  void withoutStarttlsNothingBehindItRaisesADoubt() {
    Report report =
        run(
            setup(WORLD, lacksStarttls(), says(Outcome.INCONCLUSIVE, "tls13", "suite.rc4")),
            "192.0.2.7:25",
            Budget.of(Depth.QUICK));
    assertEquals(Outcome.NOT_TESTED, find(report, "suite.rc4").orElseThrow().outcome());
    assertEquals("F", report.letter());
  }

  @Test
  void noMoreConnectionsThanTheBudgetAndSomeAreKeptForLaterProbes() {
    Says greedy = new Says(List.of("tls12"), v -> Outcome.PASS, 100, 0);
    Says modest = new Says(List.of("tls13"), v -> Outcome.PASS, 2, 2);
    Report report = run(setup(WORLD, greedy, modest), "192.0.2.7:25", Budget.of(Depth.QUICK));
    assertEquals(8, report.connections());
    assertEquals(Outcome.NOT_TESTED, find(report, "tls12").orElseThrow().outcome());
    assertEquals(Outcome.PASS, find(report, "tls13").orElseThrow().outcome());
  }

  @Test
  void whenTheTimeIsOverTheRestIsNotTested() {
    List<String> looked = new ArrayList<>();
    Probe slow =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls12"));
          }

          @Override
          public List<Finding> look(Visit visit) throws InterruptedException {
            looked.add("slow");
            while (visit.left().isPositive()) {
              Thread.onSpinWait();
            }
            return List.of();
          }
        };
    Report report =
        run(
            setup(WORLD, slow, says(Outcome.PASS, "tls13")),
            "192.0.2.7:25",
            Budget.of(Depth.QUICK).withTotal(Duration.ofMillis(50)));
    assertEquals(List.of("slow"), looked);
    Finding unseen = find(report, "tls13").orElseThrow();
    assertEquals(Outcome.NOT_TESTED, unseen.outcome());
    assertEquals("the time was over", unseen.seen());
    assertEquals(Outcome.NOT_NEEDED, find(report, "mx.exists").orElseThrow().outcome());
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
          {"[IPv6:2001:db8::1]:26", "[2001:db8:0:0:0:0:0:1]:26 STARTTLS"},
          {"2001:db8::1", "[2001:db8:0:0:0:0:0:1]:25 STARTTLS"},
        }) {
      Target target = Target.read(row[0]).orElseThrow(() -> new AssertionError(row[0]));
      String text = target instanceof Target.Host h ? h.text() + " " + h.entry() : target.text();
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
      assertFalse(Target.read(wrong).isPresent(), wrong);
    }
  }
}
