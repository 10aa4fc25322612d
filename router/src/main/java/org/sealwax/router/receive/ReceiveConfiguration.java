package org.sealwax.router.receive;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.ForwardPath;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dmarc.InboundSettings;
import org.sealwax.router.dnsbl.ClientListing;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.dnsbl.ListVerdict;
import org.sealwax.router.evidence.PeerMatcher;
import org.sealwax.router.milter.MilterSettings;
import org.sealwax.router.receive.ClientNames.ClientName;
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
 * @param dnsLists block and allow lists for untrusted clients
 * @param milters mail filters, in their order
 * @param signing decides which mail is signed by DKIM, or null: none
 * @param inbound how mail of clients without trust is judged
 * @param sasl ways to identify oneself, or null
 */
public record ReceiveConfiguration(
    ReceiveSettings settings,
    RelayRules rules,
    RecipientDirectory directory,
    PeerMatcher peerMatcher,
    List<DnsList> dnsLists,
    List<MilterSettings> milters,
    @Nullable SigningPolicy signing,
    InboundSettings inbound,
    @Nullable SaslMechanisms sasl) {
  /** Copies. */
  public ReceiveConfiguration {
    dnsLists = List.copyOf(dnsLists);
    milters = List.copyOf(milters);
  }

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
    if (toPostmaster) {
      return nowhere ? postmaster(recipient) : ruling;
    }
    return ruling instanceof RelayRules.RelayDecision.Take ? unlessListed(ruling, client) : ruling;
  }

  /** Lists are asked only about untrusted clients, and only for mail that we would take. */
  private static RelayRules.RelayDecision unlessListed(
      RelayRules.RelayDecision ruling, ClientState client) {
    ClientListing listing = client.listing;
    if (listing == null || client.trust.mayRelay()) {
      return ruling;
    }
    return switch (listing.verdict()) {
      case ListVerdict.Pass _ -> ruling;
      case ListVerdict.Refuse r ->
          new RelayRules.RelayDecision.Refuse(r.reply(client.address.getAddress()));
    };
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
