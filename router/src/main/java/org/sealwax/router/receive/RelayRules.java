package org.sealwax.router.receive;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.route.AddressResolution;

/**
 * The relay rules: pure decisions, so that "never an open relay" is a table in a test.
 *
 * <p>The question is always the mailbox that will be handed to the next hop. A source route is
 * removed before (RFC 5321 app. C); {@code %}, {@code !} and {@code @} in a local part are letters
 * to us, and since a next hop may read a route in them, they are refused unless the very address is
 * known.
 *
 * @param trustedNetworks clients that may send anywhere
 * @param certificates client certificates that may
 * @param rejects rows that refuse, whatever else holds, except for the postmaster
 * @param postmaster where mail for our postmaster goes, or null when none is configured
 */
public record RelayRules(
    List<Cidr> trustedNetworks,
    TrustedCertificates certificates,
    List<RejectRow> rejects,
    @Nullable Mailbox postmaster) {

  /** Copies. */
  public RelayRules {
    trustedNetworks = List.copyOf(trustedNetworks);
    rejects = List.copyOf(rejects);
  }

  /** Only the two loopback networks may relay; no postmaster is configured. */
  public static RelayRules loopbackOnly() {
    return new RelayRules(
        List.of(Cidr.parse("127.0.0.0/8").orElseThrow(), Cidr.parse("::1").orElseThrow()),
        TrustedCertificates.none(),
        List.of(),
        null);
  }

  /** The decision about a recipient. */
  public sealed interface RelayDecision {
    /**
     * Taken.
     *
     * @param targets where it goes, at least one
     * @param forwarded an alias led there; false for a bounce on its way back through a rewritten
     *     sender
     */
    record Take(List<DeliveryTarget> targets, boolean forwarded) implements RelayDecision {
      /** Copies. */
      public Take {
        targets = List.copyOf(targets);
      }
    }

    /** Not taken. */
    record Refuse(Reply reply) implements RelayDecision {}
  }

  /** Whether the address alone makes a client trusted. */
  public ClientTrust trust(InetAddress client) {
    for (Cidr network : trustedNetworks) {
      if (network.contains(client)) {
        return new ClientTrust.TrustedNetwork();
      }
    }
    return new ClientTrust.AnyClient();
  }

  /** The first row that refuses this envelope; the name is false while it is not known. */
  public Optional<RejectRow> reject(
      @Nullable InetAddress client, boolean nameless, ReversePath sender, Mailbox recipient) {
    for (RejectRow row : rejects) {
      boolean hit =
          switch (row.on()) {
            case RejectRow.RejectMatch.Client on -> client != null && on.network().contains(client);
            case RejectRow.RejectMatch.UnnamedClient on -> nameless;
            case RejectRow.RejectMatch.Sender on -> on.pattern().matches(sender);
            case RejectRow.RejectMatch.Recipient on ->
                on.pattern().matches(recipient, on.delimiter(), on.caseSensitive());
          };
      if (hit) {
        return Optional.of(row);
      }
    }
    return Optional.empty();
  }

  /**
   * Whether {@code recipient} is the postmaster of one of our domains, or of this host.
   *
   * @param host our name
   * @param own our end of the connection
   */
  public boolean isLocalPostmaster(
      Mailbox recipient, AddressResolution resolution, Domain host, InetAddress own) {
    if (!LocalPart.isNamed(recipient.localPart(), "postmaster")) {
      return false;
    }
    if (recipient.domain() instanceof AddressLiteral literal) {
      return literal.address().equals(own);
    }
    return recipient.domain().equals(host) || !(resolution instanceof AddressResolution.NotLocal);
  }

  /**
   * Mail for the postmaster, which every server accepts (RFC 5321 4.5.1).
   *
   * @param resolution what the configured postmaster's address is to us
   */
  public RelayDecision rulingForPostmaster(Mailbox configured, AddressResolution resolution) {
    return switch (resolution) {
      case AddressResolution.Forwarded f -> new RelayDecision.Take(f.targets(), true);
      // An address that is nowhere listed is still what the admin wrote.
      case AddressResolution.NotLocal _, AddressResolution.Relayed _ -> toItself(configured, true);
      case AddressResolution.ReturnedBounce r -> toItself(configured, true);
      case AddressResolution.UnknownRecipient u -> toItself(configured, true);
      case AddressResolution.Undeliverable u -> toItself(configured, true);
      case AddressResolution.TemporaryFailure n -> toItself(configured, true);
      case AddressResolution.StoreTrouble s -> toItself(configured, true);
    };
  }

  /** Where no postmaster was named: accepted nevertheless, and held for the admin. */
  public RelayDecision heldForPostmaster(Mailbox recipient) {
    return new RelayDecision.Take(List.of(new DeliveryTarget.Postmaster(recipient)), false);
  }

  /**
   * Any other recipient.
   *
   * @param recipient as the client gave it
   * @param resolution what the directory states about it
   * @param trust trust in the client
   */
  public RelayDecision ruling(Mailbox recipient, AddressResolution resolution, ClientTrust trust) {
    return switch (resolution) {
      case AddressResolution.NotLocal n ->
          trust.mayRelay()
              ? toItself(recipient, false)
              : new RelayDecision.Refuse(
                  Reply.of(
                      "550 5.7.1 relay access denied: not a domain of this server, and the client is not trusted"));
      case AddressResolution.UnknownRecipient u ->
          new RelayDecision.Refuse(Reply.of("550 5.1.1 " + oneLine(u.text())));
      case AddressResolution.Undeliverable u ->
          new RelayDecision.Refuse(Reply.of("550 5.3.5 " + oneLine(u.text())));
      case AddressResolution.TemporaryFailure n ->
          new RelayDecision.Refuse(Reply.of("450 4.1.1 " + oneLine(n.text())));
      case AddressResolution.StoreTrouble s ->
          new RelayDecision.Refuse(Reply.of("451 4.3.0 " + oneLine(s.text())));
      case AddressResolution.Relayed r ->
          r.listed() || !hasRoutingSyntax(recipient.localPart())
              ? toItself(recipient, false)
              : new RelayDecision.Refuse(
                  Reply.of("550 5.7.1 relay access denied: the local part may be a source route"));
      case AddressResolution.Forwarded f -> new RelayDecision.Take(f.targets(), true);
      case AddressResolution.ReturnedBounce r -> new RelayDecision.Take(List.of(r.target()), false);
    };
  }

  private static RelayDecision toItself(Mailbox mailbox, boolean forwarded) {
    return new RelayDecision.Take(List.of(new DeliveryTarget.Remote(mailbox)), forwarded);
  }

  /** The percent hack, bang paths, addresses in quotes, and what could end a path further on. */
  static boolean hasRoutingSyntax(String localPart) {
    for (int i = 0; i < localPart.length(); i++) {
      if ("%!@:<>,\"\\ ".indexOf(localPart.charAt(i)) >= 0) {
        return true;
      }
    }
    return localPart.startsWith("|") || localPart.startsWith("/");
  }

  private static String oneLine(String text) {
    StringBuilder out = new StringBuilder(text.length());
    text.chars().forEach(c -> out.append(c < ' ' || c == 0x7f ? ' ' : (char) c));
    return out.toString();
  }
}
