package org.sealwax.router.hosting;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.router.hosting.HostedState.GradedAssessment;

/**
 * The conditions under which mode testing becomes enforce without a person. A function of its
 * arguments.
 */
public final class PromotionConditions {
  /** Days with reports, and the least age of the mode. */
  static final int DAYS = 14;

  static final int REPORTERS = 2;

  static final int SESSIONS = 100;

  /** Between the first and the last assessment with grade A. */
  static final Duration WEEK = Duration.ofDays(7);

  private PromotionConditions() {}

  /**
   * {@return the conditions that are not met, in words; empty: enforce}
   *
   * @param now measured time
   */
  public static List<String> missing(HostedState state, PromotionEvidence reports, Instant now) {
    List<String> missing = new ArrayList<>();
    if (state.mode() != StsPolicy.Mode.TESTING) {
      return List.of("the mode is not testing");
    }
    if (!state.isAnnounced()) {
      missing.add("the TXT record does not announce the policy");
    }
    long age = Duration.between(state.modeSince(), now).toDays();
    if (age < DAYS) {
      missing.add("in mode testing for " + age + " of " + DAYS + " days");
    }
    if (reports.cleanDays() < DAYS) {
      missing.add(
          reports.cleanDays()
              + " of "
              + DAYS
              + " days with signed reports"
              + reports.lastFailure().map(day -> " since a failure on " + day).orElse(""));
    }
    if (reports.reporters() < REPORTERS) {
      missing.add(reports.reporters() + " of " + REPORTERS + " reporters");
    }
    if (reports.sessions() < SESSIONS) {
      missing.add(reports.sessions() + " of " + SESSIONS + " successful sessions");
    }
    assessments(state).ifPresent(missing::add);
    return missing;
  }

  private static Optional<String> assessments(HostedState state) {
    List<GradedAssessment> all = state.assessments();
    if (all.isEmpty()) {
      return Optional.of("no assessment yet");
    }
    GradedAssessment last = all.getLast();
    if (!last.isGood()) {
      return Optional.of("grade " + last.grade() + " in the last assessment, not A");
    }
    int first = all.size() - 1;
    while (first > 0 && all.get(first - 1).isGood()) {
      first--;
    }
    return Duration.between(all.get(first).at(), last.at()).compareTo(WEEK) < 0
        ? Optional.of("no second assessment with grade A, a week after the first")
        : Optional.empty();
  }
}
