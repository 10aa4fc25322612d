package org.sealwax.assess.review;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Review;
import org.sealwax.assess.TargetMxHost;
import org.sealwax.assess.TargetOverview;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.LocatedCheck;
import org.sealwax.assess.model.RoundedTime;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dane.DaneReferenceNames;
import org.sealwax.mail.dane.TlsaAnswer;
import org.sealwax.mail.dane.TlsaBaseDomain;
import org.sealwax.mail.dane.TlsaSet;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Evidence.DaneState;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.tls.PeerVerifier;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * DANE (RFC 7672) for every MX, every address and every type of certificate: where one of them does
 * not match, some mail of some senders is deferred.
 */
public final class DaneReview implements Review {
  private static final LocatedCheck PRESENT = Check.of("dane.present").atDomain();

  /** A name server that is asked for TLSA is not slower than for MX; senders give up soon after. */
  private static final Duration SLOW = Duration.ofSeconds(3);

  /** Times that a question is asked: an intermittent failure becomes visible. */
  private static final int TIMES = 3;

  /** Asks the authoritative servers of a zone one by one. */
  public interface AuthoritativeTlsaLookup {
    /** What each answers for TLSA, by server; empty when none is found. */
    Map<String, String> tlsa(Domain owner) throws InterruptedException;
  }

  private final Resolver resolver;
  private final AuthoritativeTlsaLookup servers;
  private final Clock clock;
  private final PeerVerifier verifier;

  /**
   * A review.
   *
   * @param servers asked one by one in a full assessment
   */
  public DaneReview(Resolver resolver, AuthoritativeTlsaLookup servers, Clock clock) {
    this.resolver = resolver;
    this.servers = servers;
    this.clock = clock;
    this.verifier = new PeerVerifier(clock);
  }

  @Override
  public List<Check> checks() {
    return List.of(
        PRESENT.check(), Check.of("dane.match"), Check.of("dane.ta"), Check.of("dane.denial"));
  }

  /** Whether all of these answers say the same, from every source: {@code SOURCE: ANSWER}. */
  private static boolean alike(List<String> answers) {
    return answers.stream().map(a -> a.substring(a.indexOf(": ") + 2)).distinct().count() <= 1;
  }

  /** The DANE state of one host. */
  private record HostDaneAnswer(
      Domain name,
      DaneState state,
      @Nullable Domain owner,
      @Nullable DnsAnswer<TlsaRecord> answer,
      String base,
      Duration took,
      List<String> answers) {
    HostDaneAnswer(Domain name, DaneState state) {
      this(name, state, null, null, "", Duration.ZERO, List.of());
    }

    /** Whether each time, and from each server, the same answer came. */
    boolean consistent() {
      return alike(answers);
    }
  }

  @Override
  public PendingReview ask(TargetOverview before) throws InterruptedException {
    Map<Domain, HostDaneAnswer> hosts = new LinkedHashMap<>();
    for (TargetMxHost mxHost : before.mxHosts()) {
      Domain name = mxHost.host();
      if (name != null && !hosts.containsKey(name)) {
        hosts.put(name, host(name, mxHost, before, before.port()));
      }
    }
    return new PendingDaneReview(hosts);
  }

  /** With the DNS answers of each host. */
  private final class PendingDaneReview implements PendingReview {
    private final Map<Domain, HostDaneAnswer> hosts;

    PendingDaneReview(Map<Domain, HostDaneAnswer> hosts) {
      this.hosts = hosts;
    }

    /** RFC 7672 8.1: the TLSA base domain, which after an alias is not the name of the MX. */
    @Override
    public Optional<Domain> serverName(Domain name) {
      HostDaneAnswer host = hosts.get(name);
      return host != null && host.state() instanceof DaneState.Usable
          ? Domain.parse(host.base())
          : Optional.empty();
    }

    @Override
    public List<Finding> judge(TargetOverview all) {
      return DaneReview.this.judged(all, hosts);
    }
  }

  private List<Finding> judged(TargetOverview all, Map<Domain, HostDaneAnswer> hosts) {
    if (hosts.isEmpty()) {
      return checks().stream().map(c -> c.atDomain().notNeeded("no host has a name")).toList();
    }
    List<Finding> found = new ArrayList<>();
    found.add(present(hosts, all));
    hosts.values().forEach(h -> found.add(denial(h)));
    List<Finding> matches = new ArrayList<>();
    for (AddressVisit visit : all.visits()) {
      Domain name = visit.location().host();
      HostDaneAnswer host = name == null ? null : hosts.get(name);
      if (host != null) {
        matches.addAll(at(visit, host));
      }
    }
    found.addAll(scaled(matches));
    return found;
  }

