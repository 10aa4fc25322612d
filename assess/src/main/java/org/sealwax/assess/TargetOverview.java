package org.sealwax.assess;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;

/**
 * The whole target after all addresses were visited.
 *
 * @param target what is examined
 * @param mx the MX answer; null when a host was asked for
 * @param route what it means; null when a host was asked for
 * @param port at which the hosts are visited
 * @param mxHosts the hosts, by preference
 * @param visits what was seen at each address, in the order of the exchanges
 * @param found findings so far
 * @param budget what may be spent
 * @param timeLeft time left for everything
 */
public record TargetOverview(
    AssessmentTarget target,
    @Nullable DnsAnswer<MxRecord> mx,
    @Nullable MxSet route,
    int port,
    List<TargetMxHost> mxHosts,
    List<AddressVisit> visits,
    List<Finding> found,
    AssessmentBudget budget,
    Duration timeLeft) {
  /** Copies. */
  public TargetOverview {
    mxHosts = List.copyOf(mxHosts);
    visits = List.copyOf(visits);
    found = List.copyOf(found);
  }

  /** The domain, when one was asked for. */
  public Optional<Domain> domain() {
    return target instanceof AssessmentTarget.DomainTarget mail
        ? Optional.of(mail.domain())
        : Optional.empty();
  }

  /**
   * Whether the domain has neither an MX record nor an address, and so takes no mail (RFC 5321
   * 5.1).
   */
  public boolean hasNoMailHost() {
    return route instanceof MxSet.Hosts hosts
        && hosts.implicit()
        && mxHosts.stream().allMatch(h -> h.addresses().isEmpty() && h.failedLookup().isEmpty());
  }

  /** The same with more findings. */
  public TargetOverview with(List<Finding> more) {
    List<Finding> all = new java.util.ArrayList<>(found);
    all.addAll(more);
    return new TargetOverview(target, mx, route, port, mxHosts, visits, all, budget, timeLeft);
  }

  /** Addresses and hosts of which nothing was seen; conclusions do not cover them. */
  public String unseenText() {
    List<String> unseen = new java.util.ArrayList<>();
    for (TargetMxHost mxHost : mxHosts) {
      if (mxHost.addresses().isEmpty()) {
        mxHost.named().ifPresent(n -> unseen.add(n.name()));
      }
    }
    visits.stream()
        .filter(v -> !v.facts().answered())
        .forEach(v -> unseen.add(v.location().text()));
    return unseen.isEmpty() ? "" : "not examined: " + String.join(", ", unseen);
  }

  /** What was found of one check at exactly one place. */
  public Optional<Finding> found(String check, FindingLocation location) {
    return found.stream()
        .filter(f -> f.check().id().equals(check) && f.location().equals(location))
        .findFirst();
  }
}
