package org.sealwax.router.deliver;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.HostAddresses;
import org.sealwax.mail.policy.FallbackLadder;
import org.sealwax.mail.policy.Policy;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.router.deliver.DeliveryRound.RoundBudget;
import org.sealwax.router.ledger.LedgerRound;

/**
 * One try at one host: its addresses, one after the other, each with the {@link HostLadder}, until
 * the policy says proceed about a connection, or nothing more may be tried. One thread owns it.
 */
final class Attempt {
  /**
   * Addresses of one host that are dialled in one round: others wrote the DNS answer, connects take
   * time. The next round begins with the others.
   */
  static final int ADDRESSES = 6;

  private final HostConnector connector;
  private final RoundBudget budget;
  private final RoundWork work;
  private final HostRequirement host;
  private final LedgerRound round;
  private final PolicySubject subject;
  private final HostLadder ladder;
  private final RoutePlan.PlannedHosts plan;

  private List<InetSocketAddress> addresses = List.of();
  private final List<InetSocketAddress> left = new ArrayList<>();

  Attempt(
      Policy policy,
      HostConnector connector,
      DeliveryRecorder recorder,
      RoundBudget budget,
      RoundWork work,
      HostRequirement host,
      LedgerRound round,
      RoutePlan.PlannedHosts plan) {
    this.connector = connector;
    this.budget = budget;
    this.work = work;
    this.round = round;
    this.subject = host.subject();
    this.host = host;
    this.plan = plan;
    ConnectionRecorder records =
        new ConnectionRecorder(recorder, connector, work, host, round, plan);
    this.ladder = new HostLadder(policy, connector, recorder, records, budget, work, host, plan);
  }

  /**
   * A greeted peer to proceed with, at an address that this attempt has not connected to yet; null
   * when there is none, and then the work has why.
   *
   * @throws InterruptedException when the round is stopped
   */
  @Nullable HostConnection open() throws InterruptedException {
    if (addresses.isEmpty() && !resolve()) {
      return null;
    }
    while (!left.isEmpty() && mayConnect()) {
      HostLadder.LadderResult result = ladder.run(left, ladder.first(), false);
      left.remove(result.address());
      if (result.connection() != null) {
        return result.connection();
      }
      if (!result.connected()) {
        left.clear();
      }
    }
    return null;
  }

  /** The same at the address of {@code connection}, which has had its share of transactions. */
  @Nullable HostConnection reopen(HostConnection connection) throws InterruptedException {
    return ladder.run(List.of(connection.address()), ladder.first(), false).connection();
  }

  /**
   * Another address or family of the same host (RFC 5321 5.1), as long as every host left can have
   * its turn.
   */
  private boolean mayConnect() throws InterruptedException {
    return ladder.atHost() == 0
        || ladder.atHost() < FallbackLadder.PER_HOST
            && budget.connections() + budget.order().remaining() < FallbackLadder.PER_DELIVERY - 1;
  }

  /** What was connected to on an idle connection is not tried again. */
  void exclude(InetSocketAddress address) throws InterruptedException {
    if (!addresses.isEmpty() || resolve()) {
      left.remove(address);
    }
  }

  /** The host has refused our IPv6 address. */
  void excludeIpv6() {
    left.removeIf(address -> address.getAddress() instanceof Inet6Address);
  }

  /** The last try at this host, when every other one has been tried: perhaps plaintext. */
  @Nullable HostConnection finalTry() throws InterruptedException {
    return ladder.finalTry();
  }

  /** Whether an idle connection may be used now; else the work has the reason. */
  boolean mayReuse(HostConnection idle) {
    return ladder.mayReuse(idle);
  }

  private boolean resolve() throws InterruptedException {
    List<InetAddress> found;
    switch (subject.host()) {
      case AddressLiteral literal -> found = List.of(literal.address());
      case Domain name -> {
        HostAddresses answers = connector.addresses(name);
        found = answers.interleaved(Integer.MAX_VALUE);
        if (!answers.isUncertain()) {
          round.addresses(
              name, !answers.ipv4().records().isEmpty(), !answers.ipv6().records().isEmpty());
        }
        if (found.isEmpty()) {
          noAddress(name, answers);
          return false;
        }
      }
    }
    List<InetSocketAddress> all =
        budget.order().untriedFirst(found).stream()
            .map(a -> new InetSocketAddress(a, plan.port()))
            .toList();
    if (plan.byMx() && connector.isOwn(all)) {
      if (budget.order().isBest()) {
        work.noHosts(FailureTable.loopsBack(subject.nextHop().toString(), host.hostName()));
      }
      budget.order().cutAtOwnHost();
      return false;
    }
    addresses = all.subList(0, Math.min(ADDRESSES, all.size()));
    left.addAll(addresses);
    ladder.resolved(addresses);
    return true;
  }

  private void noAddress(Domain name, HostAddresses answers) {
    budget.order().tried(name);
    if (answers.isUncertain()) {
      work.hostSkipped(FailureTable.dns(name.name(), answers.failureReason()).cause());
    } else if (plan.byMx() && plan.implicit()) {
      work.noHosts(FailureTable.noHost(name.name()));
    } else {
      work.hostSkipped(FailureTable.noAddress(name.name()));
    }
  }

  /**
   * One connection in each address family to a host that may not have the mail, for the ledger to
   * see: EHLO is sent, and QUIT without any of the mail. In each, because an attacker may sit on
   * one path, and what only the attacker showed must not be taken for the host's.
   *
   * @throws InterruptedException when the round is stopped
   */
  void probeEachFamily() throws InterruptedException {
    if (!resolve()) {
      return;
    }
    Map<Boolean, List<InetSocketAddress>> families =
        addresses.stream()
            .collect(Collectors.partitioningBy(a -> a.getAddress() instanceof Inet6Address));
    for (boolean six : new boolean[] {true, false}) {
      List<InetSocketAddress> family = families.getOrDefault(six, List.of());
      // One connection less than the bound, so that a look never costs an honest host its turn.
      boolean hasSpace =
          budget.connections() + budget.order().remaining() + 1 < FallbackLadder.PER_DELIVERY;
      if (hasSpace && !family.isEmpty()) {
        var _ = ladder.probe(family);
      }
    }
  }

  /**
   * One connection as the requirement has it, greeted and left; nothing is remembered of it but by
   * the ledger. Null when the host has no address, and then the work has why.
   *
   * @throws InterruptedException when the round is stopped
   */
  HostLadder.@Nullable ProbeResult probe() throws InterruptedException {
    return resolve() ? ladder.probe(addresses) : null;
  }
}
