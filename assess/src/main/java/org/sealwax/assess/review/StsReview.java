package org.sealwax.assess.review;

import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.sts.StsLookup;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.mail.sts.fetch.PolicyFetch;
import org.sealwax.mail.sts.fetch.PolicyFetcher;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * MTA-STS (RFC 8461): the record, the policy as a sender fetches it, and whether every MX at every
 * address fulfils it.
 */
public final class StsReview implements Review {
  private static final LocatedCheck POLICY = Check.of("sts.policy").atDomain();
  private static final LocatedCheck CONSISTENCY = Check.of("sts.consistency").atDomain();

  /** Below this an attacker only has to wait a day (RFC 8461 10.2 recommends weeks). */
  private static final Duration SHORT = Duration.ofDays(1);

  private static final Duration WEEK = Duration.ofDays(7);

  /** Fetches a policy for an assessment. */
  public interface StsPolicyFetch {
    /** Asks the policy host of a domain, and continues in spite of a bad certificate. */
    PolicyFetch examine(Domain policyDomain) throws InterruptedException;
  }

  private final Resolver resolver;
  private final StsPolicyFetch fetcher;
  private final JudgedChains chains;
  private final Clock clock;

  /**
   * A review.
   *
   * @param fetcher of policies
   * @param roots by which the certificates of the MX hosts are judged
   */
  public StsReview(Resolver resolver, StsPolicyFetch fetcher, TrustRoots roots, Clock clock) {
    this.resolver = resolver;
    this.fetcher = fetcher;
    this.chains = new JudgedChains(roots, clock);
    this.clock = clock;
  }

  @Override
  public List<Check> checks() {
    return List.of(POLICY.check(), CONSISTENCY.check());
  }

  @Override
  public PendingReview ask(TargetOverview before) throws InterruptedException {
    Optional<Domain> domain = before.domain();
    Optional<Domain> owner = domain.flatMap(StsRecord::nameFor);
    if (domain.isEmpty() || owner.isEmpty()) {
      String why =
          domain.isEmpty() ? "the target is a host, not a domain" : "the domain is too long";
      return known(List.of(POLICY.notNeeded(why), CONSISTENCY.notNeeded(why)));
    }
    DnsAnswer<String> txt = resolver.txt(owner.get());
    FindingEvidence evidence = FindingEvidence.txt(owner.get(), txt.records());
    return switch (StsLookup.of(txt)) {
      case StsLookup.NoRecordAnswer s ->
          known(List.of(POLICY.lookupFailed(s.why()), CONSISTENCY.lookupFailed(s.why())));
      case StsLookup.RecordAnswer record ->
          announced(before, domain.get(), record.record(), evidence);
    };
  }

  private static PendingReview known(List<Finding> found) {
    return all -> found;
  }

  private static PendingReview without(Finding policy) {
    return known(List.of(policy, CONSISTENCY.notNeeded("there is no policy to compare with")));
  }

  private PendingReview announced(
      TargetOverview all, Domain domain, StsRecord record, FindingEvidence evidence)
      throws InterruptedException {
    return switch (record) {
      case StsRecord.None n ->
          without(
              POLICY
                  .fail("there is no MTA-STS record")
                  .as("absent")
                  .with(evidence)
                  .advising(toPublish(all, domain, StsPolicy.Mode.TESTING)));
      case StsRecord.Several s ->
          without(
              POLICY
                  .fail(s.count() + " MTA-STS records: senders ignore all")
                  .as("two-records")
                  .with(evidence)
                  .advising(record(domain)));
      case StsRecord.Malformed m ->
          without(
              POLICY
                  .fail("the record has a syntax error: " + m.why())
                  .as("invalid")
                  .with(evidence)
                  .advising(record(domain)));
      case StsRecord.Announced a -> fetched(all, domain, a.id(), evidence);
    };
  }

  private PendingReview fetched(
      TargetOverview before, Domain domain, String id, FindingEvidence evidence)
      throws InterruptedException {
    PolicyFetch fetch = fetcher.examine(domain);
    PolicyFetch.FetchOutcome outcome = fetch.outcome();
    return switch (outcome) {
      case PolicyFetch.FetchOutcome.Obtained o -> {
        FindingEvidence text = FindingEvidence.https(o.policy().text());
        Finding agrees = agrees(before, domain, id, o.policy()).with(text);
        yield all -> List.of(judged(all, domain, o.policy()).with(evidence).with(text), agrees);
      }
      case PolicyFetch.FetchOutcome.Redirect r -> without(unusable(outcome, "redirect", evidence));
      case PolicyFetch.FetchOutcome.MediaType m -> without(unusable(outcome, "invalid", evidence));
      case PolicyFetch.FetchOutcome.InvalidPolicyFile f ->
          without(unusable(outcome, "invalid", evidence));
      case PolicyFetch.FetchOutcome.UnverifiedPolicy u ->
          without(unusable(outcome, "unreachable", evidence));
      case PolicyFetch.FetchOutcome.PolicyHostUnreachable u ->
          without(unusable(outcome, "unreachable", evidence));
      case PolicyFetch.FetchOutcome.UnexpectedStatus s ->
          without(unusable(outcome, "unreachable", evidence));
    };
  }

