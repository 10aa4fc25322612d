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
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.Report;
import org.sealwax.assess.model.Target;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Answer;
import org.sealwax.mail.dns.Mx;
import org.sealwax.mail.dns.MxSet;
import org.sealwax.mail.dns.Resolver.Family;
import org.sealwax.mail.net.Scope;

/**
 * One examination of one target: finds the hosts and their addresses, lets the reviews ask for
 * policies, sends the probes to each address (several addresses at a time, one connection at a time
 * to each), lets the reviews judge the whole, and grades.
 *
 * <p>Ends within the budget's time and {@link #DNS_TIME} for the DNS and policy hosts, which come
 * first: what was not looked at by then is reported as {@code not tested}. A probe that breaks (a
 * bug of ours) is told as {@code inconclusive}, never hidden.
 */
public final class Assessment {
  /** By letter, then by the worst cap, then by score. */
  private static final Comparator<Grade> WEAKEST_FIRST =
      Comparator.comparing(Grade::letter, Comparator.reverseOrder())
          .thenComparing(
              g -> g.caps().isEmpty() ? Letter.A_PLUS : g.caps().getFirst().most(),
              Comparator.reverseOrder())
          .thenComparingInt(Grade::score);

  /** For the DNS and policy hosts (one of which gets a minute), before any mail host is visited. */
  static final Duration DNS_TIME = Duration.ofSeconds(90);

  private final Setup setup;
  private final Target target;
  private final Budget budget;
  private final Progress progress;

  /** Nothing is done yet. */
  public Assessment(Setup setup, Target target, Budget budget, Progress progress) {
    this.setup = setup;
    this.target = target;
    this.budget = budget;
    this.progress = progress;
  }

  private record Plan(@Nullable Answer<Mx> mx, @Nullable MxSet route, List<Exchange> exchanges) {}

  private record Seen(Visit visit, List<Finding> findings) {}

  /** Looks, judges and grades. */
  public Report run() throws InterruptedException {
    Instant began = setup.clock().now();
    long start = setup.clock().nanoTime();
    progress.doing(Place.domain(), "asking the DNS", 0);
    Plan plan = plan();
    List<Asked> asked = ask(overview(plan, List.of(), Duration.ZERO));
    // The hosts have their own time: what the DNS took is not theirs, nor theirs the DNS's.
    long end = setup.clock().nanoTime() + budget.total().toNanos();
    List<Seen> seen = visitAll(visits(plan, asked, end));
    Overview all = overview(plan, seen, Duration.ofNanos(end - setup.clock().nanoTime()));
    all = judged(all, asked);
    List<Finding> complete = complete(all);
    return report(began, Duration.ofNanos(setup.clock().nanoTime() - start), all, complete);
  }

  private Overview overview(Plan plan, List<Seen> seen, Duration left) {
    List<Finding> findings = new ArrayList<>();
    seen.forEach(s -> findings.addAll(s.findings()));
    return new Overview(
        target,
        plan.mx(),
        plan.route(),
        target instanceof Target.Host host ? host.port() : setup.port(),
        plan.exchanges(),
        seen.stream().map(Seen::visit).toList(),
        findings,
        budget,
        left);
  }

  /** A review and what it asked. */
  private record Asked(Review review, Review.Judgement judgement) {}

  private List<Asked> ask(Overview before) throws InterruptedException {
    progress.doing(Place.domain(), "asking for policies", 0);
    try (Scope scope = new Scope("assess-policies")) {
      List<Scope.Task<Review.Judgement>> tasks = new ArrayList<>();
      for (Review review : setup.reviews()) {
        tasks.add(scope.fork(() -> asked(review, before)));
      }
      scope.join(DNS_TIME);
      List<Asked> all = new ArrayList<>();
      for (int i = 0; i < tasks.size(); i++) {
        Review review = setup.reviews().get(i);
        all.add(
            new Asked(
                review,
                tasks.get(i).succeeded()
                    ? tasks.get(i).get()
                    : same(
                        review,
                        Outcome.INCONCLUSIVE,
                        "the DNS and policy hosts took more than " + DNS_TIME.toSeconds() + " s")));
      }
      return all;
    }
  }

  private static Review.Judgement asked(Review review, Overview before)
      throws InterruptedException {
    MxSet route = before.route();
    if (route != null && !review.concerns(route)) {
      return route instanceof MxSet.Trouble trouble
          ? same(review, Outcome.INCONCLUSIVE, "the MX look-up failed: " + trouble.reason())
          : same(review, Outcome.NOT_NEEDED, nowhere(route));
    }
    try {
      return review.ask(before);
    } catch (RuntimeException e) {
      return same(review, Outcome.INCONCLUSIVE, "the review broke: " + e);
    }
  }

  private static Review.Judgement same(Review review, Outcome outcome, String why) {
    return all ->
        review.checks().stream().map(c -> Finding.of(c, outcome, Place.domain(), why)).toList();
  }

