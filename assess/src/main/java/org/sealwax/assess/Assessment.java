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
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.AssessmentTarget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver.AddressFamily;
import org.sealwax.mail.net.Scope;

/**
 * One examination of one target: finds the hosts and their addresses, lets the reviews ask for
 * policies, sends the probes to each address (several addresses at a time, one connection at a time
 * to each), lets the reviews judge the whole, and grades.
 *
 * <p>Ends within the budget's time and {@link #DNS_TIME} for the DNS and policy hosts, which come
 * first: what was not looked at by then is reported as {@code not tested}. A probe that breaks (a
 * fault in our code) is reported as {@code inconclusive}, never hidden.
 */
public final class Assessment {
  /** By letter, then by the worst cap, then by score. */
  private static final Comparator<Grade> WEAKEST_FIRST =
      Comparator.comparing(Grade::letter, Comparator.reverseOrder())
          .thenComparing(
              g -> g.caps().isEmpty() ? GradeLetter.A_PLUS : g.caps().getFirst().most(),
              Comparator.reverseOrder())
          .thenComparingInt(Grade::score);

  /** For the DNS and policy hosts (one of which gets a minute), before any mail host is visited. */
  static final Duration DNS_TIME = Duration.ofSeconds(90);

  private final AssessmentEnvironment environment;
  private final AssessmentTarget target;
  private final AssessmentBudget budget;
  private final ProgressListener progress;

  /** Nothing is done yet. */
  public Assessment(
      AssessmentEnvironment setup,
      AssessmentTarget target,
      AssessmentBudget budget,
      ProgressListener progress) {
    this.environment = setup;
    this.target = target;
    this.budget = budget;
    this.progress = progress;
  }

  private record VisitPlan(
      @Nullable DnsAnswer<MxRecord> mx, @Nullable MxSet route, List<TargetMxHost> mxHosts) {}

  private record VisitResult(AddressVisit visit, List<Finding> findings) {}

  /** Looks, judges and grades. */
  public AssessmentReport run() throws InterruptedException {
    Instant began = environment.clock().now();
    long start = environment.clock().nanoTime();
    progress.checking(FindingLocation.domain(), "asking the DNS", 0);
    VisitPlan plan = plan();
    List<OpenReview> asked = ask(overview(plan, List.of(), Duration.ZERO));
    // The hosts have their own time: what the DNS took is not theirs, nor theirs the DNS's.
    long end = environment.clock().nanoTime() + budget.total().toNanos();
    List<VisitResult> hosts = visitAll(visits(plan, asked, end));
    TargetOverview all =
        overview(plan, hosts, Duration.ofNanos(end - environment.clock().nanoTime()));
    all = judged(all, asked);
    List<Finding> complete = complete(all);
    return report(began, Duration.ofNanos(environment.clock().nanoTime() - start), all, complete);
  }

  private TargetOverview overview(VisitPlan plan, List<VisitResult> hosts, Duration left) {
    List<Finding> findings = new ArrayList<>();
    hosts.forEach(s -> findings.addAll(s.findings()));
    return new TargetOverview(
        target,
        plan.mx(),
        plan.route(),
        target instanceof AssessmentTarget.HostTarget host ? host.port() : environment.port(),
        plan.mxHosts(),
        hosts.stream().map(VisitResult::visit).toList(),
        findings,
        budget,
        left);
  }

  /** A review and what it asked. */
  private record OpenReview(Review review, Review.PendingReview pendingReview) {}

  private List<OpenReview> ask(TargetOverview before) throws InterruptedException {
    progress.checking(FindingLocation.domain(), "asking for policies", 0);
    try (Scope scope = new Scope("assess-policies")) {
      List<Scope.ForkedTask<Review.PendingReview>> tasks = new ArrayList<>();
      for (Review review : environment.reviews()) {
        tasks.add(scope.fork(() -> asked(review, before)));
      }
      scope.join(DNS_TIME);
      List<OpenReview> all = new ArrayList<>();
      for (int i = 0; i < tasks.size(); i++) {
        Review review = environment.reviews().get(i);
        all.add(
            new OpenReview(
                review,
                tasks.get(i).succeeded()
                    ? tasks.get(i).get()
                    : same(
                        review,
                        CheckOutcome.INCONCLUSIVE,
                        "the DNS and policy hosts took more than " + DNS_TIME.toSeconds() + " s")));
      }
      return all;
    }
  }

  private static Review.PendingReview asked(Review review, TargetOverview before)
      throws InterruptedException {
    MxSet route = before.route();
    if (route != null && !review.concerns(route)) {
      return route instanceof MxSet.MxLookupFailed failure
          ? same(review, CheckOutcome.INCONCLUSIVE, "the MX look-up failed: " + failure.reason())
          : same(review, CheckOutcome.NOT_NEEDED, noHostReason(route));
    }
    try {
      return review.ask(before);
    } catch (RuntimeException e) {
      return same(review, CheckOutcome.INCONCLUSIVE, "the review broke: " + e);
    }
  }

