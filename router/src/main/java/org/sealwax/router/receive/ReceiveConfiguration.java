package org.sealwax.router.receive;

import java.net.InetAddress;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.ForwardPath;
import org.sealwax.router.evidence.PeerMatcher;
import org.sealwax.router.receive.ClientNames.ClientName;
import org.sealwax.router.receive.ServerSession.ClientState;
import org.sealwax.router.route.AddressResolution;
import org.sealwax.router.route.RecipientDirectory;

/**
 * The configuration for incoming mail; replaced as a whole on reload. A session keeps the one it
 * began with.
 *
 * @param settings limits and names
 * @param rules relay rules
 * @param directory our domains
 * @param peerMatcher peers that are known by what their own MX hosts showed
 * @param sasl ways to identify oneself, or null
 */
public record ReceiveConfiguration(
    ReceiveSettings settings,
    RelayRules rules,
    RecipientDirectory directory,
    PeerMatcher peerMatcher,
    @Nullable SaslMechanisms sasl) {
  /** The mailbox that a path of RCPT stands for. */
  Mailbox mailbox(ForwardPath path) {
    return switch (path) {
      case ForwardPath.LocalPostmaster p -> new Mailbox("postmaster", settings.host());
      case ForwardPath.ToMailbox t -> t.mailbox();
    };
  }

  /**
   * The decision about one recipient: what the address is, and whether this client may send to it.
   *
   * @param recipient {@code path} as a mailbox
   * @param sender the reverse-path of the transaction
   * @param own the address of this host that the client connected to
   */
  RelayRules.RelayDecision decide(
      ForwardPath path,
      Mailbox recipient,
      ReversePath sender,
      ClientState client,
      InetAddress own) {
    if (path instanceof ForwardPath.LocalPostmaster) {
      return postmaster(recipient);
    }
    AddressResolution resolution = directory.resolve(recipient);
    boolean toPostmaster = rules.isLocalPostmaster(recipient, resolution, settings.host(), own);
    if (!toPostmaster) {
      Optional<RejectRow> row =
          rules.reject(
              client.local ? null : client.address.getAddress(),
              !client.local && isNameless(client),
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
    return toPostmaster && nowhere ? postmaster(recipient) : ruling;
  }

  private boolean isNameless(ClientState client) {
    boolean asked =
        rules.rejects().stream()
            .anyMatch(r -> r.on() instanceof RejectRow.RejectMatch.UnnamedClient);
    return asked && client.name.await() == ClientName.State.NONE;
  }

  private RelayRules.RelayDecision postmaster(Mailbox recipient) {
    Mailbox configured = rules.postmaster();
    if (configured == null) {
      return rules.heldForPostmaster(recipient);
    }
    return rules.rulingForPostmaster(configured, directory.resolve(configured));
  }
}
