package org.sealwax.testkit.tls;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * The TLS behaviour of a server.
 *
 * @param versions supported, as on the wire: {@code 0x0304} is TLS 1.3
 * @param suites accepted, as on the wire; empty: all good ones that go with the certificate's key
 * @param groups accepted, as on the wire, in order of preference
 * @param request what it asks of clients
 * @param authorities distinguished names in its request for a client certificate
 * @param quirks what it does wrong
 */
public record OddTlsBehaviour(
    List<Integer> versions,
    List<Integer> suites,
    List<Integer> groups,
    ClientCertificateRequest request,
    List<String> authorities,
    Set<TlsFault> quirks) {
  /** SSLv2, as a number next to the others. */
  public static final int SSL_2 = 0x0002;

  /** SSLv3 (RFC 6101). */
  public static final int SSL_3 = 0x0300;

  /** TLS 1.0 to 1.3 on the wire. */
  public static final int TLS_1_0 = 0x0301;

  /** TLS 1.1. */
  public static final int TLS_1_1 = 0x0302;

  /** TLS 1.2. */
  public static final int TLS_1_2 = 0x0303;

  /** TLS 1.3. */
  public static final int TLS_1_3 = 0x0304;

  /** The hybrid group X25519MLKEM768. */
  public static final int X25519MLKEM768 = 0x11ec;

  /** Curve25519 (RFC 8446 4.2.7). */
  public static final int X25519 = 0x001d;

  /** NIST P-256. */
  public static final int P256 = 0x0017;

  /** NIST P-384. */
  public static final int P384 = 0x0018;

  /** Whether a client certificate is asked for. */
  public enum ClientCertificateRequest {
    NOTHING,
    /** Taken when shown. */
    OPTIONAL,
    /** A client without one is refused with an alert. */
    REQUIRED
  }

  /** The one thing that is wrong. */
  public enum TlsFault {
    /** handshake_failure (40) in answer to every ClientHello. */
    REFUSE_HELLO,
    /** unrecognized_name (112), fatal, when the ClientHello has a server name (RFC 6066 3). */
    REFUSE_SERVER_NAME,
    /** One bit of the Finished message is flipped. */
    BAD_FINISHED,
    /** One bit of the signature in CertificateVerify (TLS 1.3) is flipped. */
    BAD_SIGNATURE,
    /** TLS 1.2 is chosen although 1.3 is offered, and the random shows it (RFC 8446 4.1.3). */
    DOWNGRADE_SENTINEL,
    /** Every handshake byte in a record of its own. */
    TINY_RECORDS,
    /** A KeyUpdate right after the handshake. */
    KEY_UPDATE,
    /** A HelloRequest right after a handshake of TLS 1.2 (RFC 5246 7.4.1.1). */
    HELLO_REQUEST,
    /** Fifty session tickets right after a handshake of TLS 1.3. */
    MANY_TICKETS,
    /** A suite in ServerHello that no client offers (RFC 8446 4.1.3). */
    UNOFFERED_SUITE,
    /** A version in ServerHello that never existed. */
    UNOFFERED_VERSION,
    /** An application protocol is chosen, which mail clients do not offer (RFC 7301 3.1). */
    UNOFFERED_PROTOCOL,
    /** ServerKeyExchange is signed with SHA-1 (RFC 9155). */
    SHA1_SIGNATURE,
    /** ServerKeyExchange is signed with MD5 (RFC 9155); with RSA keys only. */
    MD5_SIGNATURE,
    /** The server closes the connection at a ClientHello that offers TLS 1.3. */
    DIES_ON_TLS13,
    /** TLS 1.2 sessions are resumed, whatever the certificate is by then. */
    SESSIONS,
    /** Diffie-Hellman in a group of 512 bits. */
    DH_512,
    /** Diffie-Hellman in a group of 768 bits (RFC 2409 6.1). */
    DH_768,
    /** Diffie-Hellman in a group of 1,024 bits (RFC 2409 6.2). */
    DH_1024,
    /** Diffie-Hellman in a group of 2,048 bits (RFC 7919 A.1). */
    DH_2048,
    /**
     * Ends once the client has agreed to the version and suite by sending its ClientKeyExchange:
     * for versions that no library still supports. SSLv2 ({@code 0x0002}) ends at the ClientHello.
     */
    HALF_WAY
  }

  /** Copies and checks. */
  public OddTlsBehaviour {
    versions = List.copyOf(versions);
    suites = List.copyOf(suites);
    groups = List.copyOf(groups);
    authorities = List.copyOf(authorities);
    quirks = Set.copyOf(quirks);
    if (versions.isEmpty() || groups.isEmpty()) {
      throw new IllegalArgumentException("a version and a group");
    }
  }

  /** TLS 1.2 and 1.3, all good suites, hybrid and classic groups, a certificate asked for. */
  public static OddTlsBehaviour good() {
    return new OddTlsBehaviour(
        List.of(TLS_1_3, TLS_1_2),
        List.of(),
        List.of(X25519MLKEM768, X25519, P256, P384),
        ClientCertificateRequest.OPTIONAL,
        List.of(),
        Set.of());
  }

  /** The same with these versions only. */
  public OddTlsBehaviour withVersions(Integer... only) {
    return new OddTlsBehaviour(List.of(only), suites, groups, request, authorities, quirks);
  }

  /** The same with these suites only. */
  public OddTlsBehaviour withSuites(Integer... only) {
    return new OddTlsBehaviour(versions, List.of(only), groups, request, authorities, quirks);
  }

  /** The same with these groups only. */
  public OddTlsBehaviour withGroups(Integer... only) {
    return new OddTlsBehaviour(versions, suites, List.of(only), request, authorities, quirks);
  }

  /** The same with another request for a client certificate. */
  public OddTlsBehaviour with(ClientCertificateRequest other, List<String> names) {
    return new OddTlsBehaviour(versions, suites, groups, other, names, quirks);
  }

  /** The same with one more thing wrong. */
  public OddTlsBehaviour with(TlsFault more) {
    EnumSet<TlsFault> all = EnumSet.of(more);
    all.addAll(quirks);
    return new OddTlsBehaviour(versions, suites, groups, request, authorities, all);
  }
}
