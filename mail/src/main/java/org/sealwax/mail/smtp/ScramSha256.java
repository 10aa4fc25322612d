package org.sealwax.mail.smtp;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** The functions of SCRAM-SHA-256 that client and server share (RFC 5802 section 2.2, RFC 7677). */
public final class ScramSha256 {
  private ScramSha256() {}

  /**
   * Hi(): PBKDF2 with one block (RFC 8018 5.2), of a password in UTF-8.
   *
   * @param password prepared by SASLprep
   * @param salt of the user
   * @param iterations from the server, 1 at least
   * @return SaltedPassword, 32 bytes
   */
  public static byte[] salted(String password, byte[] salt, int iterations) {
    byte[] key = password.getBytes(StandardCharsets.UTF_8);
    try {
      // HMAC pads its key with zeros, so an empty password equals a zero byte, which it takes.
      Mac mac = mac(key.length == 0 ? new byte[1] : key);
      mac.update(salt);
      byte[] u = mac.doFinal(new byte[] {0, 0, 0, 1});
      byte[] out = u.clone();
      for (int i = 1; i < iterations; i++) {
        mac.update(u);
        mac.doFinal(u, 0);
        for (int k = 0; k < out.length; k++) {
          out[k] ^= u[k];
        }
      }
      return out;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  /**
   * HMAC() of a text in UTF-8.
   *
   * @param key of any length but 0
   * @param text the message
   * @return 32 bytes
   */
  public static byte[] hmac(byte[] key, String text) {
    try {
      return mac(key).doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HmacSHA256", e);
    }
  }

  private static Mac mac(byte[] key) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return mac;
  }

  /**
   * H(): SHA-256.
   *
   * @param bytes the message
   * @return 32 bytes
   */
  public static byte[] hash(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
