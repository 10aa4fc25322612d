package org.sealwax.router.receive;

import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.AddressLiteral;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.message.ReceivedHeader;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.log.TlsLogFields;

/**
 * The state of a session's client: its address, name, TLS and authentication so far. Owned by the
 * session's thread.
 */
final class ClientState {
  final String session;
  final InetSocketAddress address;
  final boolean local;
  final ClientName name;
  String hello = "";
  boolean esmtp;
  ClientTrust trust;
  @Nullable Handshake tls;

  ClientState(
      String session,
      InetSocketAddress address,
      boolean local,
      ClientName name,
      ClientTrust trust) {
    this.session = session;
    this.address = address;
    this.local = local;
    this.name = name;
    this.trust = trust;
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

  /** A handshake as the log shows it. */
  static TlsLogFields facts(Handshake h) {
    X509Certificate leaf = h.peerChain().isEmpty() ? null : h.peerChain().getFirst();
    return new TlsLogFields(
        h.verdict().postfixWord(),
        h.verdict().text(),
        h.version().label(),
        h.suite(),
        h.bits(),
        h.group(),
        h.resumed(),
        leaf == null ? null : leaf.getSubjectX500Principal().getName(),
        leaf == null ? null : Pins.of(leaf).hex(),
        h.serverName());
  }
}
