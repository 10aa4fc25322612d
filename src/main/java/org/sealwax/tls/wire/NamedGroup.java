package org.sealwax.tls.wire;

import java.util.Locale;

/** Names of key exchange groups (IANA "TLS Supported Groups"). */
public final class NamedGroup {
  /** X25519 with ML-KEM-768 (RFC 9794 vocabulary; draft-ietf-tls-ecdhe-mlkem). */
  public static final int X25519MLKEM768 = 0x11ec;

  /** x25519. */
  public static final int X25519 = 29;

  private NamedGroup() {}

  /** The IANA name, or {@code 0x1234} for a number without one here. */
  public static String name(int id) {
    return switch (id) {
      case 19 -> "secp192r1";
      case 21 -> "secp224r1";
      case 22 -> "secp256k1";
      case 23 -> "secp256r1";
      case 24 -> "secp384r1";
      case 25 -> "secp521r1";
      case 26 -> "brainpoolP256r1";
      case 27 -> "brainpoolP384r1";
      case 28 -> "brainpoolP512r1";
      case X25519 -> "x25519";
      case 30 -> "x448";
      case 31 -> "brainpoolP256r1tls13";
      case 32 -> "brainpoolP384r1tls13";
      case 33 -> "brainpoolP512r1tls13";
      case 256 -> "ffdhe2048";
      case 257 -> "ffdhe3072";
      case 258 -> "ffdhe4096";
      case 259 -> "ffdhe6144";
      case 260 -> "ffdhe8192";
      case 512 -> "MLKEM512";
      case 513 -> "MLKEM768";
      case 514 -> "MLKEM1024";
      case 0x11eb -> "SecP256r1MLKEM768";
      case X25519MLKEM768 -> "X25519MLKEM768";
      case 0x11ed -> "SecP384r1MLKEM1024";
      case 0x6399 -> "X25519Kyber768Draft00";
      default -> String.format(Locale.ROOT, "0x%04x", id);
    };
  }
}
