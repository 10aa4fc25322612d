package org.sealwax.assess;

import java.net.InetAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Rubric;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Scope;

/**
 * Examines targets, each by one assessment: finds the hosts and their addresses, lets the reviews
 * ask for policies, sends the probes to each address (several addresses at a time, one connection
 * at a time to each), lets the reviews judge the whole, and grades.
 *
 * <p>Ends within the budget's time and {@link #DNS_TIME} for the DNS and policy hosts, which come
 * first: what was not tested by then is reported as {@code not tested}. A probe that throws (a
 * fault in our code) is reported as {@code inconclusive}, never hidden.
 */
public final class Assessor {
  /** For the DNS and policy hosts (one of which gets a minute), before any mail host is visited. */
  static final Duration DNS_TIME = Duration.ofSeconds(90);

  private final TargetLookup lookup;
  private final AddressVisits visits;
  private final List<Review> reviews;
  private final Rubric rubric;
  private final String ehlo;
  private final String program;
  private final Clock clock;

  /**
   * An assessor.
   *
   * @param reviews of the whole, in this order, each with what those before it found
   * @param rubric points and caps
   * @param ehlo the name that servers get
   * @param program name and version for the report
   */
  public Assessor(
      TargetLookup lookup,
      AddressVisits visits,
      List<Review> reviews,
      Rubric rubric,
      String ehlo,
      String program,
      Clock clock) {
    this.lookup = lookup;
    this.visits = visits;
    this.reviews = List.copyOf(reviews);
    this.rubric = rubric;
    this.ehlo = ehlo;
    this.program = program;
    this.clock = clock;
  }

  /**
   * Examines and grades one target.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  public AssessmentReport assess(
      AssessmentTarget target, AssessmentBudget budget, ProgressListener progress)
      throws InterruptedException {
    return new Assessment(target, budget, progress).run();
  }

  /** Connections that the probes reserve at one address, besides those of the depth. */
  public int reserve(ScanDepth depth) {
    return visits.reserve(depth);
  }

  /** The assessment of one target. */
  private final class Assessment {
    private final AssessmentTarget target;
    private final AssessmentBudget budget;
    private final ProgressListener progress;

    Assessment(AssessmentTarget target, AssessmentBudget budget, ProgressListener progress) {
      this.target = target;
      this.budget = budget;
      this.progress = progress;
    }

    /** Scans, judges and grades. */
    AssessmentReport run() throws InterruptedException {
      Instant began = clock.now();
      long start = clock.nanoTime();
      progress.checking(FindingLocation.domain(), "looking up DNS records", 0);
      TargetLookup.TargetHosts hosts = lookup.hostsOf(target);
      List<OpenReview> asked = ask(overview(hosts, List.of(), Duration.ZERO));
      // The hosts and the DNS have separate time limits.
      long end = clock.nanoTime() + budget.total().toNanos();
      List<AddressVisits.VisitResult> visited = visits.all(visitsOf(hosts, asked, end), progress);
      TargetOverview all = overview(hosts, visited, Duration.ofNanos(end - clock.nanoTime()));
      all = judged(all, asked);
      List<Finding> complete = complete(all);
      return report(began, Duration.ofNanos(clock.nanoTime() - start), all, complete);
    }

    private TargetOverview overview(
        TargetLookup.TargetHosts hosts, List<AddressVisits.VisitResult> visited, Duration left) {
      List<Finding> findings = new ArrayList<>();
      visited.forEach(s -> findings.addAll(s.findings()));
      return new TargetOverview(
          target,
          hosts.mx(),
          hosts.route(),
          lookup.port(target),
          hosts.mxHosts(),
          visited.stream().map(AddressVisits.VisitResult::visit).toList(),
          findings,
          budget,
          left);
    }

