package org.sealwax.assess.survey;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.AddressVisits;
import org.sealwax.assess.Assessor;
import org.sealwax.assess.Probe;
import org.sealwax.assess.TargetLookup;
import org.sealwax.assess.VisitLimiter;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;

/** Many targets: bad lines, going on, politeness, bounds. */
final class SurveyTest {
  private static final FixedResolver ZONES =
      FixedResolver.builder()
          .mx("a.example", 10, "mx.a.example")
          .address("mx.a.example", "192.0.2.1")
          .mx("b.example", 10, "mx.b.example")
          .address("mx.b.example", "192.0.2.2")
          .build();

  private static Assessor assessor(VisitLimiter limiter, Probe... probes) {
    return assessor(Clock.system(), limiter, probes);
  }

  private static Assessor assessor(Clock clock, VisitLimiter limiter, Probe... probes) {
    return new Assessor(
        new TargetLookup(ZONES, RandomSource.seeded(1), 25),
        new AddressVisits(List.of(probes), 1, limiter, clock),
        List.of(),
        ReceiverRubric.rules(),
        "probe.example",
        "test",
        clock);
  }

  /** Keeps what comes. */
  private static class CollectedResults implements Survey.ResultWriter {
    final TreeMap<Long, String> lines = new TreeMap<>();
    final List<Long> skipped = new ArrayList<>();

    @Override
    public void report(long line, AssessmentReport report) throws IOException {
      lines.put(line, report.target() + " " + report.letter());
    }

    @Override
    public void bad(long line, String text, String why) {
      lines.put(line, "bad: " + why);
    }

    @Override
    public void skipped(long line) {
      skipped.add(line);
    }
  }

  @Test
  void invalidLinesAreReportedWithTheirNumberAndTheRestContinues() throws Exception {
    CollectedResults kept = new CollectedResults();
    String input =
        "a.example\n\n# a remark\nnot a domain\n" + "x".repeat(5_000) + "\nb.example\r\nmx:99999";
    new Survey(assessor(VisitLimiter.open()), AssessmentBudget.of(ScanDepth.QUICK), 3)
        .run(new StringReader(input), line -> false, kept);
    assertEquals(
        "{1=a.example -, 4=bad: no domain, host or host:port,"
            + " 5=bad: longer than 1024 characters, 6=b.example -,"
            + " 7=bad: no domain, host or host:port}",
        kept.lines.toString());
  }

  @Test
  void aSurveyContinuesWhereItStopped(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("state");
    try (SurveyState state = SurveyState.open(file, "list", null)) {
      state.note(2);
      state.note(1);
      state.note(5);
      assertEquals(1, state.held());
    }
    Files.writeString(file, Files.readString(file) + "3");
    CollectedResults kept = new CollectedResults();
    try (SurveyState state = SurveyState.open(file, "list", null)) {
      assertFalse(state.done(3), "a number without its end may be the beginning of 34");
      new Survey(assessor(VisitLimiter.open()), AssessmentBudget.of(ScanDepth.QUICK), 2)
          .run(new StringReader("a.example\n".repeat(6)), state, kept);
    }
    assertEquals(List.of(1L, 2L, 5L), kept.skipped);
    assertEquals("[3, 4, 6]", kept.lines.keySet().toString());
    assertThrows(IOException.class, () -> SurveyState.open(file, "another", null));
  }

  /** Each moment at which a process may end between two results, and what is found of it. */
  @Test
  void afterAnyCrashNoResultIsRepeatedOrPartial(@TempDir Path folder) throws Exception {
    String head = "sealwax survey 1 list\n1 0\n1\n";
    String first = "{\"line\":1,\"x\":1}\n";
    int at = first.length();
    String begun = head + "23 " + at + "\n";
    String second = "{\"line\":23,\"x\":" + "2".repeat(20_000) + "}\n";
    record Row(String state, String results, boolean done, String left) {}
    for (Row row :
        List.of(
            new Row(head + "23 1", first, false, first),
            new Row(begun, first, false, first),
            new Row(begun, first + "{\"li", false, first),
            new Row(begun, first + second.substring(0, 12_000), false, first),
            new Row(begun, first + second.substring(0, second.length() - 1), false, first),
            new Row(begun, first + second, true, first + second),
            new Row(begun + "2", first + second, true, first + second),
            new Row(begun + "23\n", first + second, true, first + second),
            // Lines of another origin, or another file: nothing is removed, nothing is trusted.
            new Row(begun, first + "other\n", false, first + "other\n"),
            new Row(begun, first + "other", false, first + "other"),
            new Row(begun, first + "{\"line\":2,", false, first + "{\"line\":2,"),
            new Row(begun, "", false, ""))) {
      Path state = Files.writeString(folder.resolve("state"), row.state());
      Path results = Files.writeString(folder.resolve("results"), row.results());
      for (int again = 0; again < 2; again++) {
        try (SurveyState open = SurveyState.open(state, "list", results)) {
          assertTrue(open.done(1), row.toString());
          assertEquals(row.done(), open.done(23), row.toString());
          assertFalse(open.done(2), row.toString());
        }
        assertEquals(row.left(), Files.readString(results), row.toString());
      }
    }
  }

