package org.sealwax.mail.tls.wire;

import java.util.List;
import java.util.Map;

/** One message of a server's unencrypted flight; hex where bytes are only compared or shown. */
public sealed interface ServerMessage {
  /**
   * ServerHello or HelloRetryRequest (RFC 8446 4.1.3 and 4.1.4, RFC 5246 7.4.1.3).
   *
   * @param version negotiated, from supported_versions where it is there
   * @param random 32 bytes in hex; its end may show that the server could do more (RFC 8446 4.1.3)
   * @param sessionId in hex
   * @param suite chosen
   * @param compression chosen, 0 for none
   * @param extensions bodies by number, in order, in hex
   * @param retry whether it asks for another ClientHello
   * @param group of the key share given or asked for, or -1
   */
  record ServerHello(
      int version,
      String random,
      String sessionId,
      int suite,
      int compression,
      Map<Integer, String> extensions,
      boolean retry,
      int group)
      implements ServerMessage {
    /** Whether the server answers an extension. */
    public boolean has(int extension) {
      return extensions.containsKey(extension);
    }
  }

  /**
   * Certificate before TLS 1.3 (RFC 5246 7.4.2).
   *
   * @param chain DER in hex, leaf first, as sent
   */
  record Certificates(List<String> chain) implements ServerMessage {}

  /**
   * CertificateStatus (RFC 6066 8).
   *
   * @param response OCSP response in hex
   */
  record StapledStatus(String response) implements ServerMessage {}

  /**
   * ServerKeyExchange with a named curve (RFC 8422 5.4).
   *
   * @param group of the curve
   * @param point public value in hex
   * @param scheme that signed it; -1 when anonymous or before TLS 1.2
   */
  record CurveParameters(int group, String point, int scheme) implements ServerMessage {}

  /**
   * ServerKeyExchange with a finite field (RFC 5246 7.4.3).
   *
   * @param prime in hex, without leading zeros
   * @param generator in hex, likewise
   * @param value public value in hex, likewise
   * @param bits of the prime
   * @param scheme that signed it; -1 when anonymous or before TLS 1.2
   */
  record FieldParameters(String prime, String generator, String value, int bits, int scheme)
      implements ServerMessage {}

  /**
   * ServerKeyExchange with a short RSA key (RFC 2246 7.4.3, export suites).
   *
   * @param bits of the modulus
   */
  record ExportKey(int bits) implements ServerMessage {}

  /**
   * ServerKeyExchange with a curve that the server made up (RFC 4492 5.4), or one that does not
   * parse.
   *
   * @param why for people
   */
  record OddParameters(String why) implements ServerMessage {}

  /**
   * CertificateRequest before TLS 1.3 (RFC 5246 7.4.4).
   *
   * @param types of certificate
   * @param schemes empty before TLS 1.2
   * @param authorities how many are listed
   * @param bytes of the list
   */
  record CertificateRequest(List<Integer> types, List<Integer> schemes, int authorities, int bytes)
      implements ServerMessage {}

  /** ServerHelloDone: the client's turn. */
  record Done() implements ServerMessage {}

  /**
   * Anything else, or a message that does not parse.
   *
   * @param type of the handshake message
   * @param length of its body
   */
  record Other(int type, int length) implements ServerMessage {}
}
