package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.tlsrpt.Diagnosis;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.ledger.MxAnswer;
import org.sealwax.router.ledger.Visit;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.NextHop;

/**
 * One round over the hosts of a next hop on one errand: plan, then host by host, idle connections
 * first, and at the end the last word about hosts whose TLS was broken. One thread owns it.
 */
final class Round {
  /** What a blank ledger is asked with: it looks at neither. */
  private static final Domain NOWHERE = Domain.of("invalid");

  private static final MxAnswer NO_ANSWER = new MxAnswer(Set.of(NOWHERE), false, Instant.EPOCH);

  private final Tools tools;
  private final Errand errand;
  private final NextHop nextHop;
  private final Budget budget;
  private Visit visit = Ledger.blank().visit(NOWHERE, NO_ANSWER, false);

  /** A round. */
  Round(Tools tools, Errand errand, NextHop nextHop) {
    this.tools = tools;
    this.errand = errand;
    this.nextHop = nextHop;
    this.budget = new Budget(tools.clock().now());
  }

  /** What has been spent in this delivery. */
  static final class Budget {
    private final Instant began;
    private int connections;
    private boolean keepsOne;
    private HostOrder order = new HostOrder(List.of(), Tried.NOTHING, Budget::nobody);

    Budget(Instant began) {
      this.began = began;
    }

    Instant began() {
      return began;
    }

    int connections() {
      return connections;
    }

    void connected() {
      connections++;
    }

    /** The hosts, and whose turn it is. */
    HostOrder order() {
      return order;
    }

    /** Whether a connection is kept for plaintext at a host that was tried before. */
    boolean keepsOne() {
      return keepsOne;
    }

    /** Keeps one: plaintext is due at a host, once every other one has been tried. */
    void keepOne() {
      keepsOne = true;
    }

    private static Terms nobody(Subject subject) {
      throw new IllegalStateException("no host was planned");
    }
  }

  /** Runs it; afterwards the errand is done or was told why not. */
  void run() throws InterruptedException {
    switch (plan()) {
      case RoutePlan.End end -> errand.ends(end.meaning());
      case RoutePlan.Hosts hosts -> run(hosts);
    }
  }

  private void run(RoutePlan.Hosts hosts) throws InterruptedException {
    RoutePlan.Published answer = hosts.answer();
    visit =
        answer == null
            ? visit
            : tools
                .sources()
                .ledger()
                .visit(answer.domain(), answer.at(tools.clock().now()), errand.teaches());
    Tried before = errand.triedBefore();
    try {
      Optional<Evidence.Sts> failed = over(hosts, before);
      if (failed.isEmpty() || errand.isDone() || answer == null) {
        return;
      }
      // RFC 8461 §5.1: before giving up, look whether the policy has changed meanwhile.
      Optional<Evidence.Sts> now = tools.sources().rechecks().recheck(answer.domain());
      if (now.isPresent() && !now.get().state().equals(failed.get().state())) {
        over(hosts, before);
      }
    } finally {
      errand.tried(budget.order());
      if (visit.askAfresh() && answer != null) {
        // The next round must not see what a poisoned cache says.
        tools.sources().forgets().accept(answer.domain());
        hosts.hosts().stream()
            .map(host -> host.subject().host())
            .filter(Domain.class::isInstance)
            .forEach(host -> tools.sources().forgets().accept((Domain) host));
      }
    }
  }

  /** Hosts whose evidence is looked up ahead: the first, and the one after it. */
  private static final int AHEAD_HOSTS = 2;

  /** Only the questions. */
  void lookAhead() throws InterruptedException {
    if (plan() instanceof RoutePlan.Hosts hosts) {
      for (RoutePlan.Host host : hosts.hosts().stream().limit(AHEAD_HOSTS).toList()) {
        tools.gatherer().gather(host.subject());
      }
    }
  }

  /**
   * The same without mail: what would be demanded of each host, and with {@code probes} what one
   * connection to each shows.
   */
  Preview preview(boolean probes) throws InterruptedException {
    return switch (plan()) {
      case RoutePlan.End end -> new Preview(nextHop.key(), List.of(), end.meaning().cause().text());
      case RoutePlan.Hosts hosts -> {
        List<Preview.Host> out = new ArrayList<>();
        HostOrder order = order(hosts, Tried.NOTHING);
        for (Terms terms = order.next(); terms != null; terms = order.next()) {
          Attempt attempt = new Attempt(tools, budget, errand, terms, visit, hosts);
          String host = terms.subject().host() + ":" + hosts.port();
          out.add(
              Preview.Host.of(
                  terms,
                  terms.refusal(tools.sources().ledger()).map(Cause::text).orElse(null),
                  tools.policy().ladder(),
                  tools.memories().at(host, tools.clock().now()),
                  probes ? attempt.glance() : null,
                  probes));
        }
        yield new Preview(nextHop.key(), out, null);
      }
    };
  }

  /**
   * Greets one MX host to which no mail goes now, for the ledger to know it. Empty when it is no MX
   * host any more or has no address.
   */
  Optional<Attempt.Glance> greet(Domain host) throws InterruptedException {
    if (!(plan() instanceof RoutePlan.Hosts hosts)) {
      return Optional.empty();
    }
    RoutePlan.Hosts alone = hosts.only(host);
    RoutePlan.Published answer = hosts.answer();
    if (alone.hosts().isEmpty() || answer == null) {
      return Optional.empty();
    }
    visit = tools.sources().ledger().greeting(answer.domain(), answer.at(tools.clock().now()));
    Terms terms = order(alone, Tried.NOTHING).next();
    if (terms == null) {
      return Optional.empty();
    }
    return Optional.ofNullable(new Attempt(tools, budget, errand, terms, visit, alone).glance());
  }

