package org.sealwax.router.receive.auth;

import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.smtp.ScramSha256;

/**
 * The stored form of a password: enough to check it, not enough to log in with (RFC 5802 section
 * 3).
 */
final class ScramKeys {
  /** RFC 7677 section 4: at least 4096. */
  static final int MIN_ITERATIONS = 4096;

  /** A bound on what one PLAIN attempt may cost us: about a second. */
  static final int MAX_ITERATIONS = 2_000_000;

  /** New lines: some ten milliseconds for PLAIN, and five times the RFC's minimum. */
  static final int ITERATIONS = 20_000;

  /** Bytes of a new salt. */
  static final int SALT = 16;

  /** Bytes of a salt that is read, at most. */
  static final int MAX_SALT = 64;

  private static final String SCHEME = "{SCRAM-SHA-256}";
  private static final int KEY = 32;

  private final int iterations;
  private final byte[] salt;
  private final byte[] storedKey;
  private final byte[] serverKey;

  ScramKeys(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {
    this.iterations = iterations;
    this.salt = salt;
    this.storedKey = storedKey;
    this.serverKey = serverKey;
  }

  /** Keys of a password that {@link SaslPrep} has prepared. */
  static ScramKeys of(String password, byte[] salt, int iterations) {
    byte[] salted = ScramSha256.salted(password, salt, iterations);
    byte[] clientKey = ScramSha256.hmac(salted, "Client Key");
    return new ScramKeys(
        iterations, salt, ScramSha256.hash(clientKey), ScramSha256.hmac(salted, "Server Key"));
  }

  /** Keys with a salt of their own. */
  static ScramKeys of(String password, RandomSource random) {
    return of(password, random.bytes(SALT), ITERATIONS);
  }

  /** Reads {@code {SCRAM-SHA-256}iterations,salt,storedkey,serverkey}. */
  static Optional<ScramKeys> parse(String text) {
    if (!text.startsWith(SCHEME)) {
      return Optional.empty();
    }
    String[] parts = text.substring(SCHEME.length()).split(",", -1);
    if (parts.length != 4) {
      return Optional.empty();
    }
    try {
      int iterations = Integer.parseInt(parts[0]);
      byte[] salt = Base64.getDecoder().decode(parts[1]);
      byte[] stored = Base64.getDecoder().decode(parts[2]);
      byte[] server = Base64.getDecoder().decode(parts[3]);
      boolean sound =
          iterations >= MIN_ITERATIONS
              && iterations <= MAX_ITERATIONS
              && salt.length > 0
              && salt.length <= MAX_SALT
              && stored.length == KEY
              && server.length == KEY;
      return sound
          ? Optional.of(new ScramKeys(iterations, salt, stored, server))
          : Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  int iterations() {
    return iterations;
  }

  byte[] salt() {
    return salt.clone();
  }

  /** Whether this is the prepared password; the same time of any kind. */
  boolean isOf(String password) {
    byte[] clientKey =
        ScramSha256.hmac(ScramSha256.salted(password, salt, iterations), "Client Key");
    return MessageDigest.isEqual(ScramSha256.hash(clientKey), storedKey);
  }

  /** Whether the proof shows knowledge of the password for this AuthMessage (RFC 5802 3). */
  boolean isProof(byte[] proof, String authMessage) {
    if (proof.length != KEY) {
      return false;
    }
    byte[] clientKey = ScramSha256.hmac(storedKey, authMessage);
    for (int i = 0; i < KEY; i++) {
      clientKey[i] ^= proof[i];
    }
    return MessageDigest.isEqual(ScramSha256.hash(clientKey), storedKey);
  }

  /** Our own proof to the client. */
  byte[] serverSignature(String authMessage) {
    return ScramSha256.hmac(serverKey, authMessage);
  }

  /** The form that {@link #parse} reads. */
  String line() {
    Base64.Encoder base64 = Base64.getEncoder();
    return SCHEME
        + iterations
        + ","
        + base64.encodeToString(salt)
        + ","
        + base64.encodeToString(storedKey)
        + ","
        + base64.encodeToString(serverKey);
  }

  /** Names the scheme and nothing of the keys. */
  @Override
  public String toString() {
    return SCHEME;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ScramKeys k
        && iterations == k.iterations
        && Arrays.equals(salt, k.salt)
        && MessageDigest.isEqual(storedKey, k.storedKey)
        && MessageDigest.isEqual(serverKey, k.serverKey);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(salt);
  }
}
