package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.DeferReason;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.FallbackState;
import org.sealwax.mail.policy.MxFilter;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.router.ledger.ActiveViolation;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.queue.FailureCause;

/**
 * The requirement for one host in one round, and its evidence.
 *
 * @param subject next hop and host
 * @param evidence everything that was gathered
 * @param requirement what all of it demands
 * @param withoutMemory what it would demand without the ledger: shows whether a failure is our
 *     memory's alone
 */
record HostRequirement(
    PolicySubject subject,
    List<Evidence> evidence,
    Requirement requirement,
    Requirement withoutMemory) {
  /** Copies. */
  HostRequirement {
    evidence = List.copyOf(evidence);
  }

  static HostRequirement of(
      PolicySubject subject, List<Evidence> evidence, Policy policy, Instant now) {
    Requirement all = policy.requirementFor(subject, evidence, now);
    if (!all.remembered()) {
      return new HostRequirement(subject, evidence, all, all);
    }
    List<Evidence> others = new ArrayList<>(evidence);
    others.removeIf(Evidence.LedgerLevel.class::isInstance);
    return new HostRequirement(subject, evidence, all, policy.requirementFor(subject, others, now));
  }

  /** Whether there is evidence besides the configuration. */
  boolean hasEvidenceBeyondConfiguration() {
    for (Evidence one : evidence) {
      if (isLogged(one)) {
        return true;
      }
    }
    return false;
  }

  /** Whether this is worth a line in the log. */
  static boolean isLogged(Evidence evidence) {
    return switch (evidence) {
      case Evidence.Dane d -> !(d.state() instanceof Evidence.DaneState.Absent);
      case Evidence.Sts s -> !(s.state() instanceof Evidence.StsState.Absent);
      case Evidence.LedgerLevel _, Evidence.RequireTls _, Evidence.TlsRequiredNo _ -> true;
      case Evidence.Default _, Evidence.Route _, Evidence.RecipientRow _ -> false;
      case Evidence.NextHopRow _, Evidence.HostRow _ -> false;
    };
  }

  /** The violation of the ledger that stands at the next hop. */
  Optional<ActiveViolation> activeViolation(Ledger ledger) {
    return subject.nextHop() instanceof Domain domain
        ? ledger.activeViolation(domain)
        : Optional.empty();
  }

  /** With what the ledger makes of it, where nothing else stands in the way. */
  private FailureCause remembered(FailureCause cause, Ledger ledger) {
    Optional<ActiveViolation> violation = activeViolation(ledger);
    return (violation.isEmpty()
            ? cause
            : new FailureCause(
                cause.reason(),
                cause.status(),
                cause.text()
                    + "; ledger: "
                    + violation.get().what().word()
                    + ", "
                    + violation.get().text(),
                cause.host(),
                cause.reply(),
                cause.scope()))
        .asRemembered();
  }

  /** The MTA-STS policy that has a part in what is demanded; empty when none has. */
  Optional<Evidence.Sts> sts() {
    for (Evidence one : evidence) {
      if (one instanceof Evidence.Sts sts && sts.state() instanceof Evidence.StsState.Enforce) {
        return Optional.of(sts);
      }
    }
    return Optional.empty();
  }

  /**
   * Whether the ledger has to see a host that must not get the mail: a changed MX set ends as a
   * violation only when its hosts have been probed.
   */
  boolean needsProbe() {
    return requirement.remembered()
        && requirement.mxFilter().refusal(subject.host()).isPresent()
        && withoutMemory.mxFilter().admits(subject.host());
  }

  /** Whether the host must not be used because a row demands TLSA records that it does not have. */
  boolean lacksDane() {
    return requirement
        .mxFilter()
        .refusal(subject.host())
        .filter(r -> r.reason() == DeferReason.DANE_MISSING)
        .isPresent();
  }

  /** Whether the host may be used at all. */
  boolean isUsable() {
    return requirement.mxFilter().admits(subject.host());
  }

  /** Why this host must not be used at all; empty when it may. */
  Optional<FailureCause> refusal(Ledger ledger) {
    Optional<MxFilter.Refusal> refusal = requirement.mxFilter().refusal(subject.host());
    return refusal.map(
        r -> {
          FailureCause cause =
              FailureTable.policy(r.reason(), subject.host() + " " + r.text(), requirement, null);
          return needsProbe() ? remembered(cause, ledger) : cause;
        });
  }

  /**
   * The cause as it is to be kept: marked when without the ledger the same observation would have
   * led on, now or after a hold.
   */
  FailureCause markedIfLedgerOnly(
      FailureCause cause,
      Policy policy,
      Observation observation,
      FallbackState state,
      Ledger ledger) {
    if (!requirement.remembered() || !FailureTable.isPolicyFailure(cause)) {
      return cause;
    }
    boolean leadsOn =
        !withoutMemory.demandsTls()
            || policy.decide(withoutMemory, observation, state) instanceof Decision.Proceed;
    return leadsOn ? remembered(cause, ledger) : cause;
  }

  /** As Postfix has it in {@code relay=}: a literal without its brackets, which come after it. */
  String hostName() {
    return switch (subject.host()) {
      case Domain domain -> domain.name();
      case AddressLiteral literal -> AddressText.of(literal.address());
    };
  }

  /** The host, with its address and port where one was tried, as the log has it. */
  String label(@Nullable InetSocketAddress address) {
    String name = hostName();
    return address == null
        ? name
        : name + "[" + AddressText.of(address.getAddress()) + "]:" + address.getPort();
  }
}
