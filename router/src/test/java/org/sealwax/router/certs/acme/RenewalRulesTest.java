package org.sealwax.router.certs.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.router.certs.acme.RenewalRules.RenewalStep;
import org.sealwax.router.certs.acme.RenewalState.IssuedFacts;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;

/** When a certificate is ordered: single decisions, and years of simulated time. */
final class RenewalRulesTest {
  private static final Instant START = Instant.parse("2027-03-01T00:00:00Z");
  private static final Duration DAY = Duration.ofDays(1);

  private static RenewalState issued(Duration lifetime) {
    return RenewalRules.after(
        RenewalState.NEW,
        new RenewalAnswer.Issued(new IssuedFacts(START, START.plus(lifetime), 0.5)),
        START,
        0);
  }

  private static RenewalState failed(RenewalState state, Instant now, Optional<Duration> retry) {
    return RenewalRules.after(state, new RenewalAnswer.Failed("refused", retry), now, 0);
  }

  private static RenewalState window(RenewalState state, RenewalWindow window, Instant now) {
    return RenewalRules.after(state, new RenewalAnswer.Window(window, Optional.empty()), now, 0);
  }

  @Test
  void withoutACertificateOneIsOrderedAtOnce() {
    assertEquals(RenewalStep.ORDER, RenewalRules.next(RenewalState.NEW, START));
  }

  @ParameterizedTest
  @ValueSource(ints = {6, 45, 64, 90})
  void withoutAWindowItIsRenewedAtTwoThirdsOfTheLifetime(int days) {
    Set<Instant> times = new TreeSet<>();
    for (int i = 0; i <= 100; i++) {
      IssuedFacts facts = new IssuedFacts(START, START.plus(DAY.multipliedBy(days)), i / 100.0);
      RenewalState state =
          RenewalRules.after(RenewalState.NEW, new RenewalAnswer.Issued(facts), START, 0);
      Instant time = RenewalRules.renewalTime(state);
      times.add(time);
      double part = Duration.between(START, time).toSeconds() / (days * 86_400.0);
      assertTrue(part <= 2.0 / 3 && part >= 0.64, "part " + part);
      assertFalse(RenewalRules.next(state, time.minusSeconds(1)) == RenewalStep.ORDER);
      assertEquals(RenewalStep.ORDER, RenewalRules.next(state, time));
    }
    assertEquals(101, times.size(), "spread");
  }

  @Test
  void aWindowOfTheAuthorityCounts() {
    RenewalState state = issued(DAY.multipliedBy(90));
    assertEquals(RenewalStep.ASK_WINDOW, RenewalRules.next(state, START));
    Instant from = START.plus(DAY.multipliedBy(20));
    RenewalState known =
        window(state, new RenewalWindow(from, from.plus(DAY.multipliedBy(2))), START);
    assertEquals(from.plus(DAY), RenewalRules.renewalTime(known), "the middle, by its spread");
    assertEquals(RenewalStep.WAIT, RenewalRules.next(known, START.plusSeconds(3_600)));
    assertEquals(
        RenewalStep.ASK_WINDOW, RenewalRules.next(known, START.plus(RenewalRules.ASK_EVERY)));
    // RFC 9773 4.1: an incident moves it to the past.
    RenewalState revoked =
        window(known, new RenewalWindow(START.minus(DAY), START), START.plus(DAY));
    assertEquals(RenewalStep.ORDER, RenewalRules.next(revoked, START.plus(DAY)));
  }

