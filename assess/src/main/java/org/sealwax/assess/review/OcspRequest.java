package org.sealwax.assess.review;

import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Optional;

/** An OCSP request for one certificate, without nonce and signature (RFC 6960 4.1.1). */
final class OcspRequest {
  private static final int SEQUENCE = 0x30;
  private static final int BIT_STRING = 0x03;

  /** SHA-1, with NULL parameters: what every responder knows as CertID hash; no security in it. */
  private static final byte[] SHA1 = {SEQUENCE, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0};

  private OcspRequest() {}

  /** The request in DER; empty when the issuer's key cannot be read. */
  static Optional<byte[]> of(X509Certificate leaf, X509Certificate issuer) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-1");
      byte[] name = sha.digest(leaf.getIssuerX500Principal().getEncoded());
      Optional<byte[]> bits = keyBits(issuer.getPublicKey().getEncoded());
      if (bits.isEmpty()) {
        return Optional.empty();
      }
      byte[] key = sha.digest(bits.get());
      byte[] id =
          wrap(
              SEQUENCE,
              join(
                  SHA1,
                  wrap(0x04, name),
                  wrap(0x04, key),
                  wrap(0x02, leaf.getSerialNumber().toByteArray())));
      byte[] request = wrap(SEQUENCE, id);
      return Optional.of(wrap(SEQUENCE, wrap(SEQUENCE, wrap(SEQUENCE, request))));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("each Java has SHA-1", e);
    }
  }

  /** The value of subjectPublicKey: what the BIT STRING holds, without its unused-bits byte. */
  private static Optional<byte[]> keyBits(byte[] spki) {
    int at = afterHeader(spki, 0);
    if (at < 0 || at >= spki.length) {
      return Optional.empty();
    }
    int algorithm = afterHeader(spki, at);
    int next = algorithm < 0 ? -1 : algorithm + length(spki, at);
    if (next < 0 || next >= spki.length || spki[next] != BIT_STRING) {
      return Optional.empty();
    }
    int content = afterHeader(spki, next);
    int end = content + length(spki, next);
    return content < 0 || end > spki.length || content + 1 > end
        ? Optional.empty()
        : Optional.of(Arrays.copyOfRange(spki, content + 1, end));
  }

  private static int afterHeader(byte[] der, int at) {
    if (at + 2 > der.length) {
      return -1;
    }
    int first = der[at + 1] & 0xff;
    return first < 0x80 ? at + 2 : at + 2 + (first & 0x7f);
  }

  private static int length(byte[] der, int at) {
    int first = der[at + 1] & 0xff;
    if (first < 0x80) {
      return first;
    }
    int length = 0;
    for (int i = 0; i < (first & 0x7f) && at + 2 + i < der.length && i < 4; i++) {
      length = length << 8 | der[at + 2 + i] & 0xff;
    }
    return length;
  }

  private static byte[] wrap(int tag, byte[] content) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (content.length < 0x80) {
      out.write(content.length);
    } else if (content.length < 0x100) {
      out.write(0x81);
      out.write(content.length);
    } else {
      out.write(0x82);
      out.write(content.length >> 8);
      out.write(content.length);
    }
    out.writeBytes(content);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }
}
