package org.sealwax.router.deliver;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The client's side of SCRAM-SHA-256 without channel binding (RFC 5802 section 3, RFC 7677). Proves
 * that we know the password without saying it, and asks the server to prove the same.
 */
final class ScramClient {
  /** RFC 7677 section 4: fewer rounds make the stolen transcript cheap to attack. */
  static final int LEAST_ROUNDS = 4_096;

  /** A server that asks for more wants our processor, not our proof. */
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
    byte[] transcript =
        (bare + "," + serverFirst + "," + withoutProof).getBytes(StandardCharsets.UTF_8);
    byte[] salted = salted(salt, rounds);
    byte[] clientKey = hmac(salted, "Client Key".getBytes(StandardCharsets.US_ASCII));
    byte[] proof = hmac(sha256(clientKey), transcript);
    for (int i = 0; i < proof.length; i++) {
      proof[i] ^= clientKey[i];
    }
    byte[] serverKey = hmac(salted, "Server Key".getBytes(StandardCharsets.US_ASCII));
    serverSignature = hmac(serverKey, transcript);
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

  private byte[] salted(byte[] salt, int rounds) {
    byte[] key = password.getBytes(StandardCharsets.UTF_8);
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      // HMAC pads its key with zeros, so an empty password equals a zero byte, which it takes.
      mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, "HmacSHA256"));
      mac.update(salt);
      byte[] u = mac.doFinal(new byte[] {0, 0, 0, 1});
      byte[] out = u.clone();
      for (int i = 1; i < rounds; i++) {
        mac.update(u);
        mac.doFinal(u, 0);
        for (int j = 0; j < out.length; j++) {
          out[j] ^= u[j];
        }
      }
      return out;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  private static byte[] hmac(byte[] key, byte[] text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }

  private static byte[] sha256(byte[] input) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(input);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }
}