  private static Review.PendingReview same(Review review, CheckOutcome outcome, String why) {
    return all ->
        review.checks().stream()
            .map(c -> Finding.of(c, outcome, FindingLocation.domain(), why))
            .toList();
  }

  private VisitPlan plan() throws InterruptedException {
    return switch (target) {
      case AssessmentTarget.DomainTarget mail -> {
        DnsAnswer<MxRecord> answer = environment.resolver().mx(mail.domain());
        MxSet route = MxSet.of(mail.domain(), answer, Set.of(), environment.random());
        yield new VisitPlan(answer, route, exchanges(route));
      }
      case AssessmentTarget.HostTarget host -> new VisitPlan(null, null, List.of(single(host)));
    };
  }

  private List<TargetMxHost> exchanges(MxSet route) throws InterruptedException {
    return switch (route) {
      case MxSet.Hosts hosts -> {
        try (Scope scope = new Scope("assess-dns")) {
          List<Scope.ForkedTask<TargetMxHost>> tasks =
              hosts.targets().stream()
                  .map(t -> scope.fork(() -> lookUp(t.host(), t.preference())))
                  .toList();
          scope.join();
          yield tasks.stream().map(Scope.ForkedTask::get).toList();
        }
      }
      case MxSet.NullMx nothing -> List.of();
      case MxSet.NoSuchDomain nothing -> List.of();
      case MxSet.LoopsBack nothing -> List.of();
      case MxSet.MxLookupFailed nothing -> List.of();
    };
  }

  private TargetMxHost single(AssessmentTarget.HostTarget host) {
    Domain name = host.name();
    if (name == null || !host.addresses().isEmpty()) {
      return new TargetMxHost(name, 0, List.of(), host.addresses());
    }
    return lookUp(name, 0);
  }

  private TargetMxHost lookUp(Domain host, int preference) {
    return TargetMxHost.of(
        host,
        preference,
        List.of(
            environment.resolver().addresses(host, AddressFamily.IPV4),
            environment.resolver().addresses(host, AddressFamily.IPV6)));
  }

  private List<AddressVisit> visits(VisitPlan plan, List<OpenReview> asked, long end) {
    List<AddressVisit> visits = new ArrayList<>();
    int port =
        target instanceof AssessmentTarget.HostTarget host ? host.port() : environment.port();
    TlsStart tlsStart =
        target instanceof AssessmentTarget.HostTarget host ? host.tlsStart() : TlsStart.of(port);
    Domain nextHop = target instanceof AssessmentTarget.DomainTarget mail ? mail.domain() : null;
    for (TargetMxHost mxHost : plan.mxHosts()) {
      for (InetAddress address : mxHost.addresses()) {
        visits.add(
            new AddressVisit(
                new FindingLocation(mxHost.host(), address, port),
                serverName(mxHost, asked),
                tlsStart,
                nextHop,
                environment.ehlo(),
                budget,
                environment.clock(),
                end,
                progress));
      }
    }
    return visits;
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

  private List<VisitResult> visitAll(List<AddressVisit> visits) throws InterruptedException {
    Semaphore turns = new Semaphore(environment.parallel());
    try (Scope scope = new Scope("assess")) {
      List<Scope.ForkedTask<VisitResult>> tasks = new ArrayList<>();
      for (AddressVisit visit : visits) {
        tasks.add(
            scope.fork(
                () -> {
                  turns.acquire();
                  try {
                    return visited(visit);
                  } finally {
                    turns.release();
                  }
                }));
      }
      scope.join();
      return tasks.stream().map(Scope.ForkedTask::get).toList();
    }
  }

  private VisitResult visited(AddressVisit visit) throws InterruptedException {
    InetAddress address = visit.location().address();
    if (address == null) {
      throw new IllegalStateException("a visit goes to an address");
    }
    List<Finding> findings = new ArrayList<>();
    long asked = environment.clock().nanoTime();
    try (AssessmentEnvironment.VisitPermit _ = environment.limiter().enter(address)) {
      visit.postpone(Duration.ofNanos(environment.clock().nanoTime() - asked));
      int later = environment.probes().stream().mapToInt(p -> p.reserve(visit.depth())).sum();
      for (Probe probe : environment.probes()) {
        later -= probe.reserve(visit.depth());
        visit.connections().reserve(later);
        List<Finding> found = runProbe(probe, visit);
        found.forEach(progress::found);
        findings.addAll(found);
      }
    }
    return new VisitResult(visit, withoutTls(findings));
  }

  /** Where TLS is not offered at all there is nothing behind it that could have been seen. */
  private static List<Finding> withoutTls(List<Finding> findings) {
    boolean none =
        findings.stream()
            .anyMatch(
                f ->
                    f.code().equals("starttls.offered/missing")
                        && f.outcome() == CheckOutcome.FAIL);
    if (!none) {
      return findings;
    }
    return findings.stream()
        .map(
            f ->
                f.outcome() == CheckOutcome.INCONCLUSIVE && !f.check().id().equals("scan.trouble")
                    ? Finding.of(
                        f.check(), CheckOutcome.NOT_NEEDED, f.location(), "STARTTLS is not offered")
                    : f)
        .toList();
  }

  private static List<Finding> runProbe(Probe probe, AddressVisit visit)
      throws InterruptedException {
    List<Finding> found;
    try {
      found = visit.timeLeft().isPositive() ? probe.run(visit) : List.of();
    } catch (RuntimeException e) {
      // A fault in our code must not look like a pass, and must not take the other probes with it.
      found =
          probe.checks().stream()
              .map(
                  c ->
                      Finding.of(
                          c, CheckOutcome.INCONCLUSIVE, visit.location(), "the probe broke: " + e))
              .toList();
    }
    List<Finding> all = new ArrayList<>(found);
    Set<String> reported = new HashSet<>();
    found.forEach(f -> reported.add(f.check().id()));
    for (Check check : probe.checks()) {
      if (!reported.contains(check.id())) {
        all.add(Finding.of(check, CheckOutcome.NOT_TESTED, visit.location(), unseen(visit)));
      }
    }
    return all;
  }

  private static String unseen(AddressVisit visit) {
    if (!visit.timeLeft().isPositive()) {
      return "the time was over";
    }
    if (visit.connections().remaining() == 0) {
      return "the budget of " + visit.connections().opened() + " connections was spent";
    }
    return "not part of a " + visit.depth().label() + " assessment, or nothing to look at";
  }

  private TargetOverview judged(TargetOverview visited, List<OpenReview> asked)
      throws InterruptedException {
    TargetOverview all = visited;
    for (OpenReview one : asked) {
      List<Finding> found;
      try {
        found = one.pendingReview().judge(all);
      } catch (RuntimeException e) {
        found = same(one.review(), CheckOutcome.INCONCLUSIVE, "the review broke: " + e).judge(all);
      }
      found.forEach(progress::found);
      all = all.with(found);
    }
    return all;
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
      return Finding.of(check, CheckOutcome.NOT_TESTED, FindingLocation.domain(), "not asked for");
    }
    boolean none =
        route instanceof MxSet.NullMx
            || route instanceof MxSet.NoSuchDomain
            || route instanceof MxSet.LoopsBack;
    return none && route != null
        ? Finding.of(check, CheckOutcome.NOT_NEEDED, FindingLocation.domain(), noHostReason(route))
        : Finding.of(
            check,
            CheckOutcome.INCONCLUSIVE,
            FindingLocation.domain(),
            "there is no address to look at");
  }

