package org.sealwax.router.ledger;

import java.util.List;
import java.util.Locale;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.FallbackStep;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.NameCheck;

/** The level that one connection proved to the ledger, from none to the highest. */
public enum ProvenLevel {
  /** No connection, or no session: shows nothing about TLS. */
  SILENT("nothing"),
  /** Plaintext followed the reply to STARTTLS: an attacker is in between. */
  INJECTED("plaintext after STARTTLS"),
  /** STARTTLS was not offered, or the mail went unencrypted. */
  CLEAR("no STARTTLS"),
  /** STARTTLS was offered and answered 4yz or 5yz. */
  REFUSED("STARTTLS rejected"),
  /** TLS was offered and failed. */
  BROKEN("failed TLS handshake"),
  /** TLS, whatever the peer was. */
  ENCRYPTED("no certificate valid for its name"),
  /** TLS, with a certificate by public roots for the host's name. */
  VERIFIED("a valid certificate, but the host is not known");

  private final String shown;

  ProvenLevel(String shown) {
    this.shown = shown;
  }

  /** What a host showed whose domain has a higher level, in words. */
  String shown() {
    return shown;
  }

  /** The worth of what the router saw. */
  static ProvenLevel of(HostSample sample) {
    return switch (sample.observation()) {
      case Observation.Unreachable u -> SILENT;
      case Observation.RefusedByReply u -> SILENT;
      case Observation.ConnectionLost b -> SILENT;
      case Observation.Unencrypted c -> CLEAR;
      case Observation.StarttlsRefused r -> REFUSED;
      case Observation.Injected i -> INJECTED;
      // A connection that was made without TLS by decision cannot break in TLS.
      case Observation.HandshakeFailed b -> sample.step() == FallbackStep.CLEAR ? CLEAR : BROKEN;
      case Observation.Encrypted e -> of(e.handshake(), sample.host(), sample.publicRoots());
    };
  }

  private static ProvenLevel of(Handshake handshake, Domain host, boolean publicRoots) {
    // Checked here and not taken from the verdict: without a demand no name is checked, and
    // with one it may be another name than the host's.
    return publicRoots
            && handshake.proof().isChainValid()
            && !handshake.peerChain().isEmpty()
            && NameCheck.match(handshake.peerChain().getFirst(), List.of(host)).isPresent()
        ? VERIFIED
        : ENCRYPTED;
  }

  /** The word for display: {@code encrypted}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** Whether TLS was established. */
  boolean isTls() {
    return this == ENCRYPTED || this == VERIFIED;
  }

  /** Whether this keeps what {@code level} (ENCRYPT or VERIFY) expects. */
  boolean meets(TlsLevel level) {
    return level == TlsLevel.VERIFY ? this == VERIFIED : isTls();
  }
}
