package org.sealwax.router.receipts;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.store.StateFiles;

/** Our key that signs the head of the chain: Ed25519 (RFC 8032), made at the first start. */
final class SigningKey {
  private static final String ALGORITHM = "Ed25519";
  private static final int MAX_FILE = 4_096;

  private final PrivateKey secret;
  private final String open;

  private SigningKey(PrivateKey secret, String open) {
    this.secret = secret;
    this.open = open;
  }

  /** Reads the key in {@code folder}, or makes one. */
  static SigningKey in(Path folder) throws IOException {
    Path file = folder.resolve("key");
    try {
      if (!Files.exists(file)) {
        make(file);
      }
      String[] lines = RegularFile.text(file, StandardCharsets.US_ASCII, MAX_FILE).split("\n", -1);
      if (lines.length < 2) {
        throw new IOException("the key of the receipts, " + file + ", is damaged");
      }
      byte[] bytes = Base64.getDecoder().decode(lines[0]);
      PrivateKey secret =
          KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(bytes));
      key(lines[1]);
      return new SigningKey(secret, lines[1]);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException("the key of the receipts, " + file + ", is damaged", e);
    }
  }

  private static void make(Path file) throws IOException, GeneralSecurityException {
    KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    Base64.Encoder base64 = Base64.getEncoder();
    String text =
        base64.encodeToString(pair.getPrivate().getEncoded())
            + "\n"
            + base64.encodeToString(pair.getPublic().getEncoded())
            + "\n";
    StateFiles.replace(file, out -> out.write(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static PublicKey key(String base64) throws GeneralSecurityException {
    return KeyFactory.getInstance(ALGORITHM)
        .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(base64)));
  }

  /** The public key, SubjectPublicKeyInfo in base64. */
  String open() {
    return open;
  }

  String sign(String text) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(secret);
      signature.update(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(signature.sign());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
  }

  /**
   * Whether {@code signature} of {@code text} was made by the key {@code open}; false for nonsense.
   */
  static boolean verifies(String open, String text, String signature) {
    try {
      Signature check = Signature.getInstance(ALGORITHM);
      check.initVerify(key(open));
      check.update(text.getBytes(StandardCharsets.UTF_8));
      return check.verify(Base64.getDecoder().decode(signature));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      return false;
    }
  }
}
