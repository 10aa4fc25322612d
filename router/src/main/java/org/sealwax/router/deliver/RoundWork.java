package org.sealwax.router.deliver;

import java.util.List;
import org.sealwax.mail.address.MailHost;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.router.deliver.TriedHosts.Tried;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.FailureCause;

/** The purpose of a round: to deliver a consignment, or to verify a recipient. */
interface RoundWork {
  /** The result of one connection. */
  enum ConnectionResult {
    /** All is done that could be done here; the connection may be used again. */
    REUSABLE,
    /** All is done that could be done here; the connection is closed. */
    CLOSED,
    /** The connection is closed and another address or host may do better. */
    NEXT_HOST,
    /** The connection is closed; the host refused our IPv6 address, and has an IPv4 address too. */
    OVER_IPV4,
    /** The connection has had its share of transactions; there is more to do at this host. */
    MORE,
    /** The connection, used before, was closed; nothing was sent that matters. */
    STALE
  }

  /** Does what can be done with {@code connection}, for which the policy decided to proceed. */
  ConnectionResult runOn(HostConnection connection);

  /** Whether nothing is left to do. */
  boolean isDone();

  /** Whether anything is left that a cleartext fallback may carry. */
  boolean mayUsePlaintext();

  /** What the deliveries before this one have tried in vain, of the same mail. */
  default Tried triedBefore() {
    return Tried.NOTHING;
  }

  /** What has been tried after this one; called once, at its end. */
  default void tried(HostOrder order) {}

  /** The round comes to a host of this preference. */
  default void reachedPreference(int preference) {}

  /** Whether hosts are left for another round, when this one is through with its own. */
  default void hostsLeft(boolean left) {}

  /** A host could not be used. */
  void hostSkipped(FailureCause cause);

  /** There is no host to go to. */
  void noHosts(FailureMeaning meaning);

  /**
   * The domain of the recipients, or their address literal; of several, one for which the same
   * policy rows were written.
   */
  MailHost destination();

  /** What the message itself demands or waives (RFC 8689); empty when it does neither. */
  List<Evidence> evidence();

  /**
   * Whether a host that is otherwise good enough must know REQUIRETLS too. Not for the null
   * reverse-path: a notification is not lost for it (RFC 8689 5).
   */
  boolean needsRequireTls();

  /**
   * Whether the ledger may learn from it: senders must not choose what is learnt, so not with a
   * null reverse-path, and not from a question.
   */
  boolean updatesLedger();

  /**
   * Whether its sessions are counted for TLS reports. Not those that carry one of our reports: the
   * next one would be about the last one, for ever (RFC 8460 section 3).
   */
  boolean isReported();

  /**
   * Separates connections of different use: they are never used for one another. A probe's have
   * short times and are not counted; a session that was not counted must not carry mail whose
   * sessions count.
   */
  String connectionUse();

  /** The delivery slot in which it runs. */
  default DeliverySlot slot() {
    return DeliverySlot.unlimited();
  }

  /** For the log: the queue id, or what stands for it. */
  String id();
}
