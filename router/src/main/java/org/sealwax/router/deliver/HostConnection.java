package org.sealwax.router.deliver;

import java.io.Closeable;
import java.net.InetSocketAddress;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressText;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.mail.policy.Requirement;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.queue.Recipient;
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
      boolean downgrade,
      boolean ipv4Beside,
      long born) {
    this.session = dialogue;
    this.hostRequirement = requirement;
    this.address = address;
    this.downgrade = downgrade;
    this.hasIpv4Alternative = ipv4Beside;
    this.logName = requirement.label(address);
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

  /** Where it is. */
  InetSocketAddress address() {
    return address;
  }

  /** {@code mx.example.org[192.0.2.1]:25}. */
  String logName() {
    return logName;
  }

  /**
   * It among the hosts of the round.
   *
   * @param lesser a host of better preference put recipients off that this round has not asked
   * @param deferred keys of the recipients that another host of this round has put off
   * @param waiting the recipients that wait for it
   */
  NextHostOrLater.HostPosition position(
      boolean lesser, Set<Long> deferred, List<Recipient> waiting) {
    return new NextHostOrLater.HostPosition(
        logName,
        tls,
        transactions > 0,
        session.handshake().isPresent(),
        hasIpv4Alternative,
        lesser,
        deferred,
        waiting);
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
            terms.subject().host().toString(), AddressText.of(address.getAddress())),
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
   * identity that is demanded, a host that must not be used, or one that does not know REQUIRETLS,
   * must not get any part of an envelope, whatever was decided before.
   *
   * @param insistsOnRequireTls whether REQUIRETLS must be offered where the requirement has it
   */
  void assertMeetsRequirement(boolean insistsOnRequireTls) {
    Requirement demanded = requirement();
    if (!demanded.mxFilter().admits(hostRequirement.subject().host())) {
      throw new IllegalStateException("this host must not be used");
    }
    if (demanded.requireTls()
        && insistsOnRequireTls
        && !session.capabilities().offersRequireTls()) {
      throw new IllegalStateException("REQUIRETLS is required, but the host does not offer it");
    }
    if (!demanded.demandsTls()) {
      return;
    }
    Handshake shown = handshake().orElse(null);
    if (shown == null) {
      throw new IllegalStateException("TLS is required, but the connection is not encrypted");
    }
    if (!demanded.identity().stream()
        .allMatch(demand -> org.sealwax.mail.policy.Policy.isMet(demand, shown))) {
      throw new IllegalStateException("the peer does not have the required identity");
    }
  }

  /**
   * Idle connections, by a key in which next hop, host, route and the whole requirement stand: a
   * connection that was good enough for one requirement is never used under another. The last one
   * given back is taken first. Thread-safe.
   */
  static final class Pool implements Closeable {
    private final ConnectionPoolSettings settings;
    private final Clock clock;
    private final Map<String, ArrayDeque<Idle>> byKey = new HashMap<>();
    private int total;
    private boolean closed;

    private record Idle(HostConnection connection, Deadline deadline) {}

    Pool(ConnectionPoolSettings settings, Clock clock) {
      this.settings = settings;
      this.clock = clock;
    }

    /** An idle connection, or null. */
    @Nullable HostConnection take(String key) {
      Idle idle;
      synchronized (this) {
        ArrayDeque<Idle> list = byKey.get(key);
        if (list == null) {
          return null;
        }
        idle = list.removeLast();
        forget(key, list);
      }
      idle.deadline().close();
      return idle.connection();
    }

    private void forget(String key, ArrayDeque<Idle> list) {
      total--;
      if (list.isEmpty()) {
        byKey.remove(key);
      }
    }

    /** Keeps a connection for the next message, or sends QUIT when its time is over. */
    void putBack(String key, HostConnection connection) {
      boolean old =
          clock.nanoTime() - connection.openedAt() > settings.age().toNanos()
              || connection.transactions() >= Math.min(settings.messages(), connection.mailMax())
              || connection.session().unsolicitedBytes() > 0;
      if (old || settings.perHost() == 0) {
        connection.session().quit();
        return;
      }
      connection.session().releaseBuffer();
      synchronized (this) {
        ArrayDeque<Idle> list = byKey.get(key);
        if (!closed
            && total < settings.total()
            && (list == null || list.size() < settings.perHost())) {
          if (list == null) {
            list = new ArrayDeque<>(2);
            byKey.put(key, list);
          }
          // Runs under none of our locks: the deadline's thread takes it when it fires.
          list.addLast(
              new Idle(connection, Deadline.after(settings.idle(), () -> expire(key, connection))));
          total++;
          return;
        }
      }
      connection.session().quit();
    }

    private void expire(String key, HostConnection connection) {
      synchronized (this) {
        ArrayDeque<Idle> list = byKey.get(key);
        if (list == null || !list.removeIf(idle -> idle.connection() == connection)) {
          return; // taken in the same moment
        }
        forget(key, list);
      }
      connection.session().quit();
    }

    /** Idle connections now. */
    synchronized int size() {
      return total;
    }

    /** Sends QUIT on all and keeps none from now on. */
    @Override
    public void close() {
      List<Idle> all = new ArrayList<>();
      synchronized (this) {
        closed = true;
        byKey.values().forEach(all::addAll);
        byKey.clear();
        total = 0;
      }
      for (Idle idle : all) {
        idle.deadline().close();
        idle.connection().session().quit();
      }
    }
  }
}