  private static String noHostReason(MxSet route) {
    return switch (route) {
      case MxSet.NullMx n -> "the domain takes no mail (null MX)";
      case MxSet.NoSuchDomain n -> "the domain does not exist";
      case MxSet.LoopsBack l -> "the MX leads nowhere";
      case MxSet.MxLookupFailed t -> "the DNS gives no answer: " + t.reason();
      case MxSet.Hosts h -> "no host has an address";
    };
  }

  private AssessmentReport report(
      Instant began, Duration took, TargetOverview all, List<Finding> findings) {
    boolean full = budget.depth() == ScanDepth.FULL;
    List<AssessmentReport.AddressResult> stations = new ArrayList<>();
    Grade weakest = null;
    boolean doubt = false;
    for (AddressVisit visit : all.visits()) {
      FindingLocation location = visit.location();
      boolean answered = visit.facts().answered();
      Grade grade = null;
      if (answered) {
        grade =
            environment
                .rubric()
                .grade(findings.stream().filter(f -> f.location().covers(location)).toList(), full);
        doubt |= grade.uncertain();
        weakest = weaker(weakest, grade);
      }
      stations.add(
          new AssessmentReport.AddressResult(
              location, answered, visit.connections().opened(), grade));
    }
    if (weakest == null && findings.stream().anyMatch(Assessment::bogus)) {
      // No host can be reached because the DNS is forged or broken: that still leads to a grade.
      weakest =
          environment
              .rubric()
              .grade(
                  findings.stream()
                      .filter(f -> f.location().equals(FindingLocation.domain()))
                      .toList(),
                  full);
    }
    if (weakest != null && doubt) {
      weakest = weakest.markUncertain();
    }
    return new AssessmentReport(
        target.text(),
        budget.depth(),
        began,
        took,
        environment.program(),
        environment.rubric().version(),
        environment.rubric().hash(),
        stations,
        weakest,
        weakest == null ? whyNot(all) : "",
        findings);
  }

  private static boolean bogus(Finding finding) {
    return finding.code().equals("dnssec/bogus") && finding.outcome() == CheckOutcome.FAIL;
  }

  private static Grade weaker(@Nullable Grade a, Grade b) {
    if (a == null) {
      return b;
    }
    return WEAKEST_FIRST.compare(a, b) <= 0 ? a : b;
  }

  private static String whyNot(TargetOverview all) {
    MxSet route = all.route();
    if (route != null && !(route instanceof MxSet.Hosts)) {
      return noHostReason(route);
    }
    return all.visits().isEmpty() ? "no host has an address" : "no host answers";
  }
}
