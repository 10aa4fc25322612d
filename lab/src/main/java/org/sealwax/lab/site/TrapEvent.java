package org.sealwax.lab.site;

import java.net.InetAddress;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One thing that the sender did at a trap, or that was done to it. */
public sealed interface TrapEvent {
  /** When. */
  Instant at();

  /**
   * A question to the DNS.
   *
   * @param name in lower case
   * @param type its mnemonic
   * @param dnssecOk whether signatures were wanted
   * @param checkingDisabled whether the client validates by itself
   */
  record DnsQueried(
      Instant at,
      String name,
      String type,
      boolean dnssecOk,
      boolean checkingDisabled,
      InetAddress from)
      implements TrapEvent {}

  /**
   * A request to the policy host.
   *
   * @param path requested; empty when no request came
   * @param status answered; 0 when none was
   * @param failure why it ended before, or empty
   */
  record PolicyRequested(
      Instant at, String path, @Nullable String serverName, int status, String failure)
      implements TrapEvent {}

  /**
   * A connection to a host.
   *
   * @param connection its number within the sighting
   * @param host the host's label
   */
  record HostConnected(Instant at, int connection, String host, InetAddress from)
      implements TrapEvent {}

  /**
   * A line of SMTP.
   *
   * @param bySender whether the sender sent it
   * @param tls whether it went under TLS
   * @param text without CRLF; cut when long
   */
  record SmtpLineSeen(Instant at, int connection, boolean bySender, boolean tls, String text)
      implements TrapEvent {}

  /** The ClientHello, raw, with record headers; cut at {@link Sighting#MAX_HELLO}. */
  record ClientHelloSeen(Instant at, int connection, byte[] raw) implements TrapEvent {}

  /**
   * A completed handshake.
   *
   * @param version as on the wire
   * @param suite as on the wire
   * @param group as on the wire; -1 for none
   * @param serverName SNI, or null
   * @param clientChain the sender's certificates in DER, leaf first
   */
  record HandshakeCompleted(
      Instant at,
      int connection,
      int version,
      int suite,
      int group,
      @Nullable String serverName,
      List<byte[]> clientChain)
      implements TrapEvent {}

  /**
   * A failed handshake.
   *
   * @param answered whether the server's part of it (ServerHello, certificate) had gone out, so
   *     that the sender saw what is wrong with it
   */
  record HandshakeAborted(Instant at, int connection, boolean answered, String reason)
      implements TrapEvent {}

  /**
   * The site changed: what it was before the first try is over (an attack begins, a record is
   * corrected).
   */
  record SiteChanged(Instant at) implements TrapEvent {}

  /**
   * A message whose final dot was taken, or dropped where that is the trap.
   *
   * @param host the host's label
   * @param tls whether it went under TLS
   * @param replied whether the sender got the reply
   * @param tlsOptional whether its header has {@code TLS-Required: No} (RFC 8689 section 3)
   * @param router the mail router that its Received fields name; empty when they name none
   */
  record MessageAccepted(
      Instant at,
      int connection,
      String host,
      boolean tls,
      boolean replied,
      boolean tlsOptional,
      String router)
      implements TrapEvent {}

  /**
   * The sender accepted an attack.
   *
   * @param how in words
   */
  record SenderDeceived(Instant at, int connection, String how) implements TrapEvent {}

  /** A connection ended. */
  record ConnectionClosed(Instant at, int connection) implements TrapEvent {}

  /**
   * A delivery status notification about a recipient at this trap came back.
   *
   * @param action {@code failed}, {@code delayed} …
   * @param status {@code 5.1.10}; empty when there was none
   */
  record DsnReturned(Instant at, String action, String status) implements TrapEvent {}

  /**
   * A TLS report about this trap came.
   *
   * @param transport {@code https} or {@code mail}
   * @param types the result types in it (RFC 8460 4.3)
   * @param successes its count of good sessions
   * @param failures its count of failed ones
   * @param signed whether it carried a DKIM signature, where it came by mail
   */
  record TlsReportReceived(
      Instant at,
      String transport,
      List<String> types,
      long successes,
      long failures,
      boolean signed)
      implements TrapEvent {}
}