  private static Finding unusable(
      PolicyFetch.FetchOutcome outcome, String aspect, FindingEvidence evidence) {
    return POLICY
        .fail("announced, but it cannot be fetched: " + outcome.text())
        .as(aspect)
        .with(evidence);
  }

  /** Hosts by what was seen of them under the policy. */
  private record HostsByPolicyMatch(
      List<String> fulfilling, List<String> failing, List<String> unseen) {
    HostsByPolicyMatch() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    String open() {
      return unseen.isEmpty() ? "" : "not examined: " + String.join(", ", unseen);
    }
  }

  private Finding judged(TargetOverview all, Domain domain, StsPolicy policy) {
    HostsByPolicyMatch hosts = new HostsByPolicyMatch();
    for (TargetMxHost mxHost : all.mxHosts()) {
      Domain host = mxHost.host();
      if (host != null) {
        classify(all, policy, host, hosts);
      }
    }
    return switch (policy.mode()) {
      case NONE ->
          POLICY
              .fail("mode none: no policy applies")
              .as("mode-none")
              .advising(toPublish(all, domain, StsPolicy.Mode.TESTING));
      case TESTING ->
          POLICY
              .warn("mode testing; " + testing(hosts))
              .as("testing")
              .withOpenQuestion(hosts.open())
              .advising(
                  hosts.failing().isEmpty()
                      ? toPublish(all, domain, StsPolicy.Mode.ENFORCE)
                      : List.of());
      case ENFORCE -> enforced(policy, hosts);
    };
  }

  private static String testing(HostsByPolicyMatch hosts) {
    if (!hosts.failing().isEmpty()) {
      return "in mode enforce it would exclude " + String.join(", ", hosts.failing());
    }
    return hosts.fulfilling().isEmpty()
        ? "no MX was examined that could satisfy it"
        : "satisfied by " + String.join(", ", hosts.fulfilling()) + ": change it to enforce";
  }

  private static Finding enforced(StsPolicy policy, HostsByPolicyMatch hosts) {
    String days = policy.maxAge().toSeconds() + " s";
    if (!hosts.failing().isEmpty()) {
      boolean nowhere = hosts.fulfilling().isEmpty() && hosts.unseen().isEmpty();
      return POLICY
          .fail("mode enforce, not satisfied by " + String.join(", ", hosts.failing()))
          .as(nowhere ? "mx-fails-all" : "mx-fails")
          .withOpenQuestion(hosts.open());
    }
    if (hosts.fulfilling().isEmpty()) {
      return POLICY.inconclusive(
          "mode enforce, kept for "
              + days
              + "; no MX was examined: "
              + String.join(", ", hosts.unseen()));
    }
    if (policy.maxAge().compareTo(SHORT) < 0) {
      return POLICY
          .warn("mode enforce, but kept for " + days + " only")
          .as("short")
          .withOpenQuestion(hosts.open())
          .advising(List.of("max_age: 1209600"));
    }
    String by =
        hosts.unseen().isEmpty() ? "every MX" : String.join(", ", hosts.fulfilling()) + " only";
    String week = policy.maxAge().compareTo(WEEK) < 0 ? "; a week or more would be better" : "";
    return POLICY
        .pass("mode enforce, kept for " + days + ", satisfied by " + by + week)
        .withOpenQuestion(hosts.open());
  }

  /** Why a sender that enforces the policy does not deliver to this host, or that it does. */
  private void classify(
      TargetOverview all, StsPolicy policy, Domain host, HostsByPolicyMatch hosts) {
    if (!policy.lists(host)) {
      hosts.failing().add(host + " (not in the policy)");
      return;
    }
    boolean seen = false;
    List<String> unseen = new ArrayList<>();
    for (AddressVisit visit : all.visits()) {
      if (!host.equals(visit.location().host())) {
        continue;
      }
      List<JudgedChains.JudgedChain> chains = JudgedChains.of(visit);
      Optional<String> why = breach(visit, chains, host);
      if (why.isPresent()) {
        hosts.failing().add(host + " (" + why.get() + " at " + visit.location().text() + ")");
        return;
      }
      if (chains.isEmpty()) {
        unseen.add(visit.location().text());
      } else {
        seen = true;
      }
    }
    if (seen) {
      hosts.fulfilling().add(host.name());
      hosts.unseen().addAll(unseen);
    } else {
      hosts.unseen().add(host.name());
    }
  }