    private List<OpenReview> ask(TargetOverview before) throws InterruptedException {
      progress.checking(FindingLocation.domain(), "fetching policies", 0);
      try (Scope scope = new Scope("assess-policies")) {
        List<Scope.ForkedTask<Review.PendingReview>> tasks = new ArrayList<>();
        for (Review review : reviews) {
          tasks.add(scope.fork(() -> asked(review, before)));
        }
        scope.join(DNS_TIME);
        List<OpenReview> all = new ArrayList<>();
        for (int i = 0; i < tasks.size(); i++) {
          Review review = reviews.get(i);
          all.add(
              new OpenReview(
                  review,
                  tasks.get(i).succeeded()
                      ? tasks.get(i).get()
                      : same(
                          review,
                          CheckOutcome.INCONCLUSIVE,
                          "the DNS and policy hosts took more than "
                              + DNS_TIME.toSeconds()
                              + " s")));
        }
        return all;
      }
    }

    private List<AddressVisit> visitsOf(
        TargetLookup.TargetHosts hosts, List<OpenReview> asked, long end) {
      List<AddressVisit> all = new ArrayList<>();
      int port = lookup.port(target);
      TlsStart tlsStart =
          target instanceof AssessmentTarget.HostTarget host ? host.tlsStart() : TlsStart.of(port);
      Domain nextHop = target instanceof AssessmentTarget.DomainTarget mail ? mail.domain() : null;
      for (TargetMxHost mxHost : hosts.mxHosts()) {
        for (InetAddress address : mxHost.addresses()) {
          all.add(
              new AddressVisit(
                  new FindingLocation(mxHost.host(), address, port),
                  serverName(mxHost, asked),
                  tlsStart,
                  nextHop,
                  ehlo,
                  budget,
                  clock,
                  end,
                  progress));
        }
      }
      return all;
    }

    private TargetOverview judged(TargetOverview visited, List<OpenReview> asked)
        throws InterruptedException {
      TargetOverview all = visited;
      for (OpenReview one : asked) {
        List<Finding> found;
        try {
          found = one.pendingReview().judge(all);
        } catch (RuntimeException e) {
          found =
              same(
                      one.review(),
                      CheckOutcome.INCONCLUSIVE,
                      "the review failed: " + FailureText.of(e))
                  .judge(all);
        }
        found.forEach(progress::found);
        all = all.with(found);
      }
      return all;
    }

    private AssessmentReport report(
        Instant began, Duration took, TargetOverview all, List<Finding> findings) {
      boolean full = budget.depth() == ScanDepth.FULL;
      List<AssessmentReport.AddressResult> stations = new ArrayList<>();
      Grade weakest = null;
      List<String> doubts = new ArrayList<>();
      for (AddressVisit visit : all.visits()) {
        FindingLocation location = visit.location();
        boolean answered = visit.facts().answered();
        Grade grade = null;
        if (answered) {
          grade =
              rubric.grade(
                  findings.stream().filter(f -> f.location().covers(location)).toList(), full);
          doubts.addAll(grade.doubts());
          weakest = weaker(weakest, grade);
        }
        stations.add(
            new AssessmentReport.AddressResult(
                location, answered, visit.connections().opened(), visit.facts().banner(), grade));
      }
      if (weakest == null && findings.stream().anyMatch(Assessor::bogus)) {
        // No host can be reached because the DNS is forged or broken: that still leads to a grade.
        weakest =
            rubric.grade(
                findings.stream()
                    .filter(f -> f.location().equals(FindingLocation.domain()))
                    .toList(),
                full);
      }
      if (weakest != null) {
        weakest = weakest.doubting(doubts);
      }
      return new AssessmentReport(
          target.text(),
          budget.depth(),
          began,
          took,
          program,
          rubric.version(),
          rubric.hash(),
          stations,
          weakest,
          weakest == null ? whyNot(all) : "",
          findings);
    }
  }

  /** A domain with neither MX record nor address is treated as one with a null MX. */
  private static final MxSet NO_MAIL = new MxSet.NullMx(DnssecStatus.INSECURE);

  private static final String NO_MAIL_HOST =
      "the domain does not accept mail: it has neither an MX record nor an address";

  /** A review and what it asked. */
  private record OpenReview(Review review, Review.PendingReview pendingReview) {}

