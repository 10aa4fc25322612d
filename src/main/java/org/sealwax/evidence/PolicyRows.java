package org.sealwax.evidence;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.address.DomainPattern;
import org.sealwax.address.MailHost;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.Level;
import org.sealwax.policy.PolicyRow;
import org.sealwax.policy.Subject;

/**
 * The configuration as a source: the default level, and rows by domain, parent, MX host or next
 * hop, of which the most specific one counts. Immutable.
 */
public final class PolicyRows implements Source {
  private final Evidence byDefault;
  private final Map<Domain, PolicyRow> exact = new HashMap<>();
  private final List<PolicyRow> patterns = new ArrayList<>();

  /**
   * The rows of one configuration.
   *
   * @param rows of two rows with the same pattern, the first counts
   */
  public PolicyRows(Level level, List<PolicyRow> rows) {
    this.byDefault = new Evidence.Default(level);
    for (PolicyRow row : rows) {
      switch (row.pattern()) {
        case DomainPattern.Exact e -> exact.putIfAbsent(e.domain(), row);
        case DomainPattern.Below b -> patterns.add(row);
        case DomainPattern.Any a -> patterns.add(row);
      }
    }
    // Stable, so that the first of equals stays first.
    patterns.sort(
        Comparator.comparingInt((PolicyRow row) -> row.pattern().specificity()).reversed());
  }

  @Override
  public List<Evidence> about(Subject subject) {
    List<Evidence> evidence = new ArrayList<>(3);
    evidence.add(byDefault);
    row(subject.nextHop()).ifPresent(row -> evidence.add(new Evidence.NextHopRow(row)));
    if (!subject.host().equals(subject.nextHop())) {
      row(subject.host()).ifPresent(row -> evidence.add(new Evidence.HostRow(row)));
    }
    return evidence;
  }

  @Override
  public Optional<List<Evidence>> atHand(Subject subject) {
    return Optional.of(about(subject));
  }

  private Optional<PolicyRow> row(MailHost host) {
    if (!(host instanceof Domain domain)) {
      return Optional.empty();
    }
    @Nullable PolicyRow found = exact.get(domain);
    if (found != null) {
      return Optional.of(found);
    }
    return patterns.stream().filter(row -> row.pattern().matches(domain)).findFirst();
  }
}
