package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.sealwax.mail.net.RegularFile;

/**
 * The key of an account as text: private and public part in PEM, as an account has no certificate.
 */
final class AccountKeyText {
  private static final int MAX_FILE = 16_384;

  private AccountKeyText() {}

  private enum Part {
    PRIVATE,
    PUBLIC;

    private String block(byte[] der) {
      return begin()
          + "\n"
          + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
          + "\n"
          + end()
          + "\n";
    }

    private byte[] in(String text) {
      int from = text.indexOf(begin());
      int to = text.indexOf(end());
      if (from < 0 || to < from) {
        throw new IllegalArgumentException("no " + this);
      }
      return Base64.getMimeDecoder().decode(text.substring(from + begin().length(), to));
    }

    private String begin() {
      return "-----BEGIN " + this + " KEY-----";
    }

    private String end() {
      return "-----END " + this + " KEY-----";
    }
  }

  static String of(KeyPair key) {
    return Part.PRIVATE.block(key.getPrivate().getEncoded())
        + Part.PUBLIC.block(key.getPublic().getEncoded());
  }

  static KeyPair read(Path file) throws IOException {
    String text = RegularFile.text(file, StandardCharsets.ISO_8859_1, MAX_FILE);
    try {
      KeyFactory factory = KeyFactory.getInstance("EC");
      return new KeyPair(
          factory.generatePublic(new X509EncodedKeySpec(Part.PUBLIC.in(text))),
          factory.generatePrivate(new PKCS8EncodedKeySpec(Part.PRIVATE.in(text))));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(file + ": not an account key; without the file a new one is made", e);
    }
  }
}