  private HostDaneAnswer host(Domain name, TargetMxHost mxHost, TargetOverview all, int port)
      throws InterruptedException {
    List<DnsAnswer<InetAddress>> lookups = mxHost.lookups();
    if (lookups.size() < 2) {
      lookups =
          List.of(
              resolver.addresses(name, AddressFamily.IPV4),
              resolver.addresses(name, AddressFamily.IPV6));
    }
    return switch (TlsaBaseDomain.of(name, lookups.get(0), lookups.get(1))) {
      case TlsaBaseDomain.Settled s -> new HostDaneAnswer(name, s.state());
      case TlsaBaseDomain.Candidates c -> among(name, c.names(), all, port);
      case TlsaBaseDomain.Aliased a ->
          switch (TlsaBaseDomain.ofAlias(name, resolver.alias(a.name()))) {
            case TlsaBaseDomain.Candidates c -> among(name, c.names(), all, port);
            case TlsaBaseDomain.Settled s -> new HostDaneAnswer(name, s.state());
            case TlsaBaseDomain.Aliased again ->
                new HostDaneAnswer(name, new DaneState.Absent("an alias loop"));
          };
    };
  }

  private HostDaneAnswer among(Domain name, List<Domain> bases, TargetOverview all, int port)
      throws InterruptedException {
    HostDaneAnswer last = new HostDaneAnswer(name, new DaneState.Absent("no TLSA records"));
    for (Domain base : bases) {
      Optional<Domain> owner = TlsaBaseDomain.owner(base, port);
      if (owner.isEmpty()) {
        continue;
      }
      HostDaneAnswer here = asked(name, base, owner.get(), all, port);
      if (!(here.state() instanceof DaneState.Absent) || !here.consistent()) {
        return here;
      }
      last = here;
    }
    return last;
  }

  /**
   * Asks several times, and uses the answer that promises most: each of the answers reaches some
   * sender.
   */
  private HostDaneAnswer asked(Domain name, Domain base, Domain owner, TargetOverview all, int port)
      throws InterruptedException {
    List<String> answers = new ArrayList<>();
    HostDaneAnswer best = null;
    int times = all.budget().depth() == ScanDepth.QUICK ? 1 : TIMES;
    for (int i = 0; i < times; i++) {
      if (i > 0) {
        resolver.forget(owner);
      }
      final long start = clock.nanoTime();
      DnsAnswer<TlsaRecord> answer = resolver.tlsa(owner);
      Duration took = Duration.ofNanos(clock.nanoTime() - start);
      List<Domain> names = TlsaAnswer.needsNames(answer) ? names(base, name, all, port) : List.of();
      DaneState state =
          TlsaAnswer.meaning(owner, answer, names).orElse(new DaneState.Absent("no TLSA records"));
      answers.add("look-up " + (i + 1) + ": " + text(answer));
      HostDaneAnswer here =
          new HostDaneAnswer(name, state, owner, answer, base.name(), took, answers);
      best = best == null || pendingReview(here) > pendingReview(best) ? here : best;
    }
    if (all.budget().depth() == ScanDepth.FULL) {
      List<String> said = new ArrayList<>();
      servers.tlsa(owner).forEach((server, answer) -> said.add(server + ": " + answer));
      if (!alike(said)) {
        answers.addAll(said);
      }
    }
    return Objects.requireNonNull(best);
  }

  private static int pendingReview(HostDaneAnswer host) {
    return switch (host.state()) {
      case DaneState.Usable u -> 3;
      case DaneState.Unusable u -> 2;
      case DaneState.Absent a -> 1;
      case DaneState.LookupFailed t -> 0;
    };
  }

  private static String text(DnsAnswer<TlsaRecord> answer) {
    return answer.records().isEmpty()
        ? MxReview.outcome(answer)
        : answer.records().stream()
            .map(TlsaRecord::toString)
            .sorted()
            .collect(Collectors.joining(", "));
  }

