package org.sealwax.router.receive;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.ReceivedHeader;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.router.dnsbl.ClientListing;
import org.sealwax.router.receive.ClientNames.ClientName;

/**
 * The state of a session's client: its address, name, TLS and authentication so far. Owned by the
 * session's thread.
 */
final class ClientState {
  final String session;
  final InetSocketAddress address;
  final boolean local;
  final ClientName name;
  final @Nullable ClientListing listing;
  String hello = "";
  boolean esmtp;
  ClientTrust trust;
  @Nullable Handshake tls;

  ClientState(
      String session,
      InetSocketAddress address,
      boolean local,
      ClientName name,
      ClientTrust trust,
      @Nullable ClientListing listing) {
    this.session = session;
    this.address = address;
    this.local = local;
    this.name = name;
    this.trust = trust;
    this.listing = listing;
  }

  /** {@code mail.example.org[192.0.2.1]}, for the queue and the log. */
  String origin() {
    if (local) {
      return "local";
    }
    Domain known = name.ifKnown();
    return (known == null ? "unknown" : known.name()) + new AddressLiteral(address.getAddress());
  }

  /** For Received; null for a program of this machine. */
  ReceivedHeader.@Nullable ReceivedFrom client() {
    return local
        ? null
        : new ReceivedHeader.ReceivedFrom(hello, name.verified(), address.getAddress());
  }

  /** The SASL user, or null. */
  @Nullable String login() {
    return trust instanceof ClientTrust.AuthenticatedUser login ? login.user() : null;
  }

  /** The hop's TLS in one line; empty unencrypted. */
  String tlsLine() {
    Handshake h = tls;
    if (h == null) {
      return "";
    }
    String group = h.group() == null ? "" : " " + h.group();
    return h.version().label() + " " + h.suite() + group + " " + h.verdict().text();
  }
}
