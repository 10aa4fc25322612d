package org.sealwax.mail.tls;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/** PEM files (RFC 7468): certificates and private keys in the forms that admins have. */
final class Pem {
  /** Certificates in one file: a system's bundle of roots has about 150. */
  private static final int MAX_CERTIFICATES = 2_000;

  private Pem() {}

  private record PemBlock(String label, String body) {
    /** The file is being written, or was cut off: its first blocks are not used either. */
    static final PemBlock INCOMPLETE = new PemBlock("", "");
  }

  /** Where the text ends inside a block, that one is {@link PemBlock#INCOMPLETE}. */
  private static List<PemBlock> blocks(String text) {
    List<PemBlock> out = new ArrayList<>();
    int at = 0;
    while (out.size() < MAX_CERTIFICATES) {
      int begin = text.indexOf("-----BEGIN ", at);
      if (begin < 0) {
        break;
      }
      int labelEnd = text.indexOf("-----", begin + 11);
      if (labelEnd < 0) {
        out.add(PemBlock.INCOMPLETE);
        break;
      }
      String label = text.substring(begin + 11, labelEnd);
      int end = text.indexOf("-----END " + label + "-----", labelEnd + 5);
      if (end < 0) {
        out.add(PemBlock.INCOMPLETE);
        break;
      }
      out.add(new PemBlock(label, text.substring(labelEnd + 5, end)));
      at = end + 9;
    }
    return out;
  }

  private static Identity.InvalidIdentity incomplete(String file) {
    return new Identity.InvalidIdentity(file + ": ends inside a PEM block");
  }

  private static byte[] decode(PemBlock block, String file) throws Identity.InvalidIdentity {
    try {
      return Base64.getMimeDecoder().decode(block.body());
    } catch (IllegalArgumentException e) {
      throw new Identity.InvalidIdentity(file + ": the " + block.label() + " is not Base64", e);
    }
  }

  static X509Certificate certificate(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  static List<X509Certificate> certificates(String text, String file)
      throws Identity.InvalidIdentity {
    List<X509Certificate> out = new ArrayList<>();
    for (PemBlock block : blocks(text)) {
      if (block.equals(PemBlock.INCOMPLETE)) {
        throw incomplete(file);
      }
      if (block.label().equals("CERTIFICATE") || block.label().equals("X509 CERTIFICATE")) {
        try {
          out.add(certificate(decode(block, file)));
        } catch (CertificateException e) {
          throw new Identity.InvalidIdentity(
              file + ": certificate " + (out.size() + 1) + " cannot be read", e);
        }
      }
    }
    return out;
  }

  /**
   * The first private key of the file.
   *
   * @param open the key it should belong to: PKCS#1 and SEC1 leave out what its algorithm
   *     identifier states
   */
  static PrivateKey key(String text, String file, PublicKey open) throws Identity.InvalidIdentity {
    for (PemBlock block : blocks(text)) {
      if (block.equals(PemBlock.INCOMPLETE)) {
        throw incomplete(file);
      }
      switch (block.label()) {
        case "ENCRYPTED PRIVATE KEY" ->
            throw new Identity.InvalidIdentity(
                file + ": the key is encrypted; store it without passphrase");
        case "PRIVATE KEY" -> {
          return pkcs8(decode(block, file), file);
        }
        case "RSA PRIVATE KEY", "EC PRIVATE KEY" -> {
          if (block.body().contains("ENCRYPTED")) {
            throw new Identity.InvalidIdentity(
                file + ": the key is encrypted; store it without passphrase");
          }
          String algorithm = block.label().substring(0, block.label().indexOf(' '));
          if (!open.getAlgorithm().equals(algorithm)) {
            throw new Identity.InvalidIdentity(
                file + ": the key is " + algorithm + ", the certificate " + open.getAlgorithm());
          }
          return pkcs8(wrap(decode(block, file), open), file);
        }
        default -> {
          // Certificates, EC PARAMETERS and the like may stand in the same file.
        }
      }
    }
    throw new Identity.InvalidIdentity(file + ": contains no private key");
  }

  private static PrivateKey pkcs8(byte[] der, String file) throws Identity.InvalidIdentity {
    GeneralSecurityException last = new GeneralSecurityException("no key factory");
    for (String algorithm : List.of("EC", "RSA", "EdDSA", "RSASSA-PSS")) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(der));
      } catch (GeneralSecurityException e) {
        last = e;
      }
    }
    throw new Identity.InvalidIdentity(file + ": the private key cannot be read", last);
  }

  /** PKCS#8 (RFC 5208 5) around a bare key, with the algorithm identifier of the public one. */
  private static byte[] wrap(byte[] bare, PublicKey open) {
    byte[] spki = open.getEncoded();
    int inner = 1 + lengthBytes(spki, 1);
    int algorithmEnd = inner + 1 + lengthBytes(spki, inner + 1) + length(spki, inner + 1);
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(new byte[] {2, 1, 0});
    body.writeBytes(Arrays.copyOfRange(spki, inner, algorithmEnd));
    body.writeBytes(tlv(4, bare));
    return tlv(0x30, body.toByteArray());
  }

  private static int lengthBytes(byte[] der, int at) {
    return der[at] >= 0 ? 1 : 1 + (der[at] & 0x7f);
  }

  private static int length(byte[] der, int at) {
    if (der[at] >= 0) {
      return der[at];
    }
    int value = 0;
    for (int i = 1; i <= (der[at] & 0x7f); i++) {
      value = value << 8 | (der[at + i] & 0xff);
    }
    return value;
  }

  private static byte[] tlv(int tag, byte[] value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(tag);
    if (value.length < 0x80) {
      out.write(value.length);
    } else if (value.length < 0x100) {
      out.writeBytes(new byte[] {(byte) 0x81, (byte) value.length});
    } else {
      out.writeBytes(new byte[] {(byte) 0x82, (byte) (value.length >> 8), (byte) value.length});
    }
    out.writeBytes(value);
    return out.toByteArray();
  }

  /** One PEM block with lines of 64 characters. */
  static String encode(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }
}
