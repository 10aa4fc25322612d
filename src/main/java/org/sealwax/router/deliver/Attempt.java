package org.sealwax.router.deliver;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.policy.Decision;
import org.sealwax.mail.policy.Demand;
import org.sealwax.mail.policy.HostMemory;
import org.sealwax.mail.policy.Ladder;
import org.sealwax.mail.policy.LadderState;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.Reason;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.policy.Rung;
import org.sealwax.mail.policy.Subject;
import org.sealwax.mail.smtp.session.Approach;
import org.sealwax.mail.smtp.session.ClientDialogue;
import org.sealwax.mail.smtp.session.Greeted;
import org.sealwax.mail.smtp.session.Greeting;
import org.sealwax.mail.smtp.session.SmtpTimes;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.Pin;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.Diagnosis;
import org.sealwax.router.deliver.Round.Budget;
import org.sealwax.router.evidence.HostAddresses;
import org.sealwax.router.ledger.Seen;
import org.sealwax.router.ledger.Visit;
import org.sealwax.router.queue.Cause;

/**
 * One try at one host: connections down the ladder until the policy says proceed about one of them,
 * or nothing more may be tried. One thread owns it.
 */
final class Attempt {
  /**
   * Addresses of one host that are dialled in one round: the DNS answer is a stranger's, connects
   * take time. The next round begins with the others.
   */
  static final int ADDRESSES = 6;

  private final Tools tools;
  private final Budget budget;
  private final Errand errand;
  private final Terms terms;
  private final Visit visit;
  private final Subject subject;
  private final Requirement requirement;
  private final RoutePlan.Hosts plan;

  private List<InetSocketAddress> addresses = List.of();
  private final List<InetSocketAddress> left = new ArrayList<>();
  private int atHost;
  private @Nullable HostMemory memory;
  private @Nullable LadderState lastState;
  private @Nullable Observation lastSeen;
  private String ownAddress = "";
  private @Nullable InetSocketAddress lastAddress;

  Attempt(
      Tools tools, Budget budget, Errand errand, Terms terms, Visit visit, RoutePlan.Hosts plan) {
    this.tools = tools;
    this.budget = budget;
    this.errand = errand;
    this.terms = terms;
    this.visit = visit;
    this.subject = terms.subject();
    this.requirement = terms.requirement();
    this.plan = plan;
  }

  /** What the host has shown; looked up when a connection is to be made, and not before. */
  private HostMemory memory() {
    HostMemory known = memory;
    if (known == null) {
      known = tools.memories().at(memoryKey(), tools.clock().now());
      memory = known;
    }
    return known;
  }

  private String memoryKey() {
    return subject.host() + ":" + plan.port();
  }

  /**
   * A greeted peer to proceed with, at an address that this attempt has not connected to yet; null
   * when there is none, and then the errand was told why.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable Peer open() throws InterruptedException {
    if (addresses.isEmpty() && !resolve()) {
      return null;
    }
    while (!left.isEmpty() && mayConnect()) {
      Walk walk = walk(left, tools.policy().ladder().first(requirement, memory()), false);
      left.remove(walk.address());
      if (walk.peer() != null) {
        return walk.peer();
      }
      if (!walk.connected()) {
        left.clear();
      }
    }
    return null;
  }

  /** The same at the address of {@code peer}, which has had its share of transactions. */
  @Nullable Peer openAgain(Peer peer) throws InterruptedException {
    return walk(
            List.of(peer.address()), tools.policy().ladder().first(requirement, memory()), false)
        .peer();
  }

  /**
   * Another address or family of the same host (RFC 5321 5.1), as long as every host left can have
   * its turn.
   */
  private boolean mayConnect() throws InterruptedException {
    return atHost == 0
        || atHost < Ladder.PER_HOST
            && budget.connections() + budget.order().left() < Ladder.PER_DELIVERY - 1;
  }