  private static List<Domain> names(Domain base, Domain host, TargetOverview all, int port) {
    var mx = all.mx();
    boolean secure = mx != null && mx.security() == DnssecStatus.SECURE;
    PolicySubject subject = new PolicySubject(all.domain().orElse(host), host, secure, port);
    return DaneReferenceNames.of(base, subject, Optional.ofNullable(mx));
  }

  private static String stateText(Evidence.DaneState state) {
    return switch (state) {
      case Evidence.DaneState.Usable u ->
          u.associations().records().size() + " usable TLSA records";
      case Evidence.DaneState.Unusable u -> "no usable TLSA record: " + u.why();
      case Evidence.DaneState.LookupFailed f -> f.why();
      case Evidence.DaneState.Absent a -> a.why();
    };
  }

  private static FindingEvidence records(HostDaneAnswer host) {
    DnsAnswer<TlsaRecord> answer = host.answer();
    String text =
        answer == null
            ? host.name() + ": " + stateText(host.state())
            : host.owner()
                + ": "
                + MxReview.outcome(answer)
                + "\n"
                + answer.records().stream()
                    .map(TlsaRecord::toString)
                    .collect(Collectors.joining("\n"));
    return FindingEvidence.dns(text);
  }

  private static Finding present(Map<Domain, HostDaneAnswer> hosts, TargetOverview all) {
    List<String> with = new ArrayList<>();
    List<String> without = new ArrayList<>();
    List<String> unusable = new ArrayList<>();
    List<String> unknown = new ArrayList<>();
    for (HostDaneAnswer host : hosts.values()) {
      switch (host.state()) {
        case DaneState.Usable u -> with.add(host.name().name());
        case DaneState.Unusable u -> unusable.add(host.name() + " (" + u.why() + ")");
        case DaneState.LookupFailed t -> unknown.add(host.name() + " (" + t.why() + ")");
        case DaneState.Absent a -> without.add(host.name() + " (" + a.why() + ")");
      }
    }
    Finding finding;
    if (!unknown.isEmpty()) {
      finding = PRESENT.inconclusive(String.join(", ", unknown));
    } else if (with.size() == hosts.size()) {
      finding = PRESENT.pass("usable records for " + String.join(", ", with));
    } else if (with.isEmpty() && unusable.isEmpty()) {
      finding = PRESENT.fail("no DANE: " + String.join(", ", without)).as("none");
    } else if (with.isEmpty()) {
      finding = PRESENT.warn("no usable records: " + String.join(", ", unusable)).as("unusable");
    } else {
      without.addAll(unusable);
      finding = PRESENT.warn("none for " + String.join(", ", without)).as("some");
    }
    for (HostDaneAnswer host : hosts.values()) {
      finding = finding.with(records(host));
    }
    return finding.isFault() ? finding.advising(missing(hosts, all)) : finding;
  }

  /** The records of the keys just seen at hosts without usable ones. */
  private static List<String> missing(Map<Domain, HostDaneAnswer> hosts, TargetOverview all) {
    List<String> lines = new ArrayList<>();
    boolean unsigned = false;
    for (AddressVisit visit : all.visits()) {
      Domain name = visit.location().host();
      HostDaneAnswer host = name == null ? null : hosts.get(name);
      if (host != null && !(host.state() instanceof DaneState.Usable)) {
        lines.addAll(toPublish(visit));
        // Without an owner nothing was asked: the addresses of the host are not signed.
        unsigned |= host.owner() == null;
      }
    }
    if (!lines.isEmpty()) {
      lines.addFirst(
          unsigned
              ? "; DNS records, of use only once the zones of domain and hosts are signed"
              : "; DNS records, for the keys that the hosts use now");
    }
    return lines.stream().distinct().toList();
  }

  private static Finding denial(HostDaneAnswer host) {
    LocatedCheck check = Check.of("dane.denial").at(FindingLocation.of(host.name()));
    if (!host.consistent()) {
      return check
          .fail("some answers for " + host.owner() + " differ: some DANE senders defer")
          .as("inconsistent")
          .with(FindingEvidence.dns(String.join("\n", host.answers())));
    }
    Finding finding =
        switch (host.state()) {
          case DaneState.LookupFailed t ->
              check.fail(t.why() + ": DANE senders defer").as("failing").with(records(host));
          case DaneState.Absent a ->
              host.answer() == null
                  ? check.notNeeded("not looked up: " + a.why())
                  : check.pass("denial of " + host.owner() + " is proven");
          case DaneState.Unusable _, DaneState.Usable _ -> check.pass("the query is answered");
        };
    if (finding.outcome() == CheckOutcome.PASS && host.took().compareTo(SLOW) >= 0) {
      return check
          .warn("answered after " + RoundedTime.of(host.took()))
          .as("slow")
          .with(records(host));
    }
    return finding;
  }

