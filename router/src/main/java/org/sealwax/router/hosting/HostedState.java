package org.sealwax.router.hosting;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.sts.StsPolicy;

/**
 * What is known of the policy of one domain; stored, so that it survives a restart. Times are
 * measured, but where they are called believed (docs/adr/0075).
 *
 * @param domain the policy domain
 * @param mode in force
 * @param modeSince since when
 * @param modeDay the believed date (UTC) of that
 * @param hosts its MX hosts, those that were, and those that will be
 * @param policies the last ones that were served, the newest last
 * @param published the id in the TXT record at the last look-up that was answered; empty: no record
 * @param recordTtl the longest time to live seen of the TXT record, or of its absence
 * @param mxTtl the longest time to live seen of the MX records
 * @param lookedUp believed time of an answered look-up of the MX records, at most an hour before
 *     the last one; empty: none yet
 * @param problems why hosts are not listed, or why there is no policy
 * @param assessments of the domain, the newest last
 */
public record HostedState(
    Domain domain,
    StsPolicy.Mode mode,
    Instant modeSince,
    LocalDate modeDay,
    SortedMap<Domain, ListedHost> hosts,
    List<ServedPolicy> policies,
    Optional<String> published,
    Duration recordTtl,
    Duration mxTtl,
    Optional<Instant> lookedUp,
    List<String> problems,
    List<GradedAssessment> assessments) {
  /** Policies that are kept: they show which ids were used. */
  static final int MAX_POLICIES = 50;

  /** Assessments that are kept. */
  static final int MAX_ASSESSMENTS = 10;

  /**
   * Part of every wait besides times to live: other caches, name servers that lag, and clocks that
   * differ.
   */
  public static final Duration MARGIN = Duration.ofHours(24);

  /** Copies, and cuts what is too long. */
  public HostedState {
    hosts = Collections.unmodifiableSortedMap(new TreeMap<>(hosts));
    policies = newest(policies, MAX_POLICIES);
    problems = List.copyOf(problems);
    assessments = newest(assessments, MAX_ASSESSMENTS);
  }

  private static <T> List<T> newest(List<T> all, int most) {
    return List.copyOf(all.subList(Math.max(0, all.size() - most), all.size()));
  }

  /**
   * An assessment of the domain that was completed.
   *
   * @param at when; measured time
   * @param grade in words
   * @param isGood whether it is A or A+, without a doubt
   */
  public record GradedAssessment(Instant at, String grade, boolean isGood) {}

  /**
   * {@return the state of a domain that was not hosted before}
   *
   * @param now measured time
   * @param today believed date in UTC
   */
  public static HostedState initial(Domain domain, Instant now, LocalDate today) {
    return new HostedState(
        domain,
        StsPolicy.Mode.TESTING,
        now,
        today,
        new TreeMap<>(),
        List.of(),
        Optional.empty(),
        Duration.ZERO,
        Duration.ZERO,
        Optional.empty(),
        List.of(),
        List.of());
  }

  /** {@return the policy to serve; empty: there is none, {@link #problems} has the reason} */
  public Optional<ServedPolicy> policy() {
    boolean none = mode != StsPolicy.Mode.NONE && listed().isEmpty();
    return none || policies.isEmpty() ? Optional.empty() : Optional.of(policies.getLast());
  }

  /** {@return the TXT record to publish at {@code _mta-sts}; empty while there is no policy} */
  public Optional<String> record() {
    return policy().map(ServedPolicy::record);
  }

  /** {@return whether the TXT record announces the policy that is served} */
  public boolean isAnnounced() {
    return policy().filter(p -> published.equals(Optional.of(p.id()))).isPresent();
  }

  /** {@return the hosts that the policy lists} */
  public List<Domain> listed() {
    return hosts.entrySet().stream()
        .filter(e -> e.getValue().listed().isPresent())
        .map(Map.Entry::getKey)
        .toList();
  }

  /**
   * {@return whether the stored policy may be served after a start, before the MX records were
   * looked up} After more than a day it may be one from a backup: hosts that were added since are
   * missing from it. Within a day, none of them can have become an MX host yet.
   *
   * @param believed the believed time
   */
  public boolean isRecent(Instant believed) {
    return lookedUp
        .filter(at -> Duration.between(at, believed).abs().compareTo(MARGIN) < 0)
        .isPresent();
  }

  /** {@return when no cache has a policy other than {@code none} any more; empty: not known yet} */
  public Optional<Instant> removable() {
    if (mode != StsPolicy.Mode.NONE || policies.isEmpty()) {
      return Optional.empty();
    }
    Duration longest =
        policies.stream()
            .filter(p -> p.policy().mode() != StsPolicy.Mode.NONE)
            .map(ServedPolicy::maxAge)
            .max(Duration::compareTo)
            .orElse(Duration.ZERO);
    return policies.getLast().announced().map(at -> at.plus(recordTtl).plus(longest));
  }

  HostedState in(StsPolicy.Mode next, Instant now, LocalDate today) {
    return next == mode
        ? this
        : new HostedState(
            domain, next, now, today, hosts, policies, published, recordTtl, mxTtl, lookedUp,
            problems, List.of());
  }

  HostedState assessed(List<GradedAssessment> all) {
    return new HostedState(
        domain, mode, modeSince, modeDay, hosts, policies, published, recordTtl, mxTtl, lookedUp,
        problems, all);
  }
}
