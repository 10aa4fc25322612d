package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.D;
import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.NDS;
import static org.sealwax.lab.traps.Traps.S;
import static org.sealwax.lab.traps.Traps.trap;

import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;

/** Group B: STARTTLS itself, missing, refused, broken, or faked. */
final class StarttlsTraps {
  private static final String CLEAR_OR_BOUNDED =
      "without a policy: plaintext after a bounded time; with one: defer";

  private StarttlsTraps() {}

  private static Site nextIsGood(Site site, SmtpBehaviour.StarttlsBehaviour first) {
    TrapHost good = site.host();
    return site.withHosts(
        good.named("mx1").at(10).withSmtp(s -> s.with(first)), good.named("mx2").at(20));
  }

  private static UnaryOperator<Site> starttls(SmtpBehaviour.StarttlsBehaviour answer) {
    return site -> site.withSmtp(smtp -> smtp.with(answer));
  }

  static List<Trap> all() {
    SmtpBehaviour.StarttlsBehaviour later =
        new SmtpBehaviour.StarttlsBehaviour.StarttlsRejected(
            "454 4.7.0 TLS not available at the moment");
    return List.of(
        trap(
            "B1 | STARTTLS is not offered | plaintext at once, or defer | RFC 7435 3",
            N,
            StarttlsTraps::stripped),
        trap(
            "B2 | STARTTLS stripped, DANE | no plaintext; defer | RFC 7672 2.2",
            D,
            StarttlsTraps::stripped),
        trap(
            "B3 | STARTTLS stripped, MTA-STS | no plaintext; defer | RFC 8461 5",
            S,
            StarttlsTraps::stripped),
        trap("B4 | 454 to STARTTLS | bounded fallback | RFC 3207 4", N, starttls(later)),
        trap("B5 | 454 to STARTTLS, DANE | defer | RFC 3207 4", D, starttls(later)),
        trap("B6 | 454 to STARTTLS, MTA-STS | defer | RFC 3207 4", S, starttls(later)),
        trap(
            "B7a | 501 to STARTTLS | " + CLEAR_OR_BOUNDED + " | RFC 3207 4",
            NDS,
            starttls(
                new SmtpBehaviour.StarttlsBehaviour.StarttlsRejected("501 5.5.4 syntax error"))),
        trap(
            "B7b | 502 to STARTTLS | " + CLEAR_OR_BOUNDED + " | RFC 3207 4",
            NDS,
            starttls(
                new SmtpBehaviour.StarttlsBehaviour.StarttlsRejected("502 5.5.1 not implemented"))),
        trap(
            "B7c | 550 to STARTTLS | " + CLEAR_OR_BOUNDED + " | RFC 3207 4",
            NDS,
            starttls(
                new SmtpBehaviour.StarttlsBehaviour.StarttlsRejected(
                    "550 5.7.0 TLS not permitted"))),
        trap(
            "B8 | 220 to STARTTLS, then the connection ends | next MX | RFC 5321 5.1",
            N,
            s -> nextIsGood(s, new SmtpBehaviour.StarttlsBehaviour.StarttlsThenClose())),
        trap(
            "B9 | 220 to STARTTLS, then silence | time out, next MX | RFC 5321 4.5.3.2",
            N,
            s ->
                nextIsGood(
                    s,
                    new SmtpBehaviour.StarttlsBehaviour.StarttlsThenSilence(
                        Duration.ofMinutes(10)))),
        trap(
            "B10 | 220 to STARTTLS, then plaintext continues | abort; do not treat it as TLS | RFC 3207 4",
            Traps.NDS,
            starttls(new SmtpBehaviour.StarttlsBehaviour.StarttlsThenPlaintext())),
        trap(
            "B11 | a reply injected after the 220 | discard what came before TLS | RFC 3207 4.2",
            N,
            starttls(
                new SmtpBehaviour.StarttlsBehaviour.StarttlsWithInjection(
                    "250-injected\r\n250 SIZE 1\r\n"))),
        trap(
            "B12 | other capabilities after TLS | use only the capabilities after TLS | RFC 3207 4.2",
            N,
            s ->
                s.withSmtp(
                    h ->
                        h.withKeywords(
                            List.of("SIZE 1", "8BITMIME"), List.of("SIZE 1048576", "8BITMIME")))),
        trap(
            "B13a | starttls in lower case | use it | RFC 5321 2.4",
            N,
            s -> s.withSmtp(h -> h.withOffer("starttls"))),
        trap(
            "B13b | STARTTLS with an argument | use it | RFC 3207 2",
            N,
            s -> s.withSmtp(h -> h.withOffer("STARTTLS REQUIRED"))),
        trap(
            "B13c | STARTTLS in the only line | use it | RFC 5321 4.1.1.1",
            N,
            s -> s.withSmtp(h -> h.withKeywords(List.of(), List.of("PIPELINING")))),
        trap(
            "B14 | EHLO refused | without a policy: HELO and plaintext; with one: defer | RFC 5321 3.2",
            NDS,
            s -> s.withSmtp(SmtpBehaviour::withoutEhlo)),
        trap(
            "B15 | a middlebox overwrites STARTTLS with XXXXXXXA | as if STARTTLS were not offered | RFC 3207 6",
            NDS,
            s -> s.withSmtp(h -> h.withOffer("XXXXXXXA"))));
  }

  private static Site stripped(Site site) {
    return site.withSmtp(s -> s.withOffer(""));
  }
}
