package org.sealwax.mail.tls;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import java.util.Optional;

/**
 * The SubjectPublicKeyInfo of a certificate as it stands there (RFC 5280 4.1), to the byte: a key
 * object of the JDK encodes itself again, and what others hashed is what was sent.
 */
final class SpkiBytes {
  private static final int SEQUENCE = 0x30;

  /** The explicit version, which a version 1 certificate leaves out. */
  private static final int VERSION = 0xa0;

  /** serialNumber, signature, issuer, validity, subject. */
  private static final int BEFORE_KEY = 5;

  /** Kinds of keys that can sign certificates, as the JDK names them. */
  private static final List<String> KINDS =
      List.of("RSA", "EC", "EdDSA", "RSASSA-PSS", "DSA", "ML-DSA");

  private SpkiBytes() {}

  /** The bytes; empty when the certificate's own encoding cannot be parsed. */
  static Optional<byte[]> of(X509Certificate certificate) {
    try {
      ByteBuffer tbs = inside(ByteBuffer.wrap(certificate.getTBSCertificate()));
      if (tbs.hasRemaining() && (tbs.get(tbs.position()) & 0xff) == VERSION) {
        next(tbs);
      }
      for (int i = 0; i < BEFORE_KEY; i++) {
        next(tbs);
      }
      ByteBuffer key = next(tbs);
      byte[] bytes = new byte[key.remaining()];
      key.get(bytes);
      return Optional.of(bytes);
    } catch (CertificateEncodingException | IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** The key that these bytes describe; empty when they describe none that can sign. */
  static Optional<PublicKey> key(byte[] bytes) {
    X509EncodedKeySpec spec = new X509EncodedKeySpec(bytes);
    for (String kind : KINDS) {
      try {
        return Optional.of(KeyFactory.getInstance(kind).generatePublic(spec));
      } catch (GeneralSecurityException | RuntimeException e) {
        // Not of this kind; malformed bytes may also cause exceptions in the JDK.
      }
    }
    return Optional.empty();
  }

  /** What is inside the one sequence that these bytes are. */
  private static ByteBuffer inside(ByteBuffer der) {
    if (!der.hasRemaining() || (der.get(der.position()) & 0xff) != SEQUENCE) {
      throw new IllegalArgumentException("no sequence");
    }
    ByteBuffer whole = der.slice();
    whole.get();
    int length = length(whole);
    return whole.slice(whole.position(), length);
  }

  /** The next element with its tag and length; moves to its end. */
  private static ByteBuffer next(ByteBuffer der) {
    int start = der.position();
    if (!der.hasRemaining()) {
      throw new IllegalArgumentException("the end");
    }
    der.get();
    int length = length(der);
    int end = der.position() + length;
    ByteBuffer element = der.slice(start, end - start);
    der.position(end);
    return element;
  }

  /** A definite length of at most three bytes that fits into the remaining bytes. */
  private static int length(ByteBuffer der) {
    if (!der.hasRemaining()) {
      throw new IllegalArgumentException("no length");
    }
    int first = der.get() & 0xff;
    int length = first;
    if (first >= 0x80) {
      int bytes = first & 0x7f;
      if (bytes < 1 || bytes > 3 || der.remaining() < bytes) {
        throw new IllegalArgumentException("length");
      }
      length = 0;
      for (int i = 0; i < bytes; i++) {
        length = (length << 8) | (der.get() & 0xff);
      }
    }
    if (length > der.remaining()) {
      throw new IllegalArgumentException("too long");
    }
    return length;
  }
}