  private RoutePlan plan() {
    return switch (nextHop) {
      case NextHop.ByMx mx -> {
        tools.gatherer().begin(mx.domain());
        yield RoutePlan.byMx(
            mx.domain(),
            tools.resolver(),
            tools.settings().ownNames(),
            tools.chance(),
            tools.settings().mxPort());
      }
      case NextHop.Fixed fixed ->
          RoutePlan.fixed(
              fixed, errand.destination(), tools.settings().routes().get(fixed.route()));
      case NextHop.Pipe pipe -> throw new IllegalStateException("a pipe has no hosts");
      case NextHop.Reports reports -> throw new IllegalStateException("reports go to no hosts");
      case NextHop.Nobody nobody -> throw new IllegalStateException("nobody has no hosts");
    };
  }

  /**
   * Over all hosts; afterwards the MTA-STS evidence under which a host failed, if there was any.
   */
  private Optional<Evidence.Sts> over(RoutePlan.Hosts plan, Tried before)
      throws InterruptedException {
    List<Attempt> tried = new ArrayList<>();
    Optional<Evidence.Sts> underSts = Optional.empty();
    boolean looked = false;
    HostOrder order = order(plan, before);
    while (!errand.isDone()) {
      Terms terms = order.next();
      if (terms == null) {
        break;
      }
      if (terms.sts().isPresent()) {
        underSts = terms.sts();
      }
      Subject subject = terms.subject();
      if (terms.isSpokenFor()) {
        tools
            .log()
            .demanded(
                errand.id(),
                subject.host().toString(),
                terms.requirement().wanted().word(),
                terms.evidence().stream().filter(Terms::speaks).map(Evidence::origin).toList());
      }
      Attempt attempt = new Attempt(tools, budget, errand, terms, visit, plan);
      Optional<Cause> refusal = terms.refusal(tools.sources().ledger());
      if (refusal.isPresent()) {
        order.tried(subject.host());
        errand.passedOver(refusal.get());
        if (errand.counts() && plan.byMx() && subject.nextHop() instanceof Domain domain) {
          tools
              .sources()
              .sessions()
              .session(domain, Diagnosis.refused(terms.evidence(), subject, terms.lacksDane()));
        }
        if (terms.isToBeLookedAt() && !looked) {
          looked = true;
          attempt.look();
        }
        continue;
      }
      errand.comesTo(order.preference());
      visit(attempt, key(terms, plan));
      tried.add(attempt);
    }
    for (Attempt attempt : tried) {
      if (errand.isDone() || !errand.mayGoClear()) {
        return underSts;
      }
      // RFC 7435 §3 in our order: better TLS elsewhere before clear text here.
      Peer peer = attempt.last();
      if (peer != null) {
        finish(errand.with(peer), peer, null);
      }
    }
    return underSts;
  }

  private HostOrder order(RoutePlan.Hosts plan, Tried before) {
    HostOrder order = new HostOrder(plan.hosts(), before, subject -> terms(subject, plan));
    budget.order = order;
    return order;
  }

  private Terms terms(Subject subject, RoutePlan.Hosts plan) throws InterruptedException {
    List<Evidence> evidence = new ArrayList<>(tools.gatherer().gather(subject));
    RouteSettings route = plan.route();
    Evidence ofRoute = route == null ? null : route.evidence();
    if (ofRoute != null) {
      evidence.add(ofRoute);
    }
    evidence.addAll(errand.evidence());
    return Terms.of(subject, evidence, tools.policy(), tools.clock().now());
  }

  /** Idle connections differ in everything that stands here. */
  private String key(Terms terms, RoutePlan.Hosts plan) {
    return nextHop.key()
        + "|"
        + terms.subject().host()
        + ":"
        + plan.port()
        + "|"
        + terms.requirement().key()
        + "|"
        + errand.insistsOnRequireTls()
        + errand.use();
  }

  private void visit(Attempt attempt, String key) throws InterruptedException {
    Peer peer = tools.pool().take(key);
    if (peer != null && !attempt.admits(peer)) {
      tools.pool().give(key, peer);
      return;
    }
    if (peer != null) {
      errand.slot().greeted();
      budget.order().tried(peer.terms().subject().host(), peer.address().getAddress());
      Errand.Fate fate = errand.with(peer);
      finish(fate, peer, key);
      if (errand.isDone()) {
        return;
      }
      if (fate != Errand.Fate.STALE) {
        attempt.leaveOut(peer.address());
      }
      peer = next(attempt, peer, fate);
    } else {
      peer = attempt.open();
    }
    while (peer != null) {
      Errand.Fate fate = errand.with(peer);
      finish(fate, peer, key);
      peer = errand.isDone() ? null : next(attempt, peer, fate);
    }
  }

  /** The next connection at the same host for those who still wait, or null. */
  private static @Nullable Peer next(Attempt attempt, Peer last, Errand.Fate fate)
      throws InterruptedException {
    switch (fate) {
      case MORE -> {
        Peer again = attempt.openAgain(last);
        if (again != null) {
          return again;
        }
      }
      case OVER_IPV4 -> attempt.leaveOutIpv6();
      case REUSABLE, CLOSED, NEXT_HOST, STALE -> {}
    }
    return attempt.open();
  }

  private void finish(Errand.Fate fate, Peer peer, @Nullable String key) {
    if (fate == Errand.Fate.REUSABLE) {
      if (key == null) {
        // Clear text that was allowed this once is not kept.
        peer.dialogue().quit();
      } else {
        tools.pool().give(key, peer);
      }
    }
  }
}
