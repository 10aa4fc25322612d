package org.sealwax.router.receive;

import java.net.InetAddress;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.ForwardPath;
import org.sealwax.router.route.AddressResolution;

/**
 * The check of each RCPT of one session: what the address is, and whether this client may send to
 * it. Owned by the session's thread.
 */
final class RecipientCheck {
  private final ReceiveConfiguration reception;
  private final ClientState client;
  private final InetAddress own;

  /**
   * A check.
   *
   * @param own the address of this host that the client connected to
   */
  RecipientCheck(ReceiveConfiguration reception, ClientState client, InetAddress own) {
    this.reception = reception;
    this.client = client;
    this.own = own;
  }

  /** The mailbox that a path of RCPT stands for. */
  Mailbox mailbox(ForwardPath path) {
    return switch (path) {
      case ForwardPath.LocalPostmaster p -> new Mailbox("postmaster", reception.settings().host());
      case ForwardPath.ToMailbox t -> t.mailbox();
    };
  }

  /**
   * The decision about one recipient.
   *
   * @param recipient {@code path} as a mailbox
   * @param sender the reverse-path of the transaction
   */
  RelayRules.RelayDecision decide(ForwardPath path, Mailbox recipient, ReversePath sender) {
    RelayRules rules = reception.rules();
    if (path instanceof ForwardPath.LocalPostmaster) {
      return postmaster(rules, recipient);
    }
    AddressResolution resolution = reception.directory().resolve(recipient);
    boolean toPostmaster =
        rules.isLocalPostmaster(recipient, resolution, reception.settings().host(), own);
    if (!toPostmaster) {
      Optional<RejectRow> row =
          rules.reject(
              client.local ? null : client.address.getAddress(),
              !client.local && isNameless(rules),
              sender,
              recipient);
      if (row.isPresent()) {
        return new RelayRules.RelayDecision.Refuse(row.get().reply());
      }
    }
    RelayRules.RelayDecision ruling = rules.ruling(recipient, resolution, client.trust);
    // NotOurs: this host's own name or address; sent on by MX, it would only come back.
    boolean nowhere =
        ruling instanceof RelayRules.RelayDecision.Refuse
            || resolution instanceof AddressResolution.NotLocal;
    return toPostmaster && nowhere ? postmaster(rules, recipient) : ruling;
  }

  private boolean isNameless(RelayRules rules) {
    boolean asked =
        rules.rejects().stream()
            .anyMatch(r -> r.on() instanceof RejectRow.RejectMatch.UnnamedClient);
    return asked && client.name.await() == ClientName.State.NONE;
  }

  private RelayRules.RelayDecision postmaster(RelayRules rules, Mailbox recipient) {
    Mailbox configured = rules.postmaster();
    if (configured == null) {
      return rules.heldForPostmaster(recipient);
    }
    return rules.rulingForPostmaster(configured, reception.directory().resolve(configured));
  }
}
