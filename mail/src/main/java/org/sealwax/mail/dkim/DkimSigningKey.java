package org.sealwax.mail.dkim;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PrivateKey;
import java.security.interfaces.EdECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Base64;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.tls.Ed25519Key;
import org.sealwax.mail.tls.RsaKey;

/** A private key with the name under which its public key is published. Thread-safe. */
public final class DkimSigningKey {
  private static final String BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String END = "-----END PRIVATE KEY-----";

  /** Characters of a file: an RSA key of 4096 bits has 3,300. */
  public static final int MAX_PEM = 20_000;

  /** Bits of a new RSA key: what RFC 8301 recommends; a longer one signs much slower. */
  public static final int NEW_RSA_BITS = 2_048;

  /** Characters of a line in PEM (RFC 7468 section 2). */
  private static final int PEM_LINE = 64;

  /** Bytes of one string of a TXT record (RFC 1035 section 3.3). */
  private static final int TXT_STRING = 255;

  /** Signs what is fed to it. */
  private sealed interface PrivateHalf {
    record Rsa(RsaKey key, byte[] publicKey) implements PrivateHalf {}

    record Ed25519(Ed25519Key key, byte[] publicKey) implements PrivateHalf {}
  }

  private final Domain domain;
  private final Domain selector;
  private final PrivateHalf half;

  private DkimSigningKey(Domain domain, Domain selector, PrivateHalf half) {
    this.domain = domain;
    this.selector = selector;
    this.half = half;
  }

  /** A key that cannot be used; the text never quotes it. */
  public static final class InvalidKey extends Exception {
    private static final long serialVersionUID = 1L;

    InvalidKey(String reason) {
      super(reason, null, false, false);
    }
  }

  /**
   * {@return the key in a PEM file (PKCS #8, RFC 5208), RSA or Ed25519}
   *
   * @param domain signing domain
   * @param selector below {@code _domainkey}; one or more labels
   * @param pem content of the file
   * @throws InvalidKey when there is no such key, or it is too short or too long
   */
  public static DkimSigningKey parse(Domain domain, Domain selector, String pem) throws InvalidKey {
    if (DkimSignature.keyName(selector, domain).isEmpty()) {
      throw new InvalidKey("the name of the key's record is too long");
    }
    int begin = pem.indexOf(BEGIN);
    int end = pem.indexOf(END, Math.max(begin, 0));
    if (pem.length() > MAX_PEM || begin < 0 || end < 0) {
      throw new InvalidKey("contains no private key in PKCS#8 PEM");
    }
    PKCS8EncodedKeySpec der;
    try {
      String text = TagList.withoutSpace(pem.substring(begin + BEGIN.length(), end));
      der = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      throw new InvalidKey("the private key is not Base64");
    }
    return new DkimSigningKey(domain, selector, half(der));
  }

  /**
   * {@return a new private key in PEM: RSA with {@value #NEW_RSA_BITS} bits, or Ed25519}
   *
   * @param algorithm what it signs by
   */
  public static String generatePem(DkimAlgorithm algorithm) {
    try {
      KeyPairGenerator generator =
          switch (algorithm) {
            case RSA_SHA256 -> {
              KeyPairGenerator rsa = KeyPairGenerator.getInstance("RSA");
              rsa.initialize(NEW_RSA_BITS);
              yield rsa;
            }
            case ED25519_SHA256 -> KeyPairGenerator.getInstance("Ed25519");
          };
      byte[] der = generator.generateKeyPair().getPrivate().getEncoded();
      String text = Base64.getMimeEncoder(PEM_LINE, new byte[] {'\n'}).encodeToString(der);
      return BEGIN + "\n" + text + "\n" + END + "\n";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has it", e);
    }
  }

