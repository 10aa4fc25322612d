package org.sealwax.assess.review;

import java.util.List;
import java.util.Optional;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;

/**
 * Whether a sender can enforce TLS: DANE, MTA-STS, both, or neither. Reads the findings of other
 * reviews.
 */
public record PolicyCoverageReview() implements Review {
  private static final LocatedCheck BOTH = Check.of("both").atDomain();

  @Override
  public List<Check> checks() {
    return List.of(BOTH.check());
  }

  private enum PolicyCoverage {
    GOOD,
    BROKEN,
    NONE,
    UNKNOWN
  }

  @Override
  public PendingReview ask(TargetOverview before) {
    return this::judged;
  }

  private List<Finding> judged(TargetOverview all) {
    Optional<Finding> present = all.found("dane.present", FindingLocation.domain());
    if (present.filter(f -> f.outcome() == CheckOutcome.NOT_TESTED).isPresent()) {
      return List.of(BOTH.notTested(present.get().observed()));
    }
    return List.of(finding(all, dane(all), sts(all)).withOpenQuestion(all.unseenText()));
  }

  private static Finding finding(TargetOverview all, PolicyCoverage dane, PolicyCoverage sts) {
    if (dane == PolicyCoverage.GOOD && sts == PolicyCoverage.GOOD) {
      return BOTH.pass("DANE and MTA-STS are valid and agree");
    }
    if (dane == PolicyCoverage.GOOD && sts == PolicyCoverage.BROKEN) {
      return BOTH.fail("DANE is valid, the enforced MTA-STS policy is not").as("contradict");
    }
    if (dane == PolicyCoverage.BROKEN && sts == PolicyCoverage.GOOD) {
      return BOTH.fail("MTA-STS is valid, DANE is not").as("contradict");
    }
    if (dane == PolicyCoverage.UNKNOWN || sts == PolicyCoverage.UNKNOWN) {
      String other =
          dane == PolicyCoverage.GOOD
              ? "DANE is valid; "
              : sts == PolicyCoverage.GOOD ? "MTA-STS is valid; " : "";
      return BOTH.inconclusive(
          other + (dane == PolicyCoverage.UNKNOWN ? "DANE" : "MTA-STS") + " could not be examined");
    }
    if (dane == PolicyCoverage.GOOD || sts == PolicyCoverage.GOOD) {
      String which =
          dane == PolicyCoverage.GOOD ? "DANE, without MTA-STS" : "MTA-STS, without DANE";
      return BOTH.warn(which).as("one");
    }
    if (dane == PolicyCoverage.BROKEN || sts == PolicyCoverage.BROKEN) {
      return BOTH.fail("the published policies are not valid").as("neither");
    }
    boolean testing =
        all.found("sts.policy", FindingLocation.domain())
            .filter(f -> f.aspect().equals("testing"))
            .isPresent();
    return testing
        ? BOTH.fail("MTA-STS in testing: nothing is enforced").as("testing-only")
        : BOTH.fail("neither DANE nor MTA-STS: an attacker that strips STARTTLS can read the mail")
            .as("neither");
  }

  private static PolicyCoverage dane(TargetOverview all) {
    List<Finding> matches =
        all.visits().stream()
            .filter(v -> v.facts().answered())
            .flatMap(v -> all.found("dane.match", v.location()).stream())
            .toList();
    Optional<Finding> present = all.found("dane.present", FindingLocation.domain());
    if (present.isEmpty()
        || present.get().outcome() == CheckOutcome.FAIL
        || present.get().outcome() == CheckOutcome.NOT_NEEDED) {
      return PolicyCoverage.NONE;
    }
    if (matches.stream().anyMatch(f -> f.outcome() == CheckOutcome.FAIL)) {
      return PolicyCoverage.BROKEN;
    }
    // Published records alone are not enough: the certificate of some host must have matched them.
    if (present.get().outcome() == CheckOutcome.INCONCLUSIVE
        || matches.isEmpty()
        || matches.stream().anyMatch(f -> f.outcome() == CheckOutcome.INCONCLUSIVE)) {
      return PolicyCoverage.UNKNOWN;
    }
    boolean everywhere =
        present.get().outcome() == CheckOutcome.PASS
            && matches.stream()
                .allMatch(
                    f ->
                        f.outcome() == CheckOutcome.PASS
                            || (f.outcome() == CheckOutcome.WARN && !f.aspect().equals("pkix")));
    return everywhere ? PolicyCoverage.GOOD : PolicyCoverage.NONE;
  }

  private static PolicyCoverage sts(TargetOverview all) {
    Optional<Finding> policy = all.found("sts.policy", FindingLocation.domain());
    if (policy.isEmpty()) {
      return PolicyCoverage.NONE;
    }
    Finding finding = policy.get();
    return switch (finding.outcome()) {
      case PASS -> PolicyCoverage.GOOD;
      case WARN -> finding.aspect().equals("short") ? PolicyCoverage.GOOD : PolicyCoverage.NONE;
      case FAIL ->
          finding.aspect().startsWith("mx-fails") ? PolicyCoverage.BROKEN : PolicyCoverage.NONE;
      case INCONCLUSIVE -> PolicyCoverage.UNKNOWN;
      case INFO, NOT_TESTED, NOT_NEEDED -> PolicyCoverage.NONE;
    };
  }
}
