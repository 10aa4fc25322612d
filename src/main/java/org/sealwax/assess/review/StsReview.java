package org.sealwax.assess.review;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.Exchange;
import org.sealwax.assess.Overview;
import org.sealwax.assess.Review;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.sts.Announcement;
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
  /** Below this an attacker only has to wait a day (RFC 8461 10.2 wants weeks). */
  private static final Duration SHORT = Duration.ofDays(1);

  private static final Duration WEEK = Duration.ofDays(7);

  /** Fetches a policy as an examiner may. */
  public interface Fetch {
    /** Asks the policy host of a domain, and goes on over a bad certificate. */
    PolicyFetch examine(Domain policyDomain) throws InterruptedException;
  }

  private final Resolver resolver;
  private final Fetch fetcher;
  private final Chains chains;
  private final Clock clock;

  /**
   * A review.
   *
   * @param fetcher of policies
   * @param roots by which the certificates of the MX hosts are judged
   */
  public StsReview(Resolver resolver, Fetch fetcher, TrustRoots roots, Clock clock) {
    this.resolver = resolver;
    this.fetcher = fetcher;
    this.chains = new Chains(roots, clock);
    this.clock = clock;
  }

  @Override
  public List<Check> checks() {
    return List.of(Check.of("sts.policy"), Check.of("sts.consistency"));
  }

  @Override
  public Judgement ask(Overview before) throws InterruptedException {
    Optional<Domain> domain = before.domain();
    Optional<Domain> owner = domain.flatMap(StsRecord::nameFor);
    if (domain.isEmpty() || owner.isEmpty()) {
      String why =
          domain.isEmpty() ? "a host was asked for, not a domain" : "the domain is too long";
      return known(List.of(policy(Outcome.NOT_NEEDED, why), consistency(Outcome.NOT_NEEDED, why)));
    }
    Answer<String> txt = resolver.txt(owner.get());
    Evidence evidence = new Evidence(Evidence.Kind.DNS, owner.get() + " " + txt.records());
    return switch (Announcement.of(txt)) {
      case Announcement.Silent s ->
          known(
              List.of(
                  policy(Outcome.INCONCLUSIVE, "the look-up failed: " + s.why()),
                  consistency(Outcome.INCONCLUSIVE, "the look-up failed: " + s.why())));
      case Announcement.Says says -> announced(before, domain.get(), says.record(), evidence);
    };
  }

  private static Judgement known(List<Finding> found) {
    return all -> found;
  }

  private static Finding policy(Outcome outcome, String seen) {
    return Finding.of(Check.of("sts.policy"), outcome, Place.domain(), seen);
  }

  private static Finding consistency(Outcome outcome, String seen) {
    return Finding.of(Check.of("sts.consistency"), outcome, Place.domain(), seen);
  }

  private static Judgement without(Finding policy) {
    return known(
        List.of(policy, consistency(Outcome.NOT_NEEDED, "there is no policy to compare with")));
  }

  private Judgement announced(Overview all, Domain domain, StsRecord record, Evidence evidence)
      throws InterruptedException {
    return switch (record) {
      case StsRecord.None n ->
          without(
              policy(Outcome.FAIL, "there is no MTA-STS record")
                  .as("absent")
                  .with(evidence)
                  .advising(toPublish(all, domain)));
      case StsRecord.Several s ->
          without(
              policy(Outcome.FAIL, s.count() + " MTA-STS records: senders ignore all")
                  .as("two-records")
                  .with(evidence));
      case StsRecord.Malformed m ->
          without(
              policy(Outcome.FAIL, "the record breaks its grammar: " + m.why())
                  .as("invalid")
                  .with(evidence)
                  .advising(toPublish(all, domain)));
      case StsRecord.Announced a -> fetched(all, domain, a.id(), evidence);
    };
  }

  private Judgement fetched(Overview before, Domain domain, String id, Evidence evidence)
      throws InterruptedException {
    PolicyFetch fetch = fetcher.examine(domain);
    PolicyFetch.Outcome outcome = fetch.outcome();
    return switch (outcome) {
      case PolicyFetch.Outcome.Obtained o -> {
        Evidence text = new Evidence(Evidence.Kind.HTTPS, o.policy().text());
        Finding agrees = agrees(before, domain, id, o.policy()).with(text);
        yield all -> List.of(judged(all, o.policy()).with(evidence).with(text), agrees);
      }
      case PolicyFetch.Outcome.Redirect r -> without(unusable(outcome, "redirect", evidence));
      case PolicyFetch.Outcome.MediaType m -> without(unusable(outcome, "invalid", evidence));
      case PolicyFetch.Outcome.Flawed f -> without(unusable(outcome, "invalid", evidence));
      case PolicyFetch.Outcome.Unproven u -> without(unusable(outcome, "unreachable", evidence));
      case PolicyFetch.Outcome.Unreachable u -> without(unusable(outcome, "unreachable", evidence));
      case PolicyFetch.Outcome.Status s -> without(unusable(outcome, "unreachable", evidence));
    };
  }

  private static Finding unusable(PolicyFetch.Outcome outcome, String aspect, Evidence evidence) {
    return policy(Outcome.FAIL, "announced, but not to be had: " + outcome.text())
        .as(aspect)
        .with(evidence);
  }

  /** Hosts by what was seen of them under the policy. */
  private record Hosts(List<String> fulfilling, List<String> failing, List<String> unseen) {
    Hosts() {
      this(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    }

    String open() {
      return unseen.isEmpty() ? "" : "not seen: " + String.join(", ", unseen);
    }
  }

  private Finding judged(Overview all, StsPolicy policy) {
    Hosts hosts = new Hosts();
    for (Exchange exchange : all.exchanges()) {
      Domain host = exchange.host();
      if (host != null) {
        sort(all, policy, host, hosts);
      }
    }
    return switch (policy.mode()) {
      case NONE -> policy(Outcome.FAIL, "mode none: no policy is in force").as("mode-none");
      case TESTING ->
          policy(Outcome.WARN, "mode testing; " + testing(hosts))
              .as("testing")
              .doubting(hosts.open());
      case ENFORCE -> enforced(policy, hosts);
    };
  }

  private static String testing(Hosts hosts) {
    if (!hosts.failing().isEmpty()) {
      return "enforced, it would keep mail from " + String.join(", ", hosts.failing());
    }
    return hosts.fulfilling().isEmpty()
        ? "no MX was seen that could fulfil it"
        : "fulfilled by " + String.join(", ", hosts.fulfilling()) + ": go on to enforce";
  }

  private static Finding enforced(StsPolicy policy, Hosts hosts) {
    String days = policy.maxAge().toSeconds() + " s";
    if (!hosts.failing().isEmpty()) {
      boolean nowhere = hosts.fulfilling().isEmpty() && hosts.unseen().isEmpty();
      return policy(
              Outcome.FAIL,
              "mode enforce, and not fulfilled by " + String.join(", ", hosts.failing()))
          .as(nowhere ? "mx-fails-all" : "mx-fails")
          .doubting(hosts.open());
    }
    if (hosts.fulfilling().isEmpty()) {
      return policy(
          Outcome.INCONCLUSIVE,
          "mode enforce, kept for "
              + days
              + "; no MX was seen: "
              + String.join(", ", hosts.unseen()));
    }
    if (policy.maxAge().compareTo(SHORT) < 0) {
      return policy(Outcome.WARN, "mode enforce, but kept for " + days + " only")
          .as("short")
          .doubting(hosts.open())
          .advising(List.of("max_age: 1209600"));
    }
    String by =
        hosts.unseen().isEmpty() ? "every MX" : String.join(", ", hosts.fulfilling()) + " only";
    String week = policy.maxAge().compareTo(WEEK) < 0 ? "; a week or more would be better" : "";
    return policy(Outcome.PASS, "mode enforce, kept for " + days + ", fulfilled by " + by + week)
        .doubting(hosts.open());
  }

  /** Why a sender that enforces the policy does not deliver to this host, or that it does. */
  private void sort(Overview all, StsPolicy policy, Domain host, Hosts hosts) {
    if (!policy.lists(host)) {
      hosts.failing().add(host + " (not in the policy)");
      return;
    }
    boolean seen = false;
    List<String> unseen = new ArrayList<>();
    for (Visit visit : all.visits()) {
      if (!host.equals(visit.place().host())) {
        continue;
      }
      List<Chains.Chain> chains = Chains.of(visit);
      Optional<String> why = breach(visit, chains, host);
      if (why.isPresent()) {
        hosts.failing().add(host + " (" + why.get() + " at " + visit.place().text() + ")");
        return;
      }
      if (chains.isEmpty()) {
        unseen.add(visit.place().text());
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

  private Optional<String> breach(Visit visit, List<Chains.Chain> chains, Domain host) {
    if (chains.isEmpty() && visit.sightings().withoutStarttls()) {
      return Optional.of("no STARTTLS");
    }
    return chains.stream().map(c -> flaw(c, host)).filter(Objects::nonNull).findFirst();
  }

  private @Nullable String flaw(Chains.Chain chain, Domain host) {
    if (Chains.named(chain, List.of(host)).isEmpty()) {
      return "the certificate does not name it";
    }
    var now = clock.now();
    if (now.isAfter(chain.leaf().getNotAfter().toInstant())
        || now.isBefore(chain.leaf().getNotBefore().toInstant())) {
      return "the certificate is not valid now";
    }
    return chains.flaw(chain).map(r -> "certificate " + r.word()).orElse(null);
  }

  private Finding agrees(Overview all, Domain domain, String id, StsPolicy policy)
      throws InterruptedException {
    List<String> outside =
        all.exchanges().stream()
            .map(Exchange::named)
            .flatMap(Optional::stream)
            .filter(h -> !policy.lists(h))
            .map(Domain::name)
            .toList();
    if (!outside.isEmpty() && policy.mode() != StsPolicy.Mode.NONE) {
      boolean enforced = policy.mode() == StsPolicy.Mode.ENFORCE;
      return consistency(
              enforced ? Outcome.FAIL : Outcome.WARN,
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
      return consistency(Outcome.WARN, "anybody's hosts fit " + String.join(", ", wide)).as("wide");
    }
    if (all.budget().depth() == Depth.FULL) {
      Optional<Finding> changed = again(domain, id, policy);
      if (changed.isPresent()) {
        return changed.get();
      }
    }
    return consistency(Outcome.PASS, "record " + id + ", policy and MX hosts agree");
  }

  /**
   * A second look: empty when record and policy are what they were. A new policy under the old id
   * reaches no sender that has the old one (RFC 8461 3.1, 3.3: a policy is fetched again when the
   * id changes); record and policy are looked at in the order in which they must change.
   */
  private Optional<Finding> again(Domain domain, String id, StsPolicy policy)
      throws InterruptedException {
    PolicyFetch fetch = fetcher.examine(domain);
    if (!(fetch.outcome() instanceof PolicyFetch.Outcome.Obtained second)) {
      return Optional.of(
          consistency(
                  Outcome.WARN, "a second fetch brought another answer: " + fetch.outcome().text())
              .as("unstable"));
    }
    if (second.policy().text().equals(policy.text())) {
      return Optional.empty();
    }
    Optional<Domain> owner = StsRecord.nameFor(domain);
    Announcement now =
        owner.isEmpty()
            ? new Announcement.Silent("no name")
            : Announcement.of(resolver.txt(owner.get()));
    boolean same =
        now instanceof Announcement.Says says
            && says.record() instanceof StsRecord.Announced announced
            && announced.id().equals(id);
    return Optional.of(
        (same
                ? consistency(
                        Outcome.WARN,
                        "two fetches brought two policies, and the record says id "
                            + id
                            + " of both")
                    .as("id-stale")
                : consistency(Outcome.WARN, "a second fetch brought another policy").as("unstable"))
            .with(new Evidence(Evidence.Kind.HTTPS, second.policy().text())));
  }

  private static List<String> toPublish(Overview all, Domain domain) {
    List<String> lines = new ArrayList<>();
    lines.add("_mta-sts." + domain + ". IN TXT \"v=STSv1; id=1\"");
    lines.add("; at https://mta-sts." + domain + PolicyFetcher.PATH);
    lines.add("version: STSv1");
    lines.add("mode: testing");
    lines.add("max_age: 1209600");
    all.exchanges().stream()
        .map(Exchange::named)
        .flatMap(Optional::stream)
        .forEach(h -> lines.add("mx: " + h));
    return lines;
  }
}