  private static PrivateHalf half(PKCS8EncodedKeySpec der) throws InvalidKey {
    for (String algorithm : new String[] {"RSA", "Ed25519"}) {
      try {
        KeyFactory keys = KeyFactory.getInstance(algorithm);
        PrivateKey key = keys.generatePrivate(der);
        if (key instanceof RSAPrivateCrtKey rsa) {
          return rsa(keys, rsa);
        }
        if (key instanceof EdECPrivateKey edwards && edwards.getBytes().isPresent()) {
          Ed25519Key quick = new Ed25519Key(edwards.getBytes().get());
          return new PrivateHalf.Ed25519(quick, quick.publicKey());
        }
      } catch (GeneralSecurityException e) {
        // The next algorithm may be that of the key.
      }
    }
    throw new InvalidKey("the private key is neither an RSA key nor an Ed25519 key");
  }

  private static PrivateHalf rsa(KeyFactory keys, RSAPrivateCrtKey rsa)
      throws GeneralSecurityException, InvalidKey {
    int bits = rsa.getModulus().bitLength();
    if (bits < DkimKey.LEAST_BITS || bits > DkimKey.MOST_BITS) {
      throw new InvalidKey(
          "the RSA key has "
              + bits
              + " bits; "
              + DkimKey.LEAST_BITS
              + " to "
              + DkimKey.MOST_BITS
              + " are possible (RFC 8301)");
    }
    byte[] open =
        keys.generatePublic(new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent()))
            .getEncoded();
    return new PrivateHalf.Rsa(new RsaKey(rsa), open);
  }

  /** {@return the signing domain} */
  public Domain domain() {
    return domain;
  }

  /** {@return the selector} */
  public Domain selector() {
    return selector;
  }

  /** {@return the algorithm of its signatures} */
  public DkimAlgorithm algorithm() {
    return switch (half) {
      case PrivateHalf.Rsa _ -> DkimAlgorithm.RSA_SHA256;
      case PrivateHalf.Ed25519 _ -> DkimAlgorithm.ED25519_SHA256;
    };
  }

  /** {@return where the public key is published} */
  public Domain recordName() {
    return DkimSignature.keyName(selector, domain).orElseThrow();
  }

  /** {@return the content of the TXT record that publishes the public key (RFC 6376 3.6.1)} */
  public String record() {
    return "v=DKIM1; k="
        + algorithm().keyType()
        + "; p="
        + Base64.getEncoder().encodeToString(publicKey());
  }

  /**
   * {@return the line of a zone file that publishes the public key: {@link #record} in strings of
   * at most 255 bytes (RFC 6376 section 3.6.2.2)}
   */
  public String zoneLine() {
    String record = record();
    StringBuilder line = new StringBuilder(recordName() + ". TXT");
    for (int at = 0; at < record.length(); at += TXT_STRING) {
      int end = Math.min(record.length(), at + TXT_STRING);
      line.append(" \"").append(record, at, end).append('"');
    }
    return line.toString();
  }

  /** The public half: a SubjectPublicKeyInfo, or the 32 bytes of Ed25519. */
  byte[] publicKey() {
    return switch (half) {
      case PrivateHalf.Rsa(RsaKey _, byte[] open) -> open;
      case PrivateHalf.Ed25519(Ed25519Key _, byte[] open) -> open;
    };
  }

  /** Bytes of one signature. */
  int signatureLength() {
    return switch (half) {
      case PrivateHalf.Rsa(RsaKey key, byte[] _) -> key.signatureLength();
      case PrivateHalf.Ed25519 _ -> 64;
    };
  }

  /** Feeds a hash. */
  @FunctionalInterface
  interface HashedText {
    void to(SignedHeader.HashInput<GeneralSecurityException> hash) throws GeneralSecurityException;
  }

  byte[] sign(HashedText text) throws GeneralSecurityException {
    return switch (half) {
      case PrivateHalf.Rsa(RsaKey key, byte[] _) -> {
        ByteArrayOutputStream all = new ByteArrayOutputStream(2048);
        text.to(all::writeBytes);
        yield key.sign(all.toByteArray());
      }
      case PrivateHalf.Ed25519(Ed25519Key key, byte[] _) -> {
        MessageDigest digest = BodyHash.sha256();
        text.to(digest::update);
        yield key.sign(digest.digest());
      }
    };
  }

  /** The names, without the key. */
  @Override
  public String toString() {
    return recordName() + " (" + algorithm().tag() + ")";
  }
}