  /** What was connected to on an idle connection is not tried again. */
  void leaveOut(InetSocketAddress address) throws InterruptedException {
    if (!addresses.isEmpty() || resolve()) {
      left.remove(address);
    }
  }

  /** The host has refused our IPv6 address. */
  void leaveOutIpv6() {
    left.removeIf(address -> address.getAddress() instanceof Inet6Address);
  }

  /** The last word about this host, when every other one has been tried: perhaps clear text. */
  @Nullable Peer last() throws InterruptedException {
    LadderState state = lastState;
    Observation seen = lastSeen;
    InetSocketAddress address = lastAddress;
    if (state == null || seen == null || address == null) {
      return null;
    }
    Decision decision =
        tools
            .policy()
            .decide(requirement, seen, state.afterAll(budget.connections(), tools.clock().now()));
    return switch (decision) {
      case Decision.ClearText c -> walk(List.of(address), Rung.CLEAR, true).peer();
      case Decision.Wait w -> {
        errand.passedOver(waiting(w));
        yield null;
      }
      case Decision.Defer d -> {
        errand.passedOver(weighed(d.reason(), d.text(), address));
        yield null;
      }
      case Decision.NextHost n -> null;
      case Decision.Descend d -> null;
      // The connection that was seen is gone; what it showed is no ground for a new one.
      case Decision.Proceed p -> null;
    };
  }

  private Cause waiting(Decision.Wait wait) {
    return weighed(
            wait.reason(), wait.text() + "; clear text not before " + wait.until(), lastAddress)
        .until(wait.until());
  }

  private Cause weighed(Reason reason, String text, @Nullable InetSocketAddress address) {
    Cause cause = Trouble.policy(reason, text, requirement, label(address));
    LadderState state = lastState;
    Observation seen = lastSeen;
    return state == null || seen == null
        ? cause
        : terms.weighed(cause, tools.policy(), seen, state, tools.sources().ledger());
  }

  private boolean resolve() throws InterruptedException {
    List<InetAddress> found;
    switch (subject.host()) {
      case AddressLiteral literal -> found = List.of(literal.address());
      case Domain host -> {
        HostAddresses answers =
            HostAddresses.of(
                tools.resolver(),
                host,
                new HostAddresses.Families(tools.settings().ipv4(), tools.settings().ipv6()));
        found = answers.interleaved(Integer.MAX_VALUE);
        if (!answers.isUncertain()) {
          visit.addresses(
              host, !answers.ipv4().records().isEmpty(), !answers.ipv6().records().isEmpty());
        }
        if (found.isEmpty()) {
          noAddress(host, answers);
          return false;
        }
      }
    }
    List<InetSocketAddress> all =
        budget.order().untriedFirst(found).stream()
            .map(a -> new InetSocketAddress(a, plan.port()))
            .toList();
    if (plan.byMx() && all.stream().anyMatch(tools.settings().ownEndpoints()::contains)) {
      if (budget.order().isBest()) {
        errand.ends(Trouble.loopsBack(subject.nextHop().toString(), hostName()));
      }
      budget.order().cut();
      return false;
    }
    addresses = all.subList(0, Math.min(ADDRESSES, all.size()));
    left.addAll(addresses);
    return true;
  }

  private void noAddress(Domain host, HostAddresses answers) {
    budget.order().tried(host);
    if (answers.isUncertain()) {
      errand.passedOver(Trouble.dns(host.name(), answers.trouble()).cause());
    } else if (plan.byMx() && plan.implicit()) {
      errand.ends(Trouble.noHost(host.name()));
    } else {
      errand.passedOver(Trouble.noAddress(host.name()));
    }
  }

  /** What a walk down the ladder came to. */
  private record Walk(@Nullable Peer peer, InetSocketAddress address, boolean connected) {}