  @ParameterizedTest
  @CsvSource({
    "2099-01-01T00:00:00Z, 2099-01-02T00:00:00Z, 2027-05-18T18:00:00Z",
    "+1000000000-12-31T00:00:00Z, +1000000000-12-31T23:59:59Z, 2027-05-18T18:00:00Z",
    "1970-01-01T00:00:00Z, 1970-01-02T00:00:00Z, 2027-03-01T06:00:00Z",
    "-1000000000-01-01T00:00:00Z, -1000000000-01-02T00:00:00Z, 2027-03-01T06:00:00Z",
    "-1000000000-01-01T00:00:00Z, +1000000000-12-31T23:59:59Z, 2027-04-15T00:00:00Z",
  })
  void anAuthorityCannotMoveARenewalBeyondOurBounds(Instant from, Instant to, Instant renewed) {
    RenewalState state = window(issued(DAY.multipliedBy(90)), new RenewalWindow(from, to), START);
    assertEquals(renewed, RenewalRules.renewalTime(state));
  }

  @Test
  void aWindowThatEndsBeforeItBeginsDoesNotCount() {
    RenewalState state = issued(DAY.multipliedBy(90));
    RenewalWindow wrong = new RenewalWindow(START.plus(DAY), START.plus(DAY).minusSeconds(1));
    assertEquals(
        RenewalRules.renewalTime(state), RenewalRules.renewalTime(window(state, wrong, START)));
    RenewalWindow good = new RenewalWindow(START.plus(DAY), START.plus(DAY.multipliedBy(2)));
    RenewalState known = window(state, good, START);
    RenewalState unanswered =
        RenewalRules.after(known, new RenewalAnswer.NoWindow(Optional.empty()), START, 0);
    assertEquals(Optional.of(good), unanswered.window(), "no answer changes nothing");
  }

  @ParameterizedTest
  @CsvSource({"PT0S,PT1M", "PT1M,PT1M", "PT3H,PT3H", "P1D,P1D", "P999D,P1D"})
  void theTimeToAskAgainHasBounds(Duration asked, Duration used) {
    RenewalState state =
        RenewalRules.after(
            issued(DAY.multipliedBy(90)), new RenewalAnswer.NoWindow(Optional.of(asked)), START, 0);
    assertEquals(START.plus(used), state.askWindowAt());
  }

