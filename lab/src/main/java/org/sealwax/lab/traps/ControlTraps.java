package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.D;
import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;

/** Group A: good receivers. A sender that fails here is not judged by the rest. */
final class ControlTraps {
  private ControlTraps() {}

  static List<Trap> all() {
    return List.of(
        trap("A1 | a good host | deliver over TLS 1.3 | RFC 9325 3.1.1", N, s -> s),
        trap(
            "A2 | a good host, IPv4 only | deliver over TLS | RFC 5321 5.1",
            N,
            s -> s.eachHost(h -> h.with(TrapHost.HostReachability.V4))),
        trap(
            "A3 | a good host, IPv6 only | deliver over TLS | RFC 5321 5.2",
            N,
            s -> s.eachHost(h -> h.with(TrapHost.HostReachability.V6))),
        trap(
            "A4 | DANE and MTA-STS, all good | deliver over verified TLS | RFC 8461 2",
            D,
            s -> s.withPolicy(StsPublication.good("enforce"))));
  }
}
