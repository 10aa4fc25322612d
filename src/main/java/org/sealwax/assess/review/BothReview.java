package org.sealwax.assess.review;

import java.util.List;
import java.util.Optional;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;

/**
 * Whether any sender can insist on TLS at all: DANE, MTA-STS, both, or neither. Reads what was
 * found before.
 */
public record BothReview() implements Review {
  @Override
  public List<Check> checks() {
    return List.of(Check.of("both"));
  }

  private enum State {
    GOOD,
    BROKEN,
    NONE,
    UNKNOWN
  }

  @Override
  public Judgement ask(Overview before) {
    return this::judged;
  }

  private List<Finding> judged(Overview all) {
    Optional<Finding> present = all.found("dane.present", Place.domain());
    if (present.filter(f -> f.outcome() == Outcome.NOT_TESTED).isPresent()) {
      return List.of(of(Outcome.NOT_TESTED, present.get().seen()));
    }
    return List.of(finding(all, dane(all), sts(all)).doubting(all.unseen()));
  }

  private static Finding of(Outcome outcome, String seen) {
    return Finding.of(Check.of("both"), outcome, Place.domain(), seen);
  }

  private static Finding finding(Overview all, State dane, State sts) {
    if (dane == State.GOOD && sts == State.GOOD) {
      return of(Outcome.PASS, "DANE and MTA-STS, and they agree");
    }
    if (dane == State.GOOD && sts == State.BROKEN) {
      return of(Outcome.FAIL, "DANE holds, and the enforced MTA-STS policy does not")
          .as("contradict");
    }
    if (dane == State.BROKEN && sts == State.GOOD) {
      return of(Outcome.FAIL, "MTA-STS holds, and DANE does not").as("contradict");
    }
    if (dane == State.UNKNOWN || sts == State.UNKNOWN) {
      String other =
          dane == State.GOOD ? "DANE holds; " : sts == State.GOOD ? "MTA-STS holds; " : "";
      return of(
          Outcome.INCONCLUSIVE,
          other + (dane == State.UNKNOWN ? "DANE" : "MTA-STS") + " could not be looked at");
    }
    if (dane == State.GOOD || sts == State.GOOD) {
      String which = dane == State.GOOD ? "DANE, without MTA-STS" : "MTA-STS, without DANE";
      return of(Outcome.WARN, which).as("one");
    }
    if (dane == State.BROKEN || sts == State.BROKEN) {
      return of(Outcome.FAIL, "what is published does not hold").as("neither");
    }
    boolean testing =
        all.found("sts.policy", Place.domain())
            .filter(f -> f.aspect().equals("testing"))
            .isPresent();
    return testing
        ? of(Outcome.FAIL, "MTA-STS in testing: nothing is enforced").as("testing-only")
        : of(Outcome.FAIL, "neither DANE nor MTA-STS: whoever removes STARTTLS reads the mail")
            .as("neither");
  }

  private static State dane(Overview all) {
    List<Finding> matches =
        all.visits().stream()
            .filter(v -> v.sightings().answered())
            .flatMap(v -> all.found("dane.match", v.place()).stream())
            .toList();
    Optional<Finding> present = all.found("dane.present", Place.domain());
    if (present.isEmpty()
        || present.get().outcome() == Outcome.FAIL
        || present.get().outcome() == Outcome.NOT_NEEDED) {
      return State.NONE;
    }
    if (matches.stream().anyMatch(f -> f.outcome() == Outcome.FAIL)) {
      return State.BROKEN;
    }
    // Records alone are no DANE: some host must have shown that it keeps to them.
    if (present.get().outcome() == Outcome.INCONCLUSIVE
        || matches.isEmpty()
        || matches.stream().anyMatch(f -> f.outcome() == Outcome.INCONCLUSIVE)) {
      return State.UNKNOWN;
    }
    boolean everywhere =
        present.get().outcome() == Outcome.PASS
            && matches.stream()
                .allMatch(
                    f ->
                        f.outcome() == Outcome.PASS
                            || (f.outcome() == Outcome.WARN && !f.aspect().equals("pkix")));
    return everywhere ? State.GOOD : State.NONE;
  }

  private static State sts(Overview all) {
    Optional<Finding> policy = all.found("sts.policy", Place.domain());
    if (policy.isEmpty()) {
      return State.NONE;
    }
    Finding finding = policy.get();
    return switch (finding.outcome()) {
      case PASS -> State.GOOD;
      case WARN -> finding.aspect().equals("short") ? State.GOOD : State.NONE;
      case FAIL -> finding.aspect().startsWith("mx-fails") ? State.BROKEN : State.NONE;
      case INCONCLUSIVE -> State.UNKNOWN;
      case INFO, NOT_TESTED, NOT_NEEDED -> State.NONE;
    };
  }
}