  private List<Finding> at(AddressVisit visit, HostDaneAnswer host) {
    LocatedCheck match = visit.check("dane.match");
    return switch (host.state()) {
      case DaneState.Absent a -> List.of(match.notNeeded(a.why()));
      case DaneState.LookupFailed t -> List.of(match.inconclusive(t.why()));
      case DaneState.Unusable u ->
          List.of(
              match
                  .warn("TLS is required without a key: " + u.why())
                  .as("pkix")
                  .advising(toPublish(visit)));
      case DaneState.Usable u -> matched(visit, host, u.associations());
    };
  }

  private List<Finding> matched(
      AddressVisit visit, HostDaneAnswer host, TlsaAssociations associations) {
    LocatedCheck match = visit.check("dane.match");
    List<JudgedChains.JudgedChain> chains = JudgedChains.of(visit);
    if (chains.isEmpty()) {
      boolean noTls = visit.facts().withoutStarttls();
      return List.of(
          noTls
              ? match.fail("no STARTTLS, although the records require TLS").as("some")
              : match.inconclusive("no certificate was seen"));
    }
    Set<TlsaAssociation> keys = usage(associations, 3);
    Set<TlsaAssociation> anchors = usage(associations, 2);
    List<String> bad = new ArrayList<>();
    List<String> good = new ArrayList<>();
    Set<TlsaAssociation> used = new java.util.HashSet<>();
    List<Finding> found = new ArrayList<>();
    boolean byAnchor = false;
    for (JudgedChains.JudgedChain chain : chains) {
      List<TlsaAssociation> hits =
          keys.stream()
              .filter(a -> holds(verifier, chain, Set.of(a), associations.names()))
              .toList();
      if (!hits.isEmpty()) {
        used.addAll(hits);
        good.add(chain.keyType() + " by " + hits.getFirst());
      } else if (!anchors.isEmpty()) {
        byAnchor = true;
        Finding anchor = anchor(chain, anchors, associations.names(), visit.check("dane.ta"));
        found.add(anchor);
        (anchor.outcome() == CheckOutcome.PASS ? good : bad)
            .add(chain.keyType() + " by the trust anchor");
      } else {
        bad.add(chain.keyType() + " (3 1 1 " + Pins.of(chain.leaf()).hex().substring(0, 12) + "…)");
      }
    }
    if (!byAnchor) {
      found.add(
          visit
              .check("dane.ta")
              .notNeeded(anchors.isEmpty() ? "no record of usage 2" : "usage 3 decides"));
    }
    found.add(verdict(visit, host, good, bad, used, keys, byAnchor));
    return found;
  }

  private static Finding verdict(
      AddressVisit visit,
      HostDaneAnswer host,
      List<String> good,
      List<String> bad,
      Set<TlsaAssociation> used,
      Set<TlsaAssociation> keys,
      boolean byAnchor) {
    LocatedCheck match = visit.check("dane.match");
    Finding finding;
    if (!bad.isEmpty() && !good.isEmpty()) {
      finding =
          match
              .fail(
                  bad.size()
                      + " of "
                      + (good.size() + bad.size())
                      + " certificate types does not match: "
                      + String.join(", ", bad)
                      + "; matched: "
                      + String.join(", ", good))
              .as("one-type")
              .advising(toPublish(visit));
    } else if (!bad.isEmpty()) {
      finding =
          match
              .fail("no record matches " + String.join(", ", bad))
              .as("some")
              .advising(toPublish(visit));
    } else if (byAnchor) {
      finding = match.pass("matched: " + String.join(", ", good));
    } else if (used.stream().noneMatch(a -> a.selector() == 1)) {
      finding =
          match
              .warn(
                  "matched by the whole certificate only, which changes with each renewal: "
                      + String.join(", ", good))
              .as("fragile")
              .advising(toPublish(visit));
    } else if (keys.size() <= used.size()) {
      finding =
          match
              .warn(
                  "matched: "
                      + String.join(", ", good)
                      + "; no record for the next key is published")
              .as("no-rollover")
              .advising(
                  List.of(
                      "; make the next key now and publish it as well:",
                      host.owner() + ". IN TLSA 3 1 1 <SHA-256 of the next public key>"));
    } else {
      finding =
          match.pass(
              "matched: " + String.join(", ", good) + "; a record for the next key is published");
    }
    if (!visit.facts().typesComplete()) {
      finding = typesLeftOut(finding, visit);
    }
    TlsaSet set = host.answer() == null ? null : TlsaSet.of(host.answer().records());
    return set == null || set.why().isEmpty()
        ? finding
        : finding.with(FindingEvidence.note("unused records: " + set.why()));
  }

