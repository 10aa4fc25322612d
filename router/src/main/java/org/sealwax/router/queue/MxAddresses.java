package org.sealwax.router.queue;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.KnownNextHops.NextHopBacklog;
import org.sealwax.router.queue.KnownNextHops.NextHopState;

/**
 * The addresses of MX hosts at which rounds run; each has its bound, however many next hops lead to
 * it, and mail that waits for one of its rounds to end. Pure and mutable; part of {@link
 * Scheduler}.
 */
final class MxAddresses {
  /** An address at which rounds run. */
  static final class MxAddress {
    private final InetAddress at;
    int running;
    final LinkedHashSet<NextHopBacklog> waiting = new LinkedHashSet<>(2);

    private MxAddress(InetAddress at) {
      this.at = at;
    }
  }

  private final Map<InetAddress, MxAddress> addresses = new HashMap<>();
  private final Consumer<NextHopBacklog> wake;

  /**
   * Without rounds.
   *
   * @param wake gives a backlog that waited its turn, and takes it out of those that wait
   */
  MxAddresses(Consumer<NextHopBacklog> wake) {
    this.wake = wake;
  }

  /**
   * Which of them a round may dial now; the first counts as used by it.
   *
   * @param most rounds at one address
   */
  List<InetAddress> free(RunningRound round, List<InetAddress> all, int most) {
    leave(round, most);
    if (round.ended) {
      return List.of();
    }
    List<InetAddress> free = new ArrayList<>(all.size());
    for (InetAddress at : all) {
      MxAddress known = addresses.get(at);
      if (known == null || known.running < most) {
        free.add(at);
      }
    }
    if (free.isEmpty()) {
      round.busyAt = all.getFirst();
    } else {
      use(round, free.getFirst());
    }
    return free;
  }

  /** A round is connected to this address. */
  void connected(RunningRound round, InetAddress at, int most) {
    if (!round.ended && (round.address == null || !round.address.at.equals(at))) {
      leave(round, most);
      use(round, at);
    }
  }

  private void use(RunningRound round, InetAddress at) {
    MxAddress address = addresses.computeIfAbsent(at, MxAddress::new);
    address.running++;
    round.address = address;
  }

  /** A round uses no address any more. */
  void leave(RunningRound round, int most) {
    MxAddress address = round.address;
    if (address != null) {
      round.address = null;
      address.running--;
      wake(address, address.running == 0 ? most : 1);
    }
  }

  /** The address for which a round was busy, if it still is; else null. */
  @Nullable MxAddress busy(RunningRound round, int most) {
    MxAddress address = round.busyAt == null ? null : addresses.get(round.busyAt);
    return address != null && address.running >= most ? address : null;
  }

  /** A next hop that was woken for an address and needs it no more: the next one's turn. */
  void passOn(NextHopState hop) {
    MxAddress address = hop.woken;
    if (address != null) {
      hop.woken = null;
      wake(address, 1);
    }
  }

  /** Wakes what waits for an address that has a free slot. */
  void wakeAll(int most) {
    for (MxAddress address : List.copyOf(addresses.values())) {
      if (!address.waiting.isEmpty()) {
        wake(address, most - address.running);
      }
    }
  }

  private void wake(MxAddress address, int most) {
    for (int i = 0; i < most && !address.waiting.isEmpty(); i++) {
      NextHopBacklog backlog = address.waiting.getFirst();
      backlog.hop.busy = null;
      backlog.hop.woken = address;
      wake.accept(backlog);
    }
    if (address.running == 0 && address.waiting.isEmpty()) {
      addresses.remove(address.at);
    }
  }
}