  @Test
  void aFailingResultWriterEndsTheSurveyWithItsError() {
    IOException failure = new IOException("disk full");
    CollectedResults kept =
        new CollectedResults() {
          @Override
          public void report(long line, AssessmentReport report) throws IOException {
            throw failure;
          }
        };
    assertEquals(
        failure,
        assertThrows(
            IOException.class,
            () ->
                new Survey(assessor(VisitLimiter.open()), AssessmentBudget.of(ScanDepth.QUICK), 1)
                    .run(new StringReader("a.example\n".repeat(50)), line -> false, kept)));
  }

  @Test
  void linesAreReadOnlyUpToTheWindow() throws Exception {
    AtomicInteger read = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Reader endless =
        new Reader() {
          @Override
          public int read(char[] buffer, int offset, int length) {
            if (read.get() >= 2_000) {
              return -1;
            }
            "a.example\n".getChars(0, 10, buffer, offset);
            most.accumulateAndGet(read.incrementAndGet() - done.get(), Math::max);
            return 10;
          }

          @Override
          public void close() {}
        };
    new Survey(assessor(VisitLimiter.open()), AssessmentBudget.of(ScanDepth.QUICK), 7)
        .run(
            endless,
            line -> false,
            new CollectedResults() {
              @Override
              public void report(long line, AssessmentReport report) {
                done.incrementAndGet();
              }
            });
    assertEquals(2_000, done.get());
    // The window, the line that is read, and one that was counted before its end was.
    assertTrue(most.get() <= 7 + 3, "read ahead by " + most.get());
  }

  /** The queue in front of a provider is not a fault of the targets in it. */
  @Test
  void waitingForThePermitDoesNotUseTheTargetsTime() throws Exception {
    ManualClock clock = new ManualClock(Clock.system().now());
    VisitLimiter slow =
        address -> {
          clock.pass(Duration.ofHours(1));
          return () -> {};
        };
    List<Duration> left = new CopyOnWriteArrayList<>();
    Probe probe =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls13"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) {
            left.add(visit.timeLeft());
            return List.of();
          }
        };
    AssessmentBudget budget = AssessmentBudget.of(ScanDepth.QUICK).withTotal(Duration.ofMinutes(1));
    new Survey(assessor(clock, slow, probe), budget, 1)
        .run(new StringReader("a.example\n"), line -> false, new CollectedResults());
    assertEquals(1, left.size());
  }

  @Test
  void oneBlockSharesABudget() throws Exception {
    AtomicInteger there = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Probe probe =
        new Probe() {
          @Override
          public List<Check> checks() {
            return List.of(Check.of("tls13"));
          }

          @Override
          public List<Finding> run(AddressVisit visit) {
            most.accumulateAndGet(there.incrementAndGet(), Math::max);
            Thread.yield();
            there.decrementAndGet();
            return List.of();
          }
        };
    ProviderLimiter gate =
        new ProviderLimiter(
            50, new ProviderLimiter.BlockLimit(1, Duration.ofMillis(2)), Clock.system());
    long start = System.nanoTime();
    new Survey(assessor(gate, probe), AssessmentBudget.of(ScanDepth.QUICK), 20)
        .run(
            new StringReader("a.example\nb.example\n".repeat(20)),
            line -> false,
            new CollectedResults());
    assertEquals(1, most.get());
    // 40 visits to one /24 with 39 pauses between their beginnings.
    assertTrue(System.nanoTime() - start >= Duration.ofMillis(39 * 2).toNanos());
  }

  @Test
  void blocksFollowAddressPrefixesAndExpire() throws Exception {
    assertEquals(
        ProviderLimiter.block(InetAddress.ofLiteral("192.0.2.1")),
        ProviderLimiter.block(InetAddress.ofLiteral("192.0.2.254")));
    assertEquals(
        ProviderLimiter.block(InetAddress.ofLiteral("2001:db8:1::1")),
        ProviderLimiter.block(InetAddress.ofLiteral("2001:db8:1:ffff::1")));
    ProviderLimiter gate =
        new ProviderLimiter(1, new ProviderLimiter.BlockLimit(1, Duration.ZERO), Clock.system());
    for (int i = 0; i < 20_000; i++) {
      gate.enter(InetAddress.getByAddress(new byte[] {10, (byte) (i >> 8), (byte) i, 1})).close();
    }
    assertTrue(gate.remembered() <= 4_097, "remembers " + gate.remembered());
  }
}