  /**
   * A quick scan never tests the other types: that is reported, and does not make the result
   * uncertain.
   */
  private static Finding typesLeftOut(Finding finding, AddressVisit visit) {
    String open = "certificates of other key types were not examined";
    return visit.depth() == ScanDepth.QUICK
        ? finding.observing(finding.observed() + "; " + open)
        : finding.withOpenQuestion(open);
  }

  private static Set<TlsaAssociation> usage(TlsaAssociations associations, int usage) {
    return associations.records().stream()
        .filter(a -> a.usage() == usage)
        .collect(Collectors.toSet());
  }

  private static boolean holds(
      PeerVerifier by,
      JudgedChains.JudgedChain chain,
      Set<TlsaAssociation> records,
      List<Domain> names) {
    return by.verify(
                chain.certificates(),
                new ReferenceIdentity(
                    List.of(), Set.of(), TrustRoots.none(), new TlsaAssociations(records, names)),
                PeerRole.SERVER)
            .proof()
            .association()
        != null;
  }

  /** Usage 2: the anchor must be in the chain, and name and dates count (RFC 7672 3.1.2). */
  private Finding anchor(
      JudgedChains.JudgedChain chain,
      Set<TlsaAssociation> anchors,
      List<Domain> names,
      LocatedCheck check) {
    if (holds(verifier, chain, anchors, names)) {
      return check.pass("the trust anchor is sent and the name matches");
    }
    List<Domain> own =
        NameCheck.dnsNames(chain.leaf()).stream()
            .map(n -> n.startsWith("*.") ? "any" + n.substring(1) : n)
            .map(Domain::parse)
            .flatMap(Optional::stream)
            .toList();
    if (holds(verifier, chain, anchors, own)) {
      return check
          .fail(
              "the trust anchor is sent, but the certificate has none of the names "
                  + MxReview.names(names))
          .as("name");
    }
    // The same check at a time when the leaf was good: then it is the dates and nothing else.
    PeerVerifier then =
        new PeerVerifier(
            new ShiftedClock(chain.leaf().getNotAfter().toInstant().minusSeconds(1), clock));
    return holds(then, chain, anchors, names)
        ? check.fail("a certificate below the trust anchor is not valid now").as("expired")
        : check.fail("no chain leads to the trust anchor").as("missing");
  }

  /** A clock that stays at the set time. */
  private record ShiftedClock(Instant now, Clock base) implements Clock {
    @Override
    public long nanoTime() {
      return base.nanoTime();
    }
  }

  /**
   * A mismatch at every host is graded apart from one at some host; where a host with records was
   * not seen, "every host" is not known.
   */
  private static List<Finding> scaled(List<Finding> findings) {
    List<Finding> matches =
        findings.stream()
            .filter(f -> f.check().id().equals("dane.match"))
            .filter(f -> f.outcome() != CheckOutcome.NOT_NEEDED)
            .toList();
    boolean all =
        !matches.isEmpty() && matches.stream().allMatch(f -> f.outcome() == CheckOutcome.FAIL);
    if (!all) {
      return findings;
    }
    return findings.stream()
        .map(f -> f.outcome() == CheckOutcome.FAIL && f.aspect().equals("some") ? f.as("all") : f)
        .toList();
  }

  private static List<String> toPublish(AddressVisit visit) {
    Domain host = visit.location().host();
    List<String> lines = new ArrayList<>();
    for (JudgedChains.JudgedChain chain : JudgedChains.of(visit)) {
      lines.add(
          "_"
              + visit.location().port()
              + "._tcp."
              + host
              + ". IN TLSA 3 1 1 "
              + Pins.of(chain.leaf()).hex());
    }
    return lines;
  }
}
