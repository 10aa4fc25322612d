package org.sealwax.deliver;

import java.util.Locale;
import java.util.Optional;
import org.sealwax.log.TlsFacts;
import org.sealwax.policy.Demand;
import org.sealwax.policy.Requirement;
import org.sealwax.tls.Handshake;
import org.sealwax.tls.Pins;
import org.sealwax.tls.Verdict;

/** TLS in the words of the log. */
final class TlsWords {
  private TlsWords() {}

  /** {@code may:trusted}, {@code encrypt:untrusted!downgrade}, {@code may:none}. */
  static String token(Requirement requirement, Optional<Handshake> handshake, boolean downgrade) {
    String got = handshake.map(h -> got(requirement, h)).orElse("none");
    return requirement.wanted().word() + ":" + got + (downgrade ? "!downgrade" : "");
  }

  /**
   * RFC 7672 §2.2.1: TLSA records of a host to which an unsigned MX record led identify the host,
   * and nobody knows whether it is the right one. "verified" is not said of that.
   */
  private static String got(Requirement requirement, Handshake h) {
    String word = h.verdict().postfixWord().toLowerCase(Locale.ROOT);
    boolean half =
        requirement.identity().stream().anyMatch(d -> d instanceof Demand.Tlsa t && !t.secureMx());
    boolean otherwise = requirement.identity().stream().anyMatch(d -> !(d instanceof Demand.Tlsa));
    return half && !otherwise && h.verdict() instanceof Verdict.Verified ? "trusted" : word;
  }

  static TlsFacts facts(Handshake h) {
    boolean named = !h.peerChain().isEmpty();
    return new TlsFacts(
        h.verdict().postfixWord(),
        h.verdict().text(),
        h.version().label(),
        h.suite(),
        h.bits(),
        h.group(),
        h.resumed(),
        named ? h.peerChain().getFirst().getSubjectX500Principal().getName() : null,
        named ? Pins.of(h.peerChain().getFirst()).hex() : null,
        h.serverName());
  }
}
