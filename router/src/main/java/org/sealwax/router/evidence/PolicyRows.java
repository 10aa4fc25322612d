package org.sealwax.router.evidence;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicyRow;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsLevel;

/**
 * The configuration as a source: the default level, and every row that covers the recipient domain,
 * the next hop or the MX host, the most specific first. Which of them count is for {@link
 * org.sealwax.mail.policy.Policy} to say: rows expire. An address literal is covered by {@code *}
 * alone. Immutable.
 */
public final class PolicyRows implements EvidenceSource {
  private final Evidence byDefault;
  private final Map<Domain, List<PolicyRow>> exact = new HashMap<>();
  private final Map<Domain, List<PolicyRow>> below = new HashMap<>();
  private final List<PolicyRow> any = new ArrayList<>();

  /**
   * The rows of one configuration.
   *
   * @param rows of two rows in force with the same pattern, the first counts
   */
  public PolicyRows(TlsLevel level, List<PolicyRow> rows) {
    this.byDefault = new Evidence.Default(level);
    for (PolicyRow row : rows) {
      List<PolicyRow> same =
          switch (row.pattern()) {
            case DomainPattern.Exact e -> exact.computeIfAbsent(e.domain(), d -> new ArrayList<>());
            case DomainPattern.Below b -> below.computeIfAbsent(b.parent(), d -> new ArrayList<>());
            case DomainPattern.Any a -> any;
          };
      same.add(row);
    }
  }

  @Override
  public List<Evidence> evidenceFor(PolicySubject subject) {
    List<Evidence> evidence = new ArrayList<>(3);
    evidence.add(byDefault);
    for (PolicyRow row : covering(subject.nextHop())) {
      evidence.add(new Evidence.NextHopRow(row));
    }
    if (!subject.destination().equals(subject.nextHop())) {
      for (PolicyRow row : covering(subject.destination())) {
        evidence.add(new Evidence.RecipientRow(row));
      }
    }
    if (!subject.isDirect()) {
      for (PolicyRow row : covering(subject.host())) {
        evidence.add(new Evidence.HostRow(row));
      }
    }
    return evidence;
  }

  @Override
  public Optional<List<Evidence>> ifCached(PolicySubject subject) {
    return Optional.of(evidenceFor(subject));
  }

  /** The rows that cover every destination. */
  public List<PolicyRow> forAll() {
    return any;
  }

  /** Every row that covers a name, the most specific first, and equals as they were written. */
  public List<PolicyRow> covering(MailHost host) {
    if (!(host instanceof Domain domain) || exact.isEmpty() && below.isEmpty()) {
      return any;
    }
    List<PolicyRow> rows = new ArrayList<>(exact.getOrDefault(domain, List.of()));
    Optional<Domain> parent = below.isEmpty() ? Optional.empty() : domain.parent();
    while (parent.isPresent()) {
      rows.addAll(below.getOrDefault(parent.get(), List.of()));
      parent = parent.get().parent();
    }
    rows.addAll(any);
    return rows;
  }
}
