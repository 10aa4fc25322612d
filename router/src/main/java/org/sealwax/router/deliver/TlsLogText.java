package org.sealwax.router.deliver;

import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.receipts.Receipt;

/** TLS in the words of the log. */
final class TlsLogText {
  private TlsLogText() {}

  /**
   * {@code may:trusted}, {@code encrypt:untrusted!downgrade}, {@code may:none}, {@code
   * may:trusted!no-forward-secrecy}.
   */
  static String token(Requirement requirement, Optional<Handshake> handshake, boolean downgrade) {
    String got = handshake.map(h -> got(requirement, h)).orElse("none");
    boolean secret = handshake.map(Handshake::isForwardSecret).orElse(true);
    return requirement.statedLevel().word()
        + ":"
        + got
        + (downgrade ? "!downgrade" : "")
        + (secret ? "" : "!no-forward-secrecy");
  }

  /**
   * RFC 7672 §2.2.1: TLSA records of a host to which an unsigned MX record led identify the host,
   * and it is not known whether it is the right one. "verified" is not logged for that.
   */
  private static String got(Requirement requirement, Handshake h) {
    String word = h.verdict().postfixWord().toLowerCase(Locale.ROOT);
    boolean half =
        requirement.identity().stream()
            .anyMatch(d -> d instanceof IdentityRequirement.Tlsa t && !t.secureMx());
    boolean otherwise =
        requirement.identity().stream().anyMatch(d -> !(d instanceof IdentityRequirement.Tlsa));
    return half && !otherwise && h.verdict() instanceof Verdict.Verified ? "trusted" : word;
  }

  /** What a delivery rested on. */
  static Receipt receipt(
      Instant now, Ledger ledger, Consignment consignment, Mailbox recipient, HostConnection peer) {
    HostRequirement terms = peer.hostRequirement();
    Requirement requirement = terms.requirement();
    boolean demanded = requirement.requireTls() && peer.session().capabilities().offersRequireTls();
    return new Receipt(
        now,
        consignment.id().text(),
        recipient.toString(),
        terms.subject().nextHop().toString(),
        requirement.statedLevel().word(),
        requirement.because(),
        new Receipt.ReceiptHost(
            terms.subject().host().toString(), peer.address().getAddress().getHostAddress()),
        peer.handshake().map(TlsLogText::receipt).orElse(null),
        peer.isDowngrade(),
        terms.activeViolation(ledger).map(a -> a.what().word()).orElse(null),
        terms.subject().secureMx(),
        demanded);
  }

  private static Receipt.ReceiptTls receipt(Handshake h) {
    boolean named = !h.peerChain().isEmpty();
    return new Receipt.ReceiptTls(
        h.verdict().text(),
        named ? Pins.of(h.peerChain().getFirst()).hex() : null,
        named ? Pins.ofCertificate(h.peerChain().getFirst()) : null,
        h.version().label(),
        h.suite(),
        h.group());
  }
}