  private Walk walk(List<InetSocketAddress> choice, Rung start, boolean everyHostTried)
      throws InterruptedException {
    List<InetSocketAddress> targets = choice;
    Rung rung = start;
    while (true) {
      if (!Ladder.hasRoom(budget.connections())) {
        errand.passedOver(
            Trouble.policy(
                Reason.LADDER_BOUND,
                Ladder.PER_DELIVERY + " connections were made in this delivery",
                null));
        return new Walk(null, targets.getFirst(), false);
      }
      targets = free(targets);
      if (targets.isEmpty()) {
        errand.passedOver(Cause.busy(hostName()));
        return new Walk(null, choice.getFirst(), false);
      }
      SmtpTimes times = greetingTimes();
      Dialing.Dialed dialed = dialing(times).first(targets);
      Wire wire = dialed.wire();
      if (wire == null && dialed.ours()) {
        errand.passedOver(Trouble.noDescriptors());
        return new Walk(null, dialed.address(), false);
      }
      if (wire == null) {
        targets.forEach(target -> budget.order().tried(subject.host(), target.getAddress()));
        tell(dialed.address(), new Observation.Unreachable(dialed.trouble()), rung);
        errand.passedOver(Trouble.policy(Reason.CONNECT, dialed.trouble(), hostName()));
        return new Walk(null, dialed.address(), false);
      }
      InetSocketAddress address = dialed.address();
      budget.order().tried(subject.host(), address.getAddress());
      targets = List.of(address);
      atHost++;
      budget.connected();
      long born = tools.clock().nanoTime();
      ownAddress = wire.local().getAddress().getHostAddress();
      if (plan.byMx()) {
        errand.slot().connected(address.getAddress());
      }
      Greeted greeted = new Greeting(tools.greeting().tls(), times).greet(wire, approach(rung));
      if (isGreeted(greeted.observation())) {
        errand.slot().greeted();
      }
      Decision decision = decide(greeted.observation(), rung, address, everyHostTried);
      ClientDialogue dialogue = greeted.dialogue();
      switch (decision) {
        case Decision.Proceed p -> {
          if (dialogue == null) {
            throw new IllegalStateException("proceed without a dialogue: " + decision);
          }
          Peer peer =
              new Peer(
                  dialogue,
                  terms,
                  address,
                  label(address),
                  p.downgrade(),
                  ipv4Beside(address),
                  born);
          return new Walk(knowsRequireTls(peer) ? known(peer) : null, address, true);
        }
        case Decision.Descend d -> rung = d.to();
        case Decision.ClearText c -> rung = Rung.CLEAR;
        case Decision.NextHost n -> {
          errand.passedOver(cause(n, greeted.observation(), address));
          leave(dialogue);
          return new Walk(null, address, true);
        }
        case Decision.Wait w -> {
          errand.passedOver(waiting(w));
          leave(dialogue);
          return new Walk(null, address, true);
        }
        case Decision.Defer d -> {
          errand.passedOver(weighed(d.reason(), d.text(), address));
          leave(dialogue);
          return new Walk(null, address, true);
        }
      }
      leave(dialogue);
    }
  }

  /**
   * Those that may be dialled now: an MX address has as many deliveries as it may have, or less.
   */
  private List<InetSocketAddress> free(List<InetSocketAddress> targets) {
    if (!plan.byMx()) {
      return targets;
    }
    List<InetAddress> free =
        errand.slot().free(targets.stream().map(InetSocketAddress::getAddress).toList());
    return targets.stream().filter(t -> free.contains(t.getAddress())).toList();
  }

  /** Whether an idle connection may be used now; else the errand was told. */
  boolean admits(Peer idle) {
    if (free(List.of(idle.address())).isEmpty()) {
      errand.passedOver(Cause.busy(idle.label()));
      return false;
    }
    return true;
  }

  private SmtpTimes greetingTimes() {
    SmtpTimes usual = tools.greeting().times();
    Duration most = errand.slot().patience(usual.banner());
    return most.compareTo(usual.banner()) < 0 ? usual.untilGreeted(most) : usual;
  }

