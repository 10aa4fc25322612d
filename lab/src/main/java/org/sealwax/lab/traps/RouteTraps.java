package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.trap;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.sealwax.testkit.tls.OddTlsBehaviour;

/** Group H: the route to a host, and its faults. */
final class RouteTraps {
  private static final int MANY = 20;

  private RouteTraps() {}

  private static UnaryOperator<Site> first(UnaryOperator<TrapHost> broken) {
    return s ->
        s.withHosts(broken.apply(s.host().named("mx1").at(10)), s.host().named("mx2").at(20));
  }

  private static TrapHost banner(TrapHost host, String text) {
    return host.withSmtp(h -> h.withBanner(text, Duration.ZERO));
  }

  static List<Trap> all() {
    return List.of(
        trap(
            "H1 | null MX | bounce at once, 5.1.10 | RFC 7505 3",
            N,
            s -> s.withHosts().withRecord("@ MX 0 .")),
        trap(
            "H2 | the first MX refuses connections | deliver to the second | RFC 5321 5.1",
            N,
            first(h -> h.with(TrapHost.HostReachability.REFUSED))),
        trap(
            "H3 | the first MX replies 421 | deliver to the second | RFC 5321 5.1",
            N,
            first(h -> banner(h, "421 4.3.2 service not available"))),
        trap(
            "H4 | the first MX replies 554 | deliver to the second | RFC 5321 5.1",
            N,
            first(h -> banner(h, "554 5.3.2 no mail service here"))),
        trap(
            "H5 | the first MX has broken TLS, the second good | TLS at the second before plaintext at the first | RFC 5321 5.1",
            N,
            first(h -> h.withTls(t -> t.with(OddTlsBehaviour.TlsFault.REFUSE_HELLO)))),
        trap(
            "H6 | greylisting | try again in minutes | RFC 5321 4.5.4.1",
            N,
            s -> s.withSmtp(h -> h.with(SmtpBehaviour.RcptBehaviour.GREYLIST))),
        trap(
            "H7 | 20 MX, all but the last busy | a limited number of them | RFC 5321 5.1",
            N,
            RouteTraps::many),
        trap(
            "H8 | two MX of equal preference | deliver to either | RFC 5321 5.1",
            N,
            s -> s.withHosts(s.host().named("mx1"), s.host().named("mx2"))),
        trap(
            "H9 | MX at 127.0.0.1 | refuse the loop | RFC 5321 6.3",
            N,
            s -> s.eachHost(h -> h.with(TrapHost.HostReachability.LOOP))),
        trap(
            "H10 | unreachable IPv6, good IPv4 | deliver | RFC 5321 5.1",
            N,
            s -> s.eachHost(h -> h.with(TrapHost.HostReachability.DEAD_V6))),
        trap(
            "H11 | a greeting after a minute | wait, deliver | RFC 5321 4.5.3.2.1",
            N,
            s -> s.withSmtp(h -> h.withBanner("220 {host} ESMTP", Duration.ofMinutes(1)))),
        trap(
            "H12 | the connection ends after the final dot | try again later | RFC 5321 4.2.5",
            N,
            s -> s.withSmtp(h -> h.with(SmtpBehaviour.EndOfDataBehaviour.DROP_FIRST))));
  }

  private static Site many(Site site) {
    return site.withHosts(
        IntStream.rangeClosed(1, MANY)
            .mapToObj(i -> site.host().named("mx" + i).at(i))
            .map(h -> h.label().equals("mx" + MANY) ? h : banner(h, "421 4.3.2 busy"))
            .toArray(TrapHost[]::new));
  }
}
