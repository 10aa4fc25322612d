package org.sealwax.mail.tls.wire;

import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Builds the unencrypted messages of a server, valid or invalid: for servers that no engine would
 * make. Messages have their handshake header and want records around them ({@link Records}).
 * Signatures come from the caller.
 */
public final class ServerWriter {
  private ServerWriter() {}

  /**
   * ServerHello before TLS 1.3 (RFC 5246 7.4.1.3).
   *
   * @param random 32 bytes
   * @param extensions as {@link #extension} makes them, one after the other; empty for no field
   */
  public static byte[] hello(
      int version, byte[] random, byte[] sessionId, int suite, int compression, byte[] extensions) {
    PresentationWriter body =
        new PresentationWriter()
            .number(2, version)
            .bytes(random)
            .vector(1, sessionId)
            .number(2, suite)
            .number(1, compression);
    if (extensions.length > 0) {
      body.vector(2, extensions);
    }
    return PresentationWriter.handshake(2, body.done());
  }

  /** One extension of a ServerHello. */
  public static byte[] extension(int type, byte... body) {
    return new PresentationWriter().number(2, type).vector(2, body).done();
  }

  /**
   * HelloRetryRequest (RFC 8446 4.1.4).
   *
   * @param group asked for, or -1 for none
   */
  public static byte[] retry(byte[] sessionId, int suite, int group) {
    PresentationWriter extensions =
        new PresentationWriter()
            .bytes(
                extension(
                    ClientHelloBuilder.SUPPORTED_VERSIONS,
                    new PresentationWriter().number(2, Records.TLS13).done()));
    if (group >= 0) {
      extensions.bytes(
          extension(
              ClientHelloBuilder.KEY_SHARE, new PresentationWriter().number(2, group).done()));
    }
    return hello(
        Records.TLS12,
        java.util.HexFormat.of().parseHex(ServerReader.RETRY_RANDOM),
        sessionId,
        suite,
        0,
        extensions.done());
  }

  /** Certificate before TLS 1.3 (RFC 5246 7.4.2), leaf first. */
  public static byte[] certificates(List<byte[]> chain) {
    PresentationWriter all = new PresentationWriter();
    chain.forEach(der -> all.vector(3, der));
    return PresentationWriter.handshake(11, new PresentationWriter().vector(3, all.done()).done());
  }

  /** CertificateStatus with an OCSP response (RFC 6066 8). */
  public static byte[] staple(byte[] response) {
    return PresentationWriter.handshake(
        22, new PresentationWriter().number(1, 1).vector(3, response).done());
  }

  /**
   * ServerKeyExchange on a named curve (RFC 8422 5.4).
   *
   * @param scheme that signs, or -1 where none is named (before TLS 1.2, anonymous)
   * @param signature of the parameters as given to it (with both randoms before them, which the
   *     caller knows), or null for an anonymous exchange
   */
  public static byte[] curve(
      int group, byte[] point, int scheme, @Nullable UnaryOperator<byte[]> signature) {
    byte[] parameters =
        new PresentationWriter().number(1, 3).number(2, group).vector(1, point).done();
    return exchange(parameters, scheme, signature);
  }

  /** ServerKeyExchange in a finite field (RFC 5246 7.4.3); otherwise like {@link #curve}. */
  public static byte[] field(
      byte[] prime,
      byte[] generator,
      byte[] value,
      int scheme,
      @Nullable UnaryOperator<byte[]> signature) {
    byte[] parameters =
        new PresentationWriter().vector(2, prime).vector(2, generator).vector(2, value).done();
    return exchange(parameters, scheme, signature);
  }

  /** ServerKeyExchange with a short RSA key (RFC 2246 7.4.3). */
  public static byte[] exportKey(
      byte[] modulus, byte[] exponent, @Nullable UnaryOperator<byte[]> signature) {
    return exchange(
        new PresentationWriter().vector(2, modulus).vector(2, exponent).done(), -1, signature);
  }

  private static byte[] exchange(
      byte[] parameters, int scheme, @Nullable UnaryOperator<byte[]> signature) {
    PresentationWriter body = new PresentationWriter().bytes(parameters);
    if (signature != null) {
      if (scheme >= 0) {
        body.number(2, scheme);
      }
      body.vector(2, signature.apply(parameters));
    }
    return PresentationWriter.handshake(12, body.done());
  }

  /**
   * CertificateRequest before TLS 1.3 (RFC 5246 7.4.4).
   *
   * @param schemes empty for a version before TLS 1.2, which has no such field
   * @param authorities distinguished names in DER
   */
  public static byte[] request(
      List<Integer> types, List<Integer> schemes, List<byte[]> authorities) {
    PresentationWriter kinds = new PresentationWriter();
    types.forEach(type -> kinds.number(1, type));
    PresentationWriter body = new PresentationWriter().vector(1, kinds.done());
    if (!schemes.isEmpty()) {
      body.numbers(2, schemes);
    }
    PresentationWriter names = new PresentationWriter();
    authorities.forEach(name -> names.vector(2, name));
    return PresentationWriter.handshake(13, body.vector(2, names.done()).done());
  }

  /** ServerHelloDone. */
  public static byte[] done() {
    return PresentationWriter.handshake(14, new byte[0]);
  }
}
