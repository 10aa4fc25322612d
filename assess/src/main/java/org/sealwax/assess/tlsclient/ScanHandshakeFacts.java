package org.sealwax.assess.tlsclient;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one handshake showed. Collected during the handshake, so that a failed one has facts too.
 *
 * @param version negotiated (0x0301 …), 0 before a ServerHello
 * @param suite negotiated, or -1
 * @param group negotiated, or -1 where it is not known
 * @param chain certificates as sent, DER in hex, leaf first
 * @param staple OCSP response in hex, or null
 * @param request what the server asked of our certificate, or null when it did not ask
 * @param tickets session tickets so far, also those that come after the handshake
 * @param sessionId in hex (before TLS 1.3)
 * @param extendedMasterSecret whether it was used (RFC 7627); always in TLS 1.3
 * @param secureRenegotiation whether RFC 5746 was used; always in TLS 1.3
 * @param alpn protocol chosen, or null
 * @param scheme of the server's CertificateVerify in TLS 1.3, or -1
 */
public record ScanHandshakeFacts(
    int version,
    int suite,
    int group,
    List<String> chain,
    @Nullable String staple,
    @Nullable CertificateRequestFacts request,
    List<SessionTicketFacts> tickets,
    String sessionId,
    boolean extendedMasterSecret,
    boolean secureRenegotiation,
    @Nullable String alpn,
    int scheme) {
  /** Copies. */
  public ScanHandshakeFacts {
    chain = List.copyOf(chain);
    tickets = List.copyOf(tickets);
  }

  /**
   * A request for our certificate.
   *
   * @param authorities how many CAs it lists
   * @param bytes of their names
   */
  public record CertificateRequestFacts(int authorities, int bytes) {}

  /**
   * A session ticket.
   *
   * @param lifetime seconds; 0 is unspecified before TLS 1.3
   * @param ticketHex in hex
   * @param earlyData bytes of early data it allows, or -1 when it allows none (RFC 8446 4.2.10)
   */
  public record SessionTicketFacts(long lifetime, String ticketHex, long earlyData) {}
}
