package org.sealwax.mail.tlsrpt;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.Domain;

/**
 * The sessions of one day toward one domain. One thread at a time.
 *
 * <p>Bounded: at most {@link #MAX_POLICIES} policies and {@link #MAX_FAILURES} different failures
 * each; what comes beyond is counted and not reported one by one: further failures in the summary
 * of their policy, further policies (each host's TLSA records are one) in one entry for each kind,
 * with neither text nor MX patterns.
 */
public final class SessionCounts {
  /**
   * Policies that have an entry of their own: the TLSA records of a dozen MX hosts, and an MTA-STS
   * policy that changes within the day.
   */
  public static final int MAX_POLICIES = 16;

  /** Different failures of one policy: hosts times addresses times reasons of a normal site. */
  public static final int MAX_FAILURES = 100;

  private final Domain domain;
  private final Map<AppliedPolicy, Count> counts = new LinkedHashMap<>();

  /**
   * A day without sessions.
   *
   * @param domain the recipient domain
   */
  public SessionCounts(Domain domain) {
    this.domain = domain;
  }

  private static final class Count {
    private long succeeded;
    private long failed;
    private final Map<FailureDetail, Long> failures = new LinkedHashMap<>();
  }

  /**
   * The counts of one policy.
   *
   * @param policy which
   * @param succeeded successful sessions
   * @param failed failed sessions
   * @param failures how often each, at most {@link #MAX_FAILURES} of them
   */
  public record PolicySummary(
      AppliedPolicy policy, long succeeded, long failed, Map<FailureDetail, Long> failures) {
    /** Copies, in order. */
    public PolicySummary {
      failures = java.util.Collections.unmodifiableMap(new LinkedHashMap<>(failures));
    }
  }

  /**
   * Whose.
   *
   * @return the recipient domain
   */
  public Domain domain() {
    return domain;
  }

  /**
   * Counts sessions of one result.
   *
   * @param result the result
   * @param times how often
   */
  public void add(SessionResult result, long times) {
    Count count = counts.computeIfAbsent(entryOf(result.policy()), p -> new Count());
    FailureDetail failure = result.failure();
    if (failure == null) {
      count.succeeded += times;
      return;
    }
    count.failed += times;
    if (count.failures.size() < MAX_FAILURES || count.failures.containsKey(failure)) {
      count.failures.merge(failure, times, Long::sum);
    }
  }

  /**
   * The same day with sums read back.
   *
   * @param summary the counts to add
   */
  public void add(PolicySummary summary) {
    if (summary.succeeded() > 0) {
      add(new SessionResult(summary.policy(), null), summary.succeeded());
    }
    long reported = 0;
    for (Map.Entry<FailureDetail, Long> e : summary.failures().entrySet()) {
      add(new SessionResult(summary.policy(), e.getKey()), e.getValue());
      reported += e.getValue();
    }
    Count count = counts.get(entryOf(summary.policy()));
    if (count != null) {
      count.failed += Math.max(0, summary.failed() - reported);
    }
  }

  /** Where a policy is counted. */
  private AppliedPolicy entryOf(AppliedPolicy policy) {
    return counts.size() < MAX_POLICIES || counts.containsKey(policy)
        ? policy
        : new AppliedPolicy(policy.type(), domain, List.of(), List.of());
  }

  /** {@return the counts of each policy, in the order in which they came} */
  public List<PolicySummary> sums() {
    List<PolicySummary> sums = new ArrayList<>();
    counts.forEach(
        (policy, count) ->
            sums.add(new PolicySummary(policy, count.succeeded, count.failed, count.failures)));
    return sums;
  }
}