  private static Review.PendingReview asked(Review review, TargetOverview before)
      throws InterruptedException {
    MxSet route = before.route();
    if (before.hasNoMailHost() && !review.concerns(NO_MAIL)) {
      return same(review, CheckOutcome.NOT_NEEDED, NO_MAIL_HOST);
    }
    if (route != null && !review.concerns(route)) {
      return route instanceof MxSet.MxLookupFailed failure
          ? same(review, CheckOutcome.INCONCLUSIVE, noHostReason(failure))
          : same(review, CheckOutcome.NOT_NEEDED, noHostReason(route));
    }
    try {
      return review.ask(before);
    } catch (RuntimeException e) {
      return same(review, CheckOutcome.INCONCLUSIVE, "the review failed: " + FailureText.of(e));
    }
  }

  private static Review.PendingReview same(Review review, CheckOutcome outcome, String why) {
    return all -> review.checks().stream().map(c -> c.atDomain().finding(outcome, why)).toList();
  }

  /** What senders ask for by SNI: as the policies say, or the host's own name. */
  private static @Nullable Domain serverName(TargetMxHost mxHost, List<OpenReview> asked) {
    Domain host = mxHost.host();
    return host == null
        ? null
        : asked.stream()
            .flatMap(a -> a.pendingReview().serverName(host).stream())
            .findFirst()
            .orElse(host);
  }

  /**
   * Each check of the table is reported, in the table's order; none is left out without a finding.
   */
  private static List<Finding> complete(TargetOverview all) {
    Map<String, Integer> order = new HashMap<>();
    List<Finding> findings = new ArrayList<>(all.found());
    Set<String> reported = new HashSet<>();
    findings.forEach(f -> reported.add(f.check().id()));
    for (Check check : Check.all()) {
      order.put(check.id(), order.size());
      boolean onlyProblems = check.id().equals("scan.trouble");
      if (!reported.contains(check.id()) && !onlyProblems) {
        findings.add(nothing(check, all));
      }
    }
    findings.sort(
        Comparator.comparingInt((Finding f) -> order.getOrDefault(f.check().id(), order.size())));
    return findings;
  }

  /** No probe reported a check: because of the target, or because it was not requested. */
  private static Finding nothing(Check check, TargetOverview all) {
    MxSet route = all.route();
    if (!all.visits().isEmpty()) {
      return check.atDomain().notTested("not requested");
    }
    if (all.hasNoMailHost()) {
      return check.atDomain().notNeeded(NO_MAIL_HOST);
    }
    boolean none =
        route instanceof MxSet.NullMx
            || route instanceof MxSet.NoSuchDomain
            || route instanceof MxSet.LoopsBack;
    return none && route != null
        ? check.atDomain().notNeeded(noHostReason(route))
        : check.atDomain().inconclusive("there is no address to examine");
  }

  private static String noHostReason(MxSet route) {
    return switch (route) {
      case MxSet.NullMx n -> "the domain does not accept mail (null MX)";
      case MxSet.NoSuchDomain n -> "the domain does not exist";
      case MxSet.LoopsBack l -> "the MX host does not exist";
      case MxSet.MxLookupFailed t ->
          t.security() == DnssecStatus.BOGUS || t.security() == DnssecStatus.FAILED
              ? "DNS look-up failed: " + t.reason()
              : "the MX records are not usable: " + t.reason();
      case MxSet.Hosts h -> "no host has an address";
    };
  }

  private static boolean bogus(Finding finding) {
    return finding.code().equals("dnssec/bogus") && finding.outcome() == CheckOutcome.FAIL;
  }

  private static Grade weaker(@Nullable Grade a, Grade b) {
    if (a == null) {
      return b;
    }
    return Grade.WEAKEST_FIRST.compare(a, b) <= 0 ? a : b;
  }

  private static String whyNot(TargetOverview all) {
    MxSet route = all.route();
    if (route != null && !(route instanceof MxSet.Hosts)) {
      return noHostReason(route);
    }
    if (!all.visits().isEmpty()) {
      return "no host accepts connections";
    }
    boolean unknown = all.mxHosts().stream().anyMatch(h -> h.failedLookup().isPresent());
    return all.hasNoMailHost()
        ? NO_MAIL_HOST
        : unknown ? "the addresses of the hosts cannot be looked up" : "no host has an address";
  }
}