  private Dialing dialing(SmtpTimes times) {
    return new Dialing(tools.dialer(plan.byMx()), tools.settings(), times.connect());
  }

  /** Whether the host gave its banner and took our EHLO. */
  private static boolean isGreeted(Observation seen) {
    return switch (seen) {
      case Observation.Unreachable u -> false;
      case Observation.Unwelcome u -> u.stage() == Observation.Stage.EHLO_AGAIN;
      case Observation.BrokenOff b -> false;
      case Observation.Clear c -> true;
      case Observation.StarttlsRefused r -> true;
      case Observation.Injected i -> true;
      case Observation.HandshakeBroken h -> true;
      case Observation.Encrypted e -> true;
    };
  }

  private static void leave(@Nullable ClientDialogue dialogue) {
    if (dialogue != null) {
      dialogue.quit();
    }
  }

  private boolean ipv4Beside(InetSocketAddress address) {
    return address.getAddress() instanceof Inet6Address
        && addresses.stream().anyMatch(a -> a.getAddress() instanceof Inet4Address);
  }

  private Decision decide(
      Observation seen, Rung rung, InetSocketAddress address, boolean everyHostTried)
      throws InterruptedException {
    Instant now = tools.clock().now();
    Rung shownBefore = memory().shown();
    HostMemory after = tools.memories().after(memoryKey(), seen, rung, now);
    LadderState state =
        new LadderState(
            rung,
            atHost,
            budget.connections(),
            // Only where a handshake broke do the hosts share what connections are left.
            seen instanceof Observation.HandshakeBroken ? budget.order().usable() : 1,
            everyHostTried,
            budget.keepsOne(),
            budget.began(),
            now,
            after);
    tell(address, seen, rung);
    memory = after;
    lastState = state;
    lastSeen = seen;
    lastAddress = address;
    if (tools.policy().ladder().clearTextIsDue(requirement, state)) {
      budget.keepOne();
    }
    Decision decision = tools.policy().decide(requirement, seen, state);
    log(seen, decision, address, shownBefore);
    return decision;
  }

  /** The ledger hears of every connection, whatever becomes of it. */
  private void tell(InetSocketAddress address, Observation seen, Rung rung) {
    if (subject.host() instanceof Domain host) {
      boolean publicRoots = references().roots().equals(tools.roots().get(Demand.PUBLIC_ROOTS));
      boolean proven = Policy.isProvenByDane(terms.evidence(), seen);
      visit.seen(new Seen(host, address.getAddress(), seen, rung, publicRoots, proven));
    }
    if (errand.counts() && plan.byMx() && subject.nextHop() instanceof Domain domain) {
      tools
          .sources()
          .sessions()
          .session(
              domain,
              Diagnosis.of(
                  terms.evidence(),
                  subject,
                  seen,
                  new Diagnosis.Ends(ownAddress, address.getAddress().getHostAddress())));
    }
  }

  /**
   * What one look showed.
   *
   * @param address where
   * @param seen what
   * @param decision what would be done after it in a first round
   * @param capabilities keywords after TLS, or as far as it went
   */
  record Glance(
      InetSocketAddress address, Observation seen, Decision decision, Set<String> capabilities) {}

  /**
   * One connection in each address family to a host that may not have the mail, for the ledger to
   * see: greeted, and left without a word of the mail. In each, because an attacker may sit on one
   * path, and what only he showed must not be taken for the host's.
   *
   * @throws InterruptedException when the round is stopped
   */
  void look() throws InterruptedException {
    if (!resolve()) {
      return;
    }
    Map<Boolean, List<InetSocketAddress>> families =
        addresses.stream()
            .collect(Collectors.partitioningBy(a -> a.getAddress() instanceof Inet6Address));
    for (boolean six : new boolean[] {true, false}) {
      List<InetSocketAddress> family = families.getOrDefault(six, List.of());
      // One connection less than the bound, so that a look never costs an honest host its turn.
      boolean room = budget.connections() + budget.order().left() + 1 < Ladder.PER_DELIVERY;
      if (room && !family.isEmpty()) {
        glance(family);
      }
    }
  }

