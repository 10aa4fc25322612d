package org.sealwax.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.policy.Decision;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.LadderState;
import org.sealwax.policy.MxFilter;
import org.sealwax.policy.Observation;
import org.sealwax.policy.Policy;
import org.sealwax.policy.Requirement;
import org.sealwax.policy.Subject;
import org.sealwax.queue.Cause;

/**
 * What is demanded of one host in one round, and from which evidence.
 *
 * @param subject next hop and host
 * @param evidence everything that was gathered
 * @param requirement what all of it demands
 * @param withoutMemory what it would demand without the ledger: says whether a failure is our
 *     memory's alone
 */
record Terms(
    Subject subject, List<Evidence> evidence, Requirement requirement, Requirement withoutMemory) {
  /** Copies. */
  Terms {
    evidence = List.copyOf(evidence);
  }

  static Terms of(Subject subject, List<Evidence> evidence, Policy policy, Instant now) {
    Requirement all = policy.requirementFor(subject, evidence, now);
    List<Evidence> others = new ArrayList<>(evidence);
    others.removeIf(Evidence.Ledger.class::isInstance);
    return new Terms(
        subject,
        evidence,
        all,
        all.remembered() ? policy.requirementFor(subject, others, now) : all);
  }

  /** Why this host may not be used at all; empty when it may. */
  Optional<Cause> refusal() {
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(subject.host());
    return refusal.map(
        r -> {
          Cause cause =
              Trouble.policy(r.reason(), subject.host() + " " + r.text(), requirement, null);
          return requirement.remembered() && withoutMemory.mxFilter().admits(subject.host())
              ? cause.asRemembered()
              : cause;
        });
  }

  /**
   * The cause as it is to be kept: marked when without the ledger the same observation would have
   * led on, now or after a hold.
   */
  Cause weighed(Cause cause, Policy policy, Observation seen, LadderState state) {
    if (!requirement.remembered() || !Trouble.isPolicys(cause)) {
      return cause;
    }
    boolean leadsOn =
        !withoutMemory.demandsTls()
            || policy.decide(withoutMemory, seen, state) instanceof Decision.Proceed;
    return leadsOn ? cause.asRemembered() : cause;
  }
}
