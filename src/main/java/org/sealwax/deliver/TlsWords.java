package org.sealwax.deliver;

import java.util.Locale;
import java.util.Optional;
import org.sealwax.log.TlsFacts;
import org.sealwax.policy.Requirement;
import org.sealwax.tls.Handshake;
import org.sealwax.tls.Pins;

/** TLS in the words of the log. */
final class TlsWords {
  private TlsWords() {}

  /** {@code may:trusted}, {@code encrypt:untrusted!downgrade}, {@code may:none}. */
  static String token(Requirement requirement, Optional<Handshake> handshake, boolean downgrade) {
    String got =
        handshake.map(h -> h.verdict().postfixWord().toLowerCase(Locale.ROOT)).orElse("none");
    return requirement.wanted().word() + ":" + got + (downgrade ? "!downgrade" : "");
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
