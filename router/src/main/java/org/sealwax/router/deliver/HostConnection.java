package org.sealwax.router.deliver;

import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.receipts.Receipt;
import org.sealwax.router.spool.QueueId;

/**
 * A host on one connection after EHLO, for which the policy decided to proceed. One thread owns it.
 */
final class HostConnection {
  private final ClientSession session;
  private final HostRequirement hostRequirement;
  private final InetSocketAddress address;
  private final boolean downgrade;
  private final boolean hasIpv4Alternative;
  private final String logName;
  private final String tls;
  private final long openedAt;
  private int transactions;

  HostConnection(
      ClientSession dialogue,
      HostRequirement requirement,
      InetSocketAddress address,
      String label,
      boolean downgrade,
      boolean ipv4Beside,
      long born) {
    this.session = dialogue;
    this.hostRequirement = requirement;
    this.address = address;
    this.downgrade = downgrade;
    this.hasIpv4Alternative = ipv4Beside;
    this.logName = label;
    this.tls = token(requirement.requirement(), dialogue.handshake(), downgrade);
    this.openedAt = born;
  }

  ClientSession session() {
    return session;
  }

  /** What this connection was found good enough for. */
  Requirement requirement() {
    return hostRequirement.requirement();
  }

  /** What was demanded of it, and why. */
  HostRequirement hostRequirement() {
    return hostRequirement;
  }

  /** Where it is. */
  InetSocketAddress address() {
    return address;
  }

  /** Whether this is IPv6, and the host has IPv4 addresses that we could use as well. */
  boolean hasIpv4Alternative() {
    return hasIpv4Alternative;
  }

  /** {@code mx.example.org[192.0.2.1]:25}. */
  String logName() {
    return logName;
  }

  /** Wanted and got. */
  String tls() {
    return tls;
  }

  Optional<Handshake> handshake() {
    return session.handshake();
  }

  long openedAt() {
    return openedAt;
  }

  int transactions() {
    return transactions;
  }

  void transactionBegan() {
    transactions++;
  }

  /** Transactions that the server takes on one connection (RFC 9422 4.1). */
  int mailMax() {
    return session.capabilities().mailMax().orElse(Integer.MAX_VALUE);
  }

  boolean isUnused() {
    return transactions == 0;
  }

  /**
   * {@code may:trusted}, {@code encrypt:untrusted!downgrade}, {@code may:none}, {@code
   * may:trusted!no-forward-secrecy}.
   */
  private static String token(
      Requirement requirement, Optional<Handshake> handshake, boolean downgrade) {
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
  Receipt receipt(Instant now, Ledger ledger, QueueId id, Mailbox recipient) {
    HostRequirement terms = hostRequirement;
    Requirement requirement = terms.requirement();
    boolean demanded = requirement.requireTls() && session.capabilities().offersRequireTls();
    return new Receipt(
        now,
        id.text(),
        recipient.toString(),
        terms.subject().nextHop().toString(),
        requirement.statedLevel().word(),
        requirement.because(),
        new Receipt.ReceiptHost(
            terms.subject().host().toString(), address.getAddress().getHostAddress()),
        handshake().map(HostConnection::receipt).orElse(null),
        downgrade,
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

  /**
   * The last guard, in production: an unencrypted stream where TLS is demanded, a peer without the
   * identity that is demanded, a host that may not be used, or one that does not know REQUIRETLS,
   * must not get any part of an envelope, whatever was decided before.
   *
   * @param insistsOnRequireTls whether REQUIRETLS must be offered where the requirement has it
   */
  void assertMeetsRequirement(boolean insistsOnRequireTls) {
    Requirement demanded = requirement();
    if (!demanded.mxFilter().admits(hostRequirement.subject().host())) {
      throw new IllegalStateException("this host may not be used");
    }
    if (demanded.requireTls()
        && insistsOnRequireTls
        && !session.capabilities().offersRequireTls()) {
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