  private Plan plan() throws InterruptedException {
    return switch (target) {
      case Target.MailDomain mail -> {
        Answer<Mx> answer = setup.resolver().mx(mail.domain());
        MxSet route = MxSet.of(mail.domain(), answer, Set.of(), setup.chance());
        yield new Plan(answer, route, exchanges(route));
      }
      case Target.Host host -> new Plan(null, null, List.of(single(host)));
    };
  }

  private List<Exchange> exchanges(MxSet route) throws InterruptedException {
    return switch (route) {
      case MxSet.Hosts hosts -> {
        try (Scope scope = new Scope("assess-dns")) {
          List<Scope.Task<Exchange>> tasks =
              hosts.targets().stream()
                  .map(t -> scope.fork(() -> lookUp(t.host(), t.preference())))
                  .toList();
          scope.join();
          yield tasks.stream().map(Scope.Task::get).toList();
        }
      }
      case MxSet.NullMx nothing -> List.of();
      case MxSet.NoSuchDomain nothing -> List.of();
      case MxSet.LoopsBack nothing -> List.of();
      case MxSet.Trouble nothing -> List.of();
    };
  }

  private Exchange single(Target.Host host) {
    Domain name = host.name();
    if (name == null || !host.addresses().isEmpty()) {
      return new Exchange(name, 0, List.of(), host.addresses());
    }
    return lookUp(name, 0);
  }

  private Exchange lookUp(Domain host, int preference) {
    return Exchange.of(
        host,
        preference,
        List.of(
            setup.resolver().addresses(host, Family.IPV4),
            setup.resolver().addresses(host, Family.IPV6)));
  }

  private List<Visit> visits(Plan plan, List<Asked> asked, long end) {
    List<Visit> visits = new ArrayList<>();
    int port = target instanceof Target.Host host ? host.port() : setup.port();
    Entry entry = target instanceof Target.Host host ? host.entry() : Entry.of(port);
    Domain nextHop = target instanceof Target.MailDomain mail ? mail.domain() : null;
    for (Exchange exchange : plan.exchanges()) {
      for (InetAddress address : exchange.addresses()) {
        visits.add(
            new Visit(
                new Place(exchange.host(), address, port),
                serverName(exchange, asked),
                entry,
                nextHop,
                setup.ehlo(),
                budget,
                setup.clock(),
                end,
                progress));
      }
    }
    return visits;
  }

  /** What senders ask for by SNI: as the policies say, or the host's own name. */
  private static @Nullable Domain serverName(Exchange exchange, List<Asked> asked) {
    Domain host = exchange.host();
    return host == null
        ? null
        : asked.stream()
            .flatMap(a -> a.judgement().serverName(host).stream())
            .findFirst()
            .orElse(host);
  }