  /**
   * One connection as the requirement has it, greeted and left; nothing is remembered of it but by
   * the ledger. Null when the host has no address, and the errand was told.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable Glance glance() throws InterruptedException {
    return resolve() ? glance(addresses) : null;
  }

  private Glance glance(List<InetSocketAddress> family) throws InterruptedException {
    Rung rung = tools.policy().ladder().first(requirement, memory());
    Dialing.Dialed dialed = dialing(tools.greeting().times()).first(family);
    Wire wire = dialed.wire();
    budget.connected();
    atHost++;
    Set<String> capabilities = Set.of();
    Observation seen;
    if (wire == null) {
      seen = new Observation.Unreachable(dialed.trouble());
    } else {
      ownAddress = wire.local().getAddress().getHostAddress();
      Greeted greeted = tools.greeting().greet(wire, approach(rung));
      seen = greeted.observation();
      ClientDialogue dialogue = greeted.dialogue();
      if (dialogue != null) {
        capabilities = Set.copyOf(dialogue.capabilities().keywords().keySet());
      }
      leave(dialogue);
    }
    if (!dialed.ours()) {
      tell(dialed.address(), seen, rung);
    }
    Instant now = tools.clock().now();
    LadderState state =
        new LadderState(
            rung,
            atHost,
            budget.connections(),
            1,
            false,
            budget.keepsOne(),
            budget.began(),
            now,
            memory().after(seen, rung, now));
    return new Glance(
        dialed.address(), seen, tools.policy().decide(requirement, seen, state), capabilities);
  }

  private void log(
      Observation seen, Decision decision, InetSocketAddress address, @Nullable Rung shown) {
    String host = hostName();
    switch (seen) {
      case Observation.Encrypted e ->
          tools.log().tlsToHost(errand.id(), host, address, TlsWords.facts(e.handshake()));
      case Observation.HandshakeBroken b ->
          tools
              .log()
              .tlsToHostFailed(
                  errand.id(), host, address, b.kind().name(), b.why(), next(decision));
      case Observation.StarttlsRefused r ->
          tools
              .log()
              .tlsToHostFailed(
                  errand.id(), host, address, "REFUSED", r.reply().toString(), next(decision));
      case Observation.Injected i ->
          tools
              .log()
              .tlsToHostFailed(
                  errand.id(), host, address, "INJECTED", "clear text after 220", next(decision));
      case Observation.Clear c -> {
        if (shown != null && !c.starttlsOffered()) {
          tools
              .log()
              .tlsToHostFailed(
                  errand.id(), host, address, "NOT_OFFERED", "TLS was here before", next(decision));
        }
      }
      case Observation.Unreachable u -> {}
      case Observation.Unwelcome u -> {}
      case Observation.BrokenOff b -> {}
    }
  }

  private static String next(Decision decision) {
    return switch (decision) {
      case Decision.Proceed p -> "proceed in clear text";
      case Decision.Descend d -> "rung " + d.to().word();
      case Decision.NextHost n -> "next host";
      case Decision.ClearText c -> "clear text";
      case Decision.Wait w -> "wait until " + w.until();
      case Decision.Defer d -> "defer";
    };
  }

  private Cause cause(Decision.NextHost next, Observation seen, InetSocketAddress address) {
    Cause cause = weighed(next.reason(), next.text(), address);
    return seen instanceof Observation.Unwelcome u
        ? new Cause(
            cause.reason(), cause.status(), cause.text(), cause.host(), u.reply(), cause.scope())
        : cause;
  }

  /** RFC 8689 §4.2.1, step 5: what was said after TLS counts. */
  private boolean knowsRequireTls(Peer peer) {
    if (!requirement.requireTls()
        || !errand.insistsOnRequireTls()
        || peer.dialogue().capabilities().offersRequireTls()) {
      return true;
    }
    errand.passedOver(
        Trouble.policy(
            Reason.REQUIRETLS_MISSING,
            "does not offer REQUIRETLS, which the sender demands",
            requirement,
            peer.label()));
    peer.dialogue().quit();
    return false;
  }

