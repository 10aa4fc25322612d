package org.sealwax.deliver;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Domain;
import org.sealwax.ledger.Ledger;
import org.sealwax.ledger.MxAnswer;
import org.sealwax.ledger.Visit;
import org.sealwax.policy.Evidence;
import org.sealwax.policy.Subject;
import org.sealwax.queue.Cause;
import org.sealwax.queue.NextHop;
import org.sealwax.tlsrpt.Diagnosis;

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
    private int hosts = 1;
    private int host;
    private boolean cut;
    private boolean keepsOne;

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

    int hosts() {
      return hosts;
    }

    int hostsLeft() {
      return hosts - host;
    }

    boolean isFirstHost() {
      return host == 1;
    }

    /** Whether a connection is kept for plaintext at a host that was tried before. */
    boolean keepsOne() {
      return keepsOne;
    }

    /** Keeps one: plaintext is due at a host, once every other one has been tried. */
    void keepOne() {
      keepsOne = true;
    }

    /** Our own address stands here: what comes after is no better than we (RFC 5321 5.1). */
    void cut() {
      cut = true;
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
    try {
      Optional<Evidence.Sts> failed = over(hosts);
      if (failed.isEmpty() || errand.isDone() || answer == null) {
        return;
      }
      // RFC 8461 §5.1: before giving up, look whether the policy has changed meanwhile.
      Optional<Evidence.Sts> now = tools.sources().rechecks().recheck(answer.domain());
      if (now.isPresent() && !now.get().state().equals(failed.get().state())) {
        over(hosts);
      }
    } finally {
      if (visit.askAfresh() && answer != null) {
        // The next round must not see what a poisoned cache says.
        tools.sources().forgets().accept(answer.domain());
        hosts.hosts().stream()
            .map(Subject::host)
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
      for (Subject subject : hosts.hosts().stream().limit(AHEAD_HOSTS).toList()) {
        tools.gatherer().gather(subject);
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
        budget.hosts = hosts.hosts().size();
        for (Subject subject : hosts.hosts()) {
          budget.host++;
          Terms terms = terms(subject, hosts);
          Attempt attempt = new Attempt(tools, budget, errand, terms, visit, hosts);
          out.add(
              Preview.Host.of(
                  terms,
                  terms.refusal(tools.sources().ledger()).map(Cause::text).orElse(null),
                  tools.policy().ladder(),
                  tools.memories().at(subject.host() + ":" + hosts.port(), tools.clock().now()),
                  probes ? attempt.glance() : null,
                  probes));
        }
        yield new Preview(nextHop.key(), out, null);
      }
    };
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
  private Optional<Evidence.Sts> over(RoutePlan.Hosts plan) throws InterruptedException {
    List<Attempt> tried = new ArrayList<>();
    Optional<Evidence.Sts> underSts = Optional.empty();
    boolean looked = false;
    budget.hosts = plan.hosts().size();
    budget.host = 0;
    for (Subject subject : plan.hosts()) {
      if (errand.isDone() || budget.cut) {
        break;
      }
      budget.host++;
      Terms terms = terms(subject, plan);
      if (terms.sts().isPresent()) {
        underSts = terms.sts();
      }
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
        // A session that nobody counted must not carry mail whose sessions count.
        + (errand.counts() ? "" : "|report");
  }

  private void visit(Attempt attempt, String key) throws InterruptedException {
    Peer idle = tools.pool().take(key);
    if (idle != null) {
      Errand.Fate fate = errand.with(idle);
      finish(fate, idle, key);
      switch (fate) {
        case REUSABLE, CLOSED, NEXT_HOST -> {
          return;
        }
        case MORE, STALE -> {}
      }
    }
    while (!errand.isDone()) {
      Peer peer = attempt.open();
      if (peer == null) {
        return;
      }
      Errand.Fate fate = errand.with(peer);
      finish(fate, peer, key);
      if (fate != Errand.Fate.MORE) {
        return;
      }
    }
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
