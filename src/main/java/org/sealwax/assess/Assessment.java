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
import org.sealwax.address.Domain;
import org.sealwax.dns.Answer;
import org.sealwax.dns.Mx;
import org.sealwax.dns.MxSet;
import org.sealwax.dns.Resolver.Family;
import org.sealwax.world.Scope;

/**
 * One examination of one target: finds the hosts and their addresses, sends the probes to each
 * address (several addresses at a time, one connection at a time to each), lets the reviews look at
 * the whole, and grades.
 *
 * <p>Ends within the budget's time: what was not looked at by then is told as {@code not tested}. A
 * probe that breaks (a bug of ours) is told as {@code inconclusive}, never hidden.
 */
public final class Assessment {
  /** By letter, then by the worst cap, then by score. */
  private static final Comparator<Grade> WEAKEST_FIRST =
      Comparator.comparing(Grade::letter, Comparator.reverseOrder())
          .thenComparing(
              g -> g.caps().isEmpty() ? Letter.A_PLUS : g.caps().getFirst().most(),
              Comparator.reverseOrder())
          .thenComparingInt(Grade::score);

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
    long end = start + budget.total().toNanos();
    progress.doing(Place.domain(), "asking the DNS", 0);
    Plan plan = plan();
    List<Seen> seen = visitAll(visits(plan, end));
    List<Finding> findings = new ArrayList<>();
    seen.forEach(s -> findings.addAll(s.findings()));
    Overview all =
        new Overview(
            target,
            plan.mx(),
            plan.route(),
            plan.exchanges(),
            seen.stream().map(Seen::visit).toList(),
            findings,
            budget,
            Duration.ofNanos(end - setup.clock().nanoTime()));
    all = reviewed(all, end);
    List<Finding> complete = complete(all);
    return report(began, Duration.ofNanos(setup.clock().nanoTime() - start), all, complete);
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

  private List<Visit> visits(Plan plan, long end) {
    List<Visit> visits = new ArrayList<>();
    int port = target instanceof Target.Host host ? host.port() : setup.port();
    Entry entry = target instanceof Target.Host host ? host.entry() : Entry.of(port);
    Domain nextHop = target instanceof Target.MailDomain mail ? mail.domain() : null;
    for (Exchange exchange : plan.exchanges()) {
      for (InetAddress address : exchange.addresses()) {
        visits.add(
            new Visit(
                new Place(exchange.host(), address, port),
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
    try (Setup.Pass _ = setup.gate().enter(address)) {
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
                f -> f.check().id().equals("starttls.offered") && f.outcome() == Outcome.FAIL);
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

  private Overview reviewed(Overview visited, long end) throws InterruptedException {
    Overview all = visited;
    progress.doing(Place.domain(), "asking for policies", 0);
    for (Review review : setup.reviews()) {
      List<Finding> found;
      if (setup.clock().nanoTime() - end >= 0) {
        found =
            review.checks().stream()
                .map(c -> Finding.of(c, Outcome.NOT_TESTED, Place.domain(), "the time was over"))
                .toList();
      } else {
        found = judged(review, all);
      }
      found.forEach(progress::found);
      all = all.with(found);
    }
    return all;
  }

  private static List<Finding> judged(Review review, Overview all) throws InterruptedException {
    try {
      return review.judge(all);
    } catch (RuntimeException e) {
      return review.checks().stream()
          .map(c -> Finding.of(c, Outcome.INCONCLUSIVE, Place.domain(), "the review broke: " + e))
          .toList();
    }
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
        findings.add(Finding.of(check, Outcome.NOT_TESTED, Place.domain(), nothing(all)));
      }
    }
    findings.sort(
        Comparator.comparingInt((Finding f) -> order.getOrDefault(f.check().id(), order.size())));
    return findings;
  }

  private static String nothing(Overview all) {
    return all.visits().isEmpty() ? "there is no address to look at" : "not asked for";
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
    if (route != null) {
      switch (route) {
        case MxSet.NullMx n -> {
          return "the domain takes no mail (null MX)";
        }
        case MxSet.NoSuchDomain n -> {
          return "the domain does not exist";
        }
        case MxSet.Trouble t -> {
          return "the DNS gives no answer: " + t.reason();
        }
        case MxSet.LoopsBack l -> {
          return "the MX leads nowhere";
        }
        case MxSet.Hosts h -> {
          // It has hosts: they are the matter.
        }
      }
    }
    return all.visits().isEmpty() ? "no host has an address" : "no host answers";
  }
}
