package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.util.Optional;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.session.ClientDialogue;
import org.sealwax.mail.tls.verdict.Handshake;

/** A greeted host on one connection, about which the policy said proceed. One thread owns it. */
final class Peer {
  private final ClientDialogue dialogue;
  private final Terms terms;
  private final InetSocketAddress address;
  private final boolean downgrade;
  private final boolean ipv4Beside;
  private final String label;
  private final String tls;
  private final long born;
  private int transactions;

  Peer(
      ClientDialogue dialogue,
      Terms terms,
      InetSocketAddress address,
      String label,
      boolean downgrade,
      boolean ipv4Beside,
      long born) {
    this.dialogue = dialogue;
    this.terms = terms;
    this.address = address;
    this.downgrade = downgrade;
    this.ipv4Beside = ipv4Beside;
    this.label = label;
    this.tls = TlsWords.token(terms.requirement(), dialogue.handshake(), downgrade);
    this.born = born;
  }

  ClientDialogue dialogue() {
    return dialogue;
  }

  /** What this connection was found good enough for. */
  Requirement requirement() {
    return terms.requirement();
  }

  /** What was demanded of it, and why. */
  Terms terms() {
    return terms;
  }

  /** Where it is. */
  InetSocketAddress address() {
    return address;
  }

  /** Whether the host has shown better before. */
  boolean isDowngrade() {
    return downgrade;
  }

  /** Whether this is IPv6, and the host has IPv4 addresses that we could use as well. */
  boolean hasIpv4Beside() {
    return ipv4Beside;
  }

  /** {@code mx.example.org[192.0.2.1]:25}. */
  String label() {
    return label;
  }

  /** Wanted and got. */
  String tls() {
    return tls;
  }

  Optional<Handshake> handshake() {
    return dialogue.handshake();
  }

  long born() {
    return born;
  }

  int transactions() {
    return transactions;
  }

  void began() {
    transactions++;
  }

  /** Transactions that the server takes on one connection (RFC 9422 4.1). */
  int mailMax() {
    return dialogue.capabilities().mailMax().orElse(Integer.MAX_VALUE);
  }

  boolean isFresh() {
    return transactions == 0;
  }

  /**
   * The last guard, in production: a stream that is clear where TLS is demanded, a peer who is not
   * who was demanded, a host that may not be used, or one that does not know REQUIRETLS, must not
   * get a single word of an envelope, whatever was decided before.
   *
   * @param insistsOnRequireTls whether REQUIRETLS must be offered where the requirement has it
   */
  void assertGoodEnough(boolean insistsOnRequireTls) {
    Requirement demanded = requirement();
    if (!demanded.mxFilter().admits(terms.subject().host())) {
      throw new IllegalStateException("this host may not be used");
    }
    if (demanded.requireTls()
        && insistsOnRequireTls
        && !dialogue.capabilities().offersRequireTls()) {
      throw new IllegalStateException("REQUIRETLS is demanded and this host does not know it");
    }
    if (!demanded.demandsTls()) {
      return;
    }
    Handshake shown = handshake().orElse(null);
    if (shown == null) {
      throw new IllegalStateException("TLS is demanded and this stream is clear");
    }
    if (!demanded.identity().stream()
        .allMatch(demand -> org.sealwax.mail.policy.Policy.isMet(demand, shown))) {
      throw new IllegalStateException("the peer is not who is demanded");
    }
  }
}
