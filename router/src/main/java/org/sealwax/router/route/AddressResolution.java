package org.sealwax.router.route;

import java.util.List;
import org.sealwax.router.queue.DeliveryTarget;

/** The resolution of a recipient address. */
public sealed interface AddressResolution {
  /** Not one of our domains: only trusted clients may send there. */
  record NotLocal() implements AddressResolution {}

  /** One of our domains, and no such recipient there: 550 5.1.1 at RCPT. */
  record UnknownRecipient(String text) implements AddressResolution {}

  /**
   * One of our domains, and mail for this address can never be delivered as the configuration is:
   * 550 5.3.5 (RFC 3463 section 3.4).
   */
  record Undeliverable(String text) implements AddressResolution {}

  /** Not known now (next hop not reachable, file not readable): 450 4.1.1 or 451 4.3.0. */
  record TemporaryFailure(String text) implements AddressResolution {}

  /** The store that knows the recipient cannot be read now: 451 4.3.0. */
  record StoreTrouble(String text) implements AddressResolution {}

  /**
   * A relay domain's recipient: continues as it is.
   *
   * @param listed it stands in a recipients file, letter by letter. Where it does not ({@code
   *     accept_all}, or a probe of the next hop), a local part with {@code %}, {@code !} or
   *     {@code @} is refused: the next hop may take it for a source route
   */
  record Relayed(boolean listed) implements AddressResolution {
    /** Not listed. */
    public Relayed() {
      this(false);
    }
  }

  /**
   * An alias.
   *
   * @param targets where it leads, all aliases followed, duplicates removed, at least one
   */
  record Forwarded(List<DeliveryTarget> targets) implements AddressResolution {
    /** Copies. */
    public Forwarded {
      targets = List.copyOf(targets);
    }
  }

  /**
   * A bounce coming back through a rewritten sender (SRS), verified.
   *
   * @param target the original sender
   */
  record ReturnedBounce(DeliveryTarget target) implements AddressResolution {}
}