  /** Says who we are where the route has credentials; null (and the errand told) when we cannot. */
  private @Nullable Peer known(Peer peer) {
    RouteSettings route = plan.route();
    if (route == null || route.credentials() == null) {
      return peer;
    }
    Cause trouble =
        new Authentication(route.credentials(), tools.chance(), tools.settings().times())
            .with(peer);
    if (trouble == null) {
      return peer;
    }
    errand.passedOver(trouble);
    peer.dialogue().quit();
    return null;
  }

  /** As Postfix has it in {@code relay=}: a literal without its brackets, which come after it. */
  private String hostName() {
    return switch (subject.host()) {
      case Domain domain -> domain.name();
      case AddressLiteral literal -> literal.address().getHostAddress();
    };
  }

  private String label(@Nullable InetSocketAddress address) {
    String host = hostName();
    return address == null
        ? host
        : host + "[" + address.getAddress().getHostAddress() + "]:" + address.getPort();
  }

  private Approach approach(Rung rung) {
    RouteSettings route = plan.route();
    Approach.Wish wish =
        route != null && route.implicitTls()
            ? Approach.Wish.IMPLICIT
            : rung == Rung.CLEAR ? Approach.Wish.CLEAR : Approach.Wish.STARTTLS;
    return new Approach(tools.settings().ehlo(), wish, offer(rung));
  }

  private ClientOffer offer(Rung rung) {
    DeliverSettings settings = tools.settings();
    Requirement.Manner manner = requirement.manner();
    Domain own = subject.host() instanceof Domain d ? d : null;
    Rung shown = memory().shown();
    boolean extras = rung == Rung.FULL || rung == Rung.CLASSICAL;
    return new ClientOffer(
        manner.serverName() != null ? manner.serverName() : own,
        requirement.floor(),
        rung == Rung.TLS12 ? TlsVersion.TLS_1_2 : TlsVersion.TLS_1_3,
        settings.hybrid() && rung == Rung.FULL,
        settings.tickets() && extras,
        rung == Rung.COMPATIBLE,
        settings.clientCertificate() && manner.clientCertificate() && extras,
        rung == Rung.TLS12 && shown != null && rung.isBelow(shown),
        references(),
        subject.nextHop() + " " + memoryKey() + " " + requirement.key());
  }

  /**
   * Against whom the peer is judged. Names come from the demands; without demands only a host that
   * the admin named is judged by its name: an MX host's name is DNS's word, and "verified" would be
   * a claim that nobody checked.
   */
  private References references() {
    List<Domain> names = new ArrayList<>();
    Set<Pin> pins = Set.of();
    Associations associations = Associations.NONE;
    String roots = Demand.PUBLIC_ROOTS;
    for (Demand demand : requirement.identity()) {
      switch (demand) {
        case Demand.Pkix pkix -> {
          names.addAll(pkix.names());
          roots = pkix.roots();
        }
        case Demand.Pinned pinned -> pins = pinned.pins();
        case Demand.Tlsa tlsa -> associations = tlsa.associations();
      }
    }
    if (requirement.identity().isEmpty() && !plan.byMx() && subject.host() instanceof Domain host) {
      names.add(host);
    }
    if (!names.isEmpty()) {
      // A verdict by pin would hide whether the name holds; the policy looks at pins by itself.
      pins = Set.of();
    }
    TrustRoots anchors = tools.roots().get(roots);
    if (anchors == null) {
      throw new IllegalStateException("no roots of the name " + roots);
    }
    return new References(names, pins, anchors, associations);
  }
}