  private List<Seen> visitAll(List<Visit> visits) throws InterruptedException {
    Semaphore turns = new Semaphore(setup.parallel());
    try (Scope scope = new Scope("assess")) {
      List<Scope.Task<Seen>> tasks = new ArrayList<>();
      for (Visit visit : visits) {
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
      return tasks.stream().map(Scope.Task::get).toList();
    }
  }

  private Seen visited(Visit visit) throws InterruptedException {
    InetAddress address = visit.place().address();
    if (address == null) {
      throw new IllegalStateException("a visit goes to an address");
    }
    List<Finding> findings = new ArrayList<>();
    long asked = setup.clock().nanoTime();
    try (Setup.Pass _ = setup.gate().enter(address)) {
      visit.postpone(Duration.ofNanos(setup.clock().nanoTime() - asked));
      int later = setup.probes().stream().mapToInt(p -> p.reserve(visit.depth())).sum();
      for (Probe probe : setup.probes()) {
        later -= probe.reserve(visit.depth());
        visit.purse().keep(later);
        List<Finding> found = looked(probe, visit);
        found.forEach(progress::found);
        findings.addAll(found);
      }
    }
    return new Seen(visit, withoutTls(findings));
  }

  /** Where TLS is not offered at all there is nothing behind it that could have been seen. */
  private static List<Finding> withoutTls(List<Finding> findings) {
    boolean none =
        findings.stream()
            .anyMatch(
                f -> f.code().equals("starttls.offered/missing") && f.outcome() == Outcome.FAIL);
    if (!none) {
      return findings;
    }
    return findings.stream()
        .map(
            f ->
                f.outcome() == Outcome.INCONCLUSIVE && !f.check().id().equals("scan.trouble")
                    ? Finding.of(
                        f.check(), Outcome.NOT_TESTED, f.place(), "STARTTLS is not offered")
                    : f)
        .toList();
  }

  private static List<Finding> looked(Probe probe, Visit visit) throws InterruptedException {
    List<Finding> found;
    try {
      found = visit.left().isPositive() ? probe.look(visit) : List.of();
    } catch (RuntimeException e) {
      // A bug of ours must not look like a pass, and must not take the other probes with it.
      found =
          probe.checks().stream()
              .map(c -> Finding.of(c, Outcome.INCONCLUSIVE, visit.place(), "the probe broke: " + e))
              .toList();
    }
    List<Finding> all = new ArrayList<>(found);
    Set<String> said = new HashSet<>();
    found.forEach(f -> said.add(f.check().id()));
    for (Check check : probe.checks()) {
      if (!said.contains(check.id())) {
        all.add(Finding.of(check, Outcome.NOT_TESTED, visit.place(), unseen(visit)));
      }
    }
    return all;
  }

  private static String unseen(Visit visit) {
    if (!visit.left().isPositive()) {
      return "the time was over";
    }
    if (visit.purse().left() == 0) {
      return "the budget of " + visit.purse().spent() + " connections was spent";
    }
    return "not part of a " + visit.depth().word() + " assessment, or nothing to look at";
  }

  private Overview judged(Overview visited, List<Asked> asked) throws InterruptedException {
    Overview all = visited;
    for (Asked one : asked) {
      List<Finding> found;
      try {
        found = one.judgement().judge(all);
      } catch (RuntimeException e) {
        found = same(one.review(), Outcome.INCONCLUSIVE, "the review broke: " + e).judge(all);
      }
      found.forEach(progress::found);
      all = all.with(found);
    }
    return all;
  }

  /** Each check of the table is told, in the table's order; nothing is left out in silence. */
  private static List<Finding> complete(Overview all) {
    Map<String, Integer> order = new HashMap<>();
    List<Finding> findings = new ArrayList<>(all.found());
    Set<String> said = new HashSet<>();
    findings.forEach(f -> said.add(f.check().id()));
    for (Check check : Check.all()) {
      order.put(check.id(), order.size());
      boolean onlyTrouble = check.id().equals("scan.trouble");
      if (!said.contains(check.id()) && !onlyTrouble) {
        findings.add(nothing(check, all));
      }
    }
    findings.sort(
        Comparator.comparingInt((Finding f) -> order.getOrDefault(f.check().id(), order.size())));
    return findings;
  }

  /** Nothing said anything of a check: because of the target, or because nobody asked for it. */
  private static Finding nothing(Check check, Overview all) {
    MxSet route = all.route();
    if (!all.visits().isEmpty()) {
      return Finding.of(check, Outcome.NOT_TESTED, Place.domain(), "not asked for");
    }
    boolean none =
        route instanceof MxSet.NullMx
            || route instanceof MxSet.NoSuchDomain
            || route instanceof MxSet.LoopsBack;
    return none && route != null
        ? Finding.of(check, Outcome.NOT_NEEDED, Place.domain(), nowhere(route))
        : Finding.of(check, Outcome.INCONCLUSIVE, Place.domain(), "there is no address to look at");
  }

  private static String nowhere(MxSet route) {
    return switch (route) {
      case MxSet.NullMx n -> "the domain takes no mail (null MX)";
      case MxSet.NoSuchDomain n -> "the domain does not exist";
      case MxSet.LoopsBack l -> "the MX leads nowhere";
      case MxSet.Trouble t -> "the DNS gives no answer: " + t.reason();
      case MxSet.Hosts h -> "no host has an address";
    };
  }

  private Report report(Instant began, Duration took, Overview all, List<Finding> findings) {
    boolean full = budget.depth() == Depth.FULL;
    List<Report.Station> stations = new ArrayList<>();
    Grade weakest = null;
    boolean doubt = false;
    for (Visit visit : all.visits()) {
      Place place = visit.place();
      boolean answered = visit.sightings().answered();
      Grade grade = null;
      if (answered) {
        grade =
            setup
                .rubric()
                .grade(findings.stream().filter(f -> f.place().covers(place)).toList(), full);
        doubt |= grade.uncertain();
        weakest = weaker(weakest, grade);
      }
      stations.add(new Report.Station(place, answered, visit.purse().spent(), grade));
    }
    if (weakest == null && findings.stream().anyMatch(Assessment::bogus)) {
      // Nobody can be reached because the DNS is forged or broken: that is a grade, not none.
      weakest =
          setup
              .rubric()
              .grade(
                  findings.stream().filter(f -> f.place().equals(Place.domain())).toList(), full);
    }
    if (weakest != null && doubt) {
      weakest = weakest.doubted();
    }
    return new Report(
        target.text(),
        budget.depth(),
        began,
        took,
        setup.program(),
        setup.rubric().version(),
        setup.rubric().hash(),
        stations,
        weakest,
        weakest == null ? whyNot(all) : "",
        findings);
  }

  private static boolean bogus(Finding finding) {
    return finding.code().equals("dnssec/bogus") && finding.outcome() == Outcome.FAIL;
  }

  private static Grade weaker(@Nullable Grade a, Grade b) {
    if (a == null) {
      return b;
    }
    return WEAKEST_FIRST.compare(a, b) <= 0 ? a : b;
  }

  private static String whyNot(Overview all) {
    MxSet route = all.route();
    if (route != null && !(route instanceof MxSet.Hosts)) {
      return nowhere(route);
    }
    return all.visits().isEmpty() ? "no host has an address" : "no host answers";
  }
}
