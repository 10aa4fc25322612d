package org.sealwax.router.deliver;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Optional;
import org.sealwax.mail.smtp.ScramSha256;

/**
 * The client's side of SCRAM-SHA-256 without channel binding (RFC 5802 section 3, RFC 7677). Proves
 * that we know the password without saying it, and asks the server to prove the same.
 */
final class ScramClient {
  /** RFC 7677 section 4: fewer rounds make the stolen transcript cheap to attack. */
  static final int LEAST_ROUNDS = 4_096;

  /** A server that asks for more wastes our processor time. */
  static final int MOST_ROUNDS = 600_000;

  private static final String GS2 = "n,,";

  private final String password;
  private final String nonce;
  private final String bare;
  private byte[] serverSignature = new byte[0];

  /**
   * For one exchange.
   *
   * @param nonce printable, without comma, unpredictable
   */
  ScramClient(Credentials credentials, String nonce) {
    // SASLprep (RFC 4013) in its effect on passwords people have: compatibility composition.
    this.password = Normalizer.normalize(credentials.password(), Normalizer.Form.NFKC);
    this.nonce = nonce;
    String user = Normalizer.normalize(credentials.user(), Normalizer.Form.NFKC);
    this.bare = "n=" + user.replace("=", "=3D").replace(",", "=2C") + ",r=" + nonce;
  }

  /** client-first-message. */
  String first() {
    return GS2 + bare;
  }

  /** client-final-message, or empty when the server's first message must not be answered. */
  Optional<String> answer(String serverFirst) {
    String[] parts = serverFirst.split(",", -1);
    if (parts.length < 3
        || !parts[0].startsWith("r=")
        || !parts[1].startsWith("s=")
        || !parts[2].startsWith("i=")) {
      return Optional.empty();
    }
    String both = parts[0].substring(2);
    if (!both.startsWith(nonce) || both.length() == nonce.length()) {
      return Optional.empty();
    }
    byte[] salt;
    int rounds;
    try {
      salt = Base64.getDecoder().decode(parts[1].substring(2));
      rounds = Integer.parseInt(parts[2].substring(2));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
    if (salt.length == 0 || rounds < LEAST_ROUNDS || rounds > MOST_ROUNDS) {
      return Optional.empty();
    }
    String withoutProof = "c=" + base64(GS2.getBytes(StandardCharsets.US_ASCII)) + ",r=" + both;
    String transcript = bare + "," + serverFirst + "," + withoutProof;
    byte[] salted = ScramSha256.salted(password, salt, rounds);
    byte[] clientKey = ScramSha256.hmac(salted, "Client Key");
    byte[] proof = ScramSha256.hmac(ScramSha256.hash(clientKey), transcript);
    for (int i = 0; i < proof.length; i++) {
      proof[i] ^= clientKey[i];
    }
    serverSignature = ScramSha256.hmac(ScramSha256.hmac(salted, "Server Key"), transcript);
    return Optional.of(withoutProof + ",p=" + base64(proof));
  }

  /** Whether the server's final message proves that it knows the password's keys. */
  boolean isProven(String serverFinal) {
    if (serverSignature.length == 0 || !serverFinal.startsWith("v=")) {
      return false;
    }
    int comma = serverFinal.indexOf(',');
    String value = serverFinal.substring(2, comma < 0 ? serverFinal.length() : comma);
    try {
      return MessageDigest.isEqual(serverSignature, Base64.getDecoder().decode(value));
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