  @Test
  void failuresWaitLongerEachTimeUpToALimit() {
    RenewalState state = issued(DAY.multipliedBy(90));
    Instant now = RenewalRules.renewalTime(state);
    List<Duration> waits = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      state = failed(state, now, Optional.empty());
      waits.add(Duration.between(now, state.orderAt()));
      assertEquals(RenewalStep.WAIT, RenewalRules.next(askedJustNow(state, now), now));
      now = state.orderAt();
      assertEquals(RenewalStep.ORDER, RenewalRules.next(state, now));
    }
    assertEquals("[PT15M, PT30M, PT1H, PT2H, PT4H, PT8H, PT16H, PT24H, PT24H]", waits.toString());
    assertEquals(9, state.failures());
    assertEquals(RenewalRules.renewalTime(state), state.failedSince());
  }

  private static RenewalState askedJustNow(RenewalState state, Instant now) {
    return RenewalRules.after(state, new RenewalAnswer.NoWindow(Optional.empty()), now, 0);
  }

  @ParameterizedTest
  @CsvSource({"PT1S,PT15M", "PT1H,PT1H", "P1D,P1D", "P3650D,P1D"})
  void retryAfterCountsBetweenOurLimits(Duration asked, Duration used) {
    RenewalState state = failed(RenewalState.NEW, START, Optional.of(asked));
    assertEquals(START.plus(used), state.orderAt());
  }

  @Test
  void aClockThatWentBackDoesNotStopOrders() {
    RenewalState state = failed(RenewalState.NEW, START, Optional.of(DAY));
    assertEquals(RenewalStep.WAIT, RenewalRules.next(state, START));
    assertEquals(RenewalStep.ORDER, RenewalRules.next(state, START.minusSeconds(1)));
  }

  /** An authority and a clock, which may be good or bad. */
  private static final class SimulatedYears {
    private final Random random;
    private RenewalState state = RenewalState.NEW;
    private Instant now = START;
    private int orders;

    SimulatedYears(long seed) {
      this.random = new Random(seed);
    }

    /** Steps of a minute to an hour, until the time has come. */
    void run(Instant end, Duration lifetime, double failing) {
      while (now.isBefore(end)) {
        RenewalAnswer answer =
            switch (RenewalRules.next(state, now)) {
              case WAIT -> null;
              case ORDER -> {
                orders++;
                yield random.nextDouble() < failing
                    ? new RenewalAnswer.Failed("down", oddRetry())
                    : new RenewalAnswer.Issued(
                        new IssuedFacts(now, now.plus(lifetime), random.nextDouble()));
              }
              case ASK_WINDOW -> oddWindow();
            };
        if (answer != null) {
          state = RenewalRules.after(state, answer, now, random.nextDouble());
        }
        now = now.plusSeconds(60 + random.nextInt(3_540));
      }
    }

    private Optional<Duration> oddRetry() {
      return random.nextInt(3) == 0
          ? Optional.of(Duration.ofSeconds(random.nextInt(10_000_000)))
          : Optional.empty();
    }

    private RenewalAnswer oddWindow() {
      return switch (random.nextInt(4)) {
        case 0 -> new RenewalAnswer.NoWindow(oddRetry());
        case 1 ->
            new RenewalAnswer.Window(
                new RenewalWindow(START.minus(DAY), START.minusSeconds(1)), oddRetry());
        case 2 ->
            new RenewalAnswer.Window(
                new RenewalWindow(now.plus(DAY.multipliedBy(900)), Instant.MAX), oddRetry());
        default ->
            new RenewalAnswer.Window(
                new RenewalWindow(now.plus(DAY), now.plus(DAY.multipliedBy(30))), oddRetry());
      };
    }
  }

  @Test
  void anAuthorityThatLiesAndFailsNeitherEndsACertificateNorGetsAStreamOfOrders() {
    for (int seed = 0; seed < 40; seed++) {
      SimulatedYears years = new SimulatedYears(seed);
      for (int day = 1; day <= 730; day++) {
        Instant end = START.plus(DAY.multipliedBy(day));
        years.run(end, DAY.multipliedBy(45), 0.5);
        assertTrue(
            years.state.issued().isPresent() && years.state.issued().get().end().isAfter(years.now),
            "seed " + seed + ": no valid certificate on day " + day);
      }
      // A window in the past counts once in six hours at most, and a half of all orders fail.
      assertTrue(years.orders < 730 * 10, "seed " + seed + ": " + years.orders + " orders");
    }
  }

  @Test
  void anAuthorityThatIsDownIsAskedAFewTimesADay() {
    SimulatedYears years = new SimulatedYears(1);
    years.run(START.plus(DAY.multipliedBy(100)), DAY.multipliedBy(45), 1);
    assertTrue(years.orders < 100 * 4 + 10, years.orders + " orders");
    assertTrue(years.orders > 100, years.orders + " orders");
    years.run(START.plus(DAY.multipliedBy(102)), DAY.multipliedBy(45), 0);
    assertTrue(years.state.issued().isPresent(), "ordered within a day after it is back");
  }

  @Test
  void aClockThatJumpsDoesNotStopRenewals() {
    for (long days : new long[] {-4_000, -30, -1, 1, 30, 4_000}) {
      SimulatedYears years = new SimulatedYears(days);
      years.run(START.plus(DAY.multipliedBy(20)), DAY.multipliedBy(45), 0.3);
      Instant jumped = years.now.plus(DAY.multipliedBy(days));
      years.now = jumped;
      years.run(jumped.plus(DAY.multipliedBy(2)), DAY.multipliedBy(45), 0);
      years.now = START.plus(DAY.multipliedBy(22));
      years.run(START.plus(DAY.multipliedBy(200)), DAY.multipliedBy(45), 0.3);
      assertTrue(
          years.state.issued().isPresent() && years.state.issued().get().end().isAfter(years.now),
          days + " days");
    }
  }
}