  private Optional<String> breach(
      AddressVisit visit, List<JudgedChains.JudgedChain> chains, Domain host) {
    if (chains.isEmpty() && visit.facts().withoutStarttls()) {
      return Optional.of("no STARTTLS");
    }
    return chains.stream().map(c -> flaw(c, host)).filter(Objects::nonNull).findFirst();
  }

  private @Nullable String flaw(JudgedChains.JudgedChain chain, Domain host) {
    if (JudgedChains.named(chain, List.of(host)).isEmpty()) {
      return "the certificate does not name it";
    }
    var now = clock.now();
    if (now.isAfter(chain.leaf().getNotAfter().toInstant())
        || now.isBefore(chain.leaf().getNotBefore().toInstant())) {
      return "the certificate is not valid now";
    }
    return chains.flaw(chain).map(r -> "certificate " + r.word()).orElse(null);
  }

  private Finding agrees(TargetOverview all, Domain domain, String id, StsPolicy policy)
      throws InterruptedException {
    List<String> outside =
        all.mxHosts().stream()
            .map(TargetMxHost::named)
            .flatMap(Optional::stream)
            .filter(h -> !policy.lists(h))
            .map(Domain::name)
            .toList();
    if (!outside.isEmpty() && policy.mode() != StsPolicy.Mode.NONE) {
      boolean enforced = policy.mode() == StsPolicy.Mode.ENFORCE;
      return CONSISTENCY
          .finding(
              enforced ? CheckOutcome.FAIL : CheckOutcome.WARN,
              "not named by the policy: " + String.join(", ", outside))
          .as("mx-outside")
          .advising(outside.stream().map(h -> "mx: " + h).toList());
    }
    List<String> wide =
        policy.mx().stream()
            .filter(p -> p.wildcard() && p.name().parent().isEmpty())
            .map(MxPattern::toString)
            .toList();
    if (!wide.isEmpty()) {
      return CONSISTENCY.warn("hosts of any owner match " + String.join(", ", wide)).as("wide");
    }
    if (all.budget().depth() == ScanDepth.FULL) {
      Optional<Finding> changed = secondFetch(domain, id, policy);
      if (changed.isPresent()) {
        return changed.get();
      }
    }
    return CONSISTENCY.pass("record " + id + ", policy and MX hosts agree");
  }

  /**
   * A second check: empty when record and policy are what they were. A new policy under the old id
   * reaches no sender that has the old one (RFC 8461 3.1, 3.3: a policy is fetched again when the
   * id changes); record and policy are checked in the order in which they must change.
   */
  private Optional<Finding> secondFetch(Domain domain, String id, StsPolicy policy)
      throws InterruptedException {
    PolicyFetch fetch = fetcher.examine(domain);
    if (!(fetch.outcome() instanceof PolicyFetch.FetchOutcome.Obtained second)) {
      return Optional.of(
          CONSISTENCY
              .warn("a second fetch returned another response: " + fetch.outcome().text())
              .as("unstable"));
    }
    if (second.policy().text().equals(policy.text())) {
      return Optional.empty();
    }
    Optional<Domain> owner = StsRecord.nameFor(domain);
    StsLookup now =
        owner.isEmpty()
            ? new StsLookup.NoRecordAnswer("no name")
            : StsLookup.of(resolver.txt(owner.get()));
    boolean same =
        now instanceof StsLookup.RecordAnswer record
            && record.record() instanceof StsRecord.Announced announced
            && announced.id().equals(id);
    return Optional.of(
        (same
                ? CONSISTENCY
                    .warn(
                        "two fetches returned different policies, but the record has the id "
                            + id
                            + " for both")
                    .as("id-stale")
                : CONSISTENCY.warn("a second fetch returned another policy").as("unstable"))
            .with(FindingEvidence.https(second.policy().text())));
  }

  /** The form of an id that grows with each change (RFC 8461 3.1 leaves it to the domain). */
  private static final DateTimeFormatter ID =
      DateTimeFormatter.ofPattern("yyyyMMddHHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private List<String> record(Domain domain) {
    return List.of(
        "; DNS record, with a new id at each change of the policy",
        "_mta-sts." + domain + ". IN TXT \"v=STSv1; id=" + ID.format(clock.now()) + "\"");
  }

  private List<String> toPublish(TargetOverview all, Domain domain, StsPolicy.Mode mode) {
    List<String> lines = new ArrayList<>(record(domain));
    lines.add(
        "; Policy file, at https://mta-sts."
            + domain
            + PolicyFetcher.PATH
            + (mode == StsPolicy.Mode.TESTING
                ? "; then mode enforce, after a week without failures"
                : ""));
    lines.add("version: STSv1");
    lines.add("mode: " + mode.name().toLowerCase(Locale.ROOT));
    lines.add("max_age: 1209600");
    all.mxHosts().stream()
        .map(TargetMxHost::named)
        .flatMap(Optional::stream)
        .distinct()
        .forEach(h -> lines.add("mx: " + h));
    return lines;
  }
}
