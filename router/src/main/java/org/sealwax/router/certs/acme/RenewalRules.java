package org.sealwax.router.certs.acme;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.sealwax.router.certs.acme.RenewalState.IssuedFacts;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;

/**
 * When to do what next for one certificate: pure functions of what is known and the time.
 *
 * <p>Two other parties are not trusted. The authority may suggest any renewal time: it counts only
 * between {@link #LEAST_AGE} after the beginning of the certificate and {@link #LATEST} of its
 * lifetime, so neither an endless stream of orders nor an expired certificate follows from it. The
 * clock may jump: a stored time in the future counts only as far as it could have been set, so a
 * clock that went back does not stop renewals.
 */
public final class RenewalRules {
  /** Without a window: two thirds of the lifetime, the rest is the time for failures. */
  static final double TWO_THIRDS = 2.0 / 3;

  /** Certificates of one day are renewed over this part of their lifetime, not all together. */
  static final double JITTER = 0.02;

  /** A certificate is ordered at the latest after this part of its lifetime. */
  static final double LATEST = 7.0 / 8;

  /** A certificate younger than this is not renewed, whatever the authority suggests. */
  static final Duration LEAST_AGE = Duration.ofHours(6);

  /** After a failure; doubled with each further one. Let's Encrypt allows 5 an hour for a name. */
  static final Duration FIRST_RETRY = Duration.ofMinutes(15);

  /**
   * The longest time between two orders that fail, and the longest that an authority can ask for.
   */
  static final Duration LAST_RETRY = Duration.ofDays(1);

  /** The same when the certificate in hand has passed {@link #LATEST}, or there is none. */
  static final Duration LAST_RETRY_WHEN_LATE = Duration.ofHours(6);

  /** RFC 9773 4.3.2: the time between two questions for the window, where the answer has none. */
  static final Duration ASK_EVERY = Duration.ofHours(6);

  private static final Duration ASK_LEAST = Duration.ofMinutes(1);
  private static final Duration ASK_MOST = Duration.ofDays(1);

  private RenewalRules() {}

  /** What is to be done now. */
  public enum RenewalStep {
    /** Order a certificate. */
    ORDER,
    /** Ask for the renewal window. */
    ASK_WINDOW,
    /** Wait. */
    WAIT
  }

  /**
   * {@return what is to be done}
   *
   * @param state what is known
   * @param now the believed time
   */
  public static RenewalStep next(RenewalState state, Instant now) {
    if (state.issued().isEmpty()) {
      return isPast(state.orderAt(), now, LAST_RETRY) ? RenewalStep.ORDER : RenewalStep.WAIT;
    }
    if (!renewalTime(state).isAfter(now)) {
      return isPast(state.orderAt(), now, LAST_RETRY) ? RenewalStep.ORDER : RenewalStep.WAIT;
    }
    return isPast(state.askWindowAt(), now, ASK_MOST) ? RenewalStep.ASK_WINDOW : RenewalStep.WAIT;
  }

  /** A time further off than it can have been set: the clock went back. */
  private static boolean isPast(Instant time, Instant now, Duration most) {
    return !time.isAfter(now) || time.isAfter(now.plus(most));
  }

  /**
   * {@return when the certificate in hand is renewed, if all goes well; now or before: at once}
   *
   * @param state what is known
   */
  public static Instant renewalTime(RenewalState state) {
    if (state.issued().isEmpty()) {
      return state.orderAt();
    }
    IssuedFacts issued = state.issued().get();
    Instant usual = issued.after(TWO_THIRDS - JITTER * issued.spread());
    Instant wanted = state.window().map(window -> within(window, issued.spread())).orElse(usual);
    Instant least = issued.begin().plus(LEAST_AGE);
    Instant latest = issued.after(LATEST);
    if (wanted.isBefore(least)) {
      wanted = least;
    }
    return wanted.isAfter(latest) ? latest : wanted;
  }

  /** RFC 9773 4.2: a random time in the window. */
  private static Instant within(RenewalWindow window, double spread) {
    Duration length = Duration.between(window.start(), window.end());
    return window.start().plusMillis((long) (length.toMillis() * spread));
  }

  /**
   * {@return when the next order is made at the earliest: for status and log}
   *
   * @param state what is known
   */
  public static Instant nextOrder(RenewalState state) {
    Instant renewal = renewalTime(state);
    return state.orderAt().isAfter(renewal) ? state.orderAt() : renewal;
  }

  /**
   * {@return what is known afterwards}
   *
   * @param state what was known
   * @param answer of the step
   * @param now the believed time
   * @param fraction random, from 0 to 1, spreads the retries of many certificates
   */
  public static RenewalState after(
      RenewalState state, RenewalAnswer answer, Instant now, double fraction) {
    return switch (answer) {
      case RenewalAnswer.Issued(IssuedFacts facts) ->
          new RenewalState(
              Optional.of(facts), Optional.empty(), now, 0, "", Instant.EPOCH, Instant.EPOCH);
      case RenewalAnswer.Failed failed -> {
        int failures = Math.min(state.failures() + 1, 1_000);
        yield new RenewalState(
            state.issued(),
            state.window(),
            state.askWindowAt(),
            failures,
            failed.why(),
            state.failures() == 0 ? now : state.failedSince(),
            now.plus(retry(state, failures, failed.retryAfter(), now, fraction)));
      }
      case RenewalAnswer.Window(RenewalWindow window, Optional<Duration> retryAfter) ->
          asked(
              state,
              window.start().isBefore(window.end())
                  ? state.issued().map(issued -> inside(issued, window))
                  : Optional.empty(),
              retryAfter,
              now);
      // RFC 9773 4.3: a window that is known counts until there is another.
      case RenewalAnswer.NoWindow(Optional<Duration> retryAfter) ->
          asked(state, state.window(), retryAfter, now);
    };
  }

  /** The part within the lifetime: times of the year 999999999 cannot be computed with. */
  private static RenewalWindow inside(IssuedFacts issued, RenewalWindow window) {
    return new RenewalWindow(inside(issued, window.start()), inside(issued, window.end()));
  }

  private static Instant inside(IssuedFacts issued, Instant time) {
    if (time.isBefore(issued.begin())) {
      return issued.begin();
    }
    return time.isAfter(issued.end()) ? issued.end() : time;
  }

  private static RenewalState asked(
      RenewalState state,
      Optional<RenewalWindow> window,
      Optional<Duration> retryAfter,
      Instant now) {
    Duration wait = longer(ASK_LEAST, shorter(ASK_MOST, retryAfter.orElse(ASK_EVERY)));
    return new RenewalState(
        state.issued(),
        window,
        now.plus(wait),
        state.failures(),
        state.failure(),
        state.failedSince(),
        state.orderAt());
  }

  private static Duration retry(
      RenewalState state,
      int failures,
      Optional<Duration> retryAfter,
      Instant now,
      double fraction) {
    boolean late = state.issued().map(i -> !i.after(LATEST).isAfter(now)).orElse(true);
    Duration most = late ? LAST_RETRY_WHEN_LATE : LAST_RETRY;
    Duration doubled = FIRST_RETRY.multipliedBy(1L << Math.min(failures - 1, 10));
    Duration own = shorter(doubled, most);
    own = own.minusMillis((long) (own.toMillis() * fraction / 4));
    return longer(own, shorter(LAST_RETRY, retryAfter.orElse(own)));
  }

  private static Duration shorter(Duration... of) {
    return Collections.min(List.of(of));
  }

  private static Duration longer(Duration... of) {
    return Collections.max(List.of(of));
  }
}
