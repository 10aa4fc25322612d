package org.sealwax.mail.tls.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A cipher suite: its number and name are data ({@code suites.tsv}, from IANA "TLS Cipher Suites"),
 * everything else follows from the name by rule.
 *
 * @param id number on the wire
 * @param name as IANA writes it; suites that were never registered have the name of their draft
 * @param registered whether IANA has it
 * @param exchange how the key is agreed
 * @param authentication how the server is authenticated
 * @param bulk the cipher
 * @param mode how the cipher is used
 * @param bits effective bits of the key: 0 for NULL, 112 for 3DES
 * @param export whether it was weakened for export (RFC 2246 appendix D)
 */
public record TlsSuite(
    int id,
    String name,
    boolean registered,
    Exchange exchange,
    Authentication authentication,
    Bulk bulk,
    Mode mode,
    int bits,
    boolean export) {
  /** How the key is agreed. */
  public enum Exchange {
    /** TLS 1.3: not part of the suite. */
    ANY,
    /** The client encrypts to the certificate's key. */
    RSA,
    /** Diffie-Hellman with the key in the certificate. */
    DH,
    /** Ephemeral Diffie-Hellman in a finite field. */
    DHE,
    /** Diffie-Hellman on a curve with the key in the certificate. */
    ECDH,
    /** Ephemeral Diffie-Hellman on a curve. */
    ECDHE,
    /** A shared secret alone. */
    PSK,
    /** A shared secret and an ephemeral exchange. */
    DHE_PSK,
    /** A shared secret and RSA. */
    RSA_PSK,
    /** Kerberos. */
    KRB5,
    /** Secure remote password. */
    SRP,
    /** GOST R 34.10. */
    GOST,
    /** None, or an experimental one. */
    OTHER
  }

  /** How the server is authenticated. */
  public enum Authentication {
    /** TLS 1.3: not part of the suite. */
    ANY,
    /** An RSA key. */
    RSA,
    /** A DSA key. */
    DSS,
    /** An ECDSA or EdDSA key. */
    ECDSA,
    /** Not at all. */
    ANONYMOUS,
    /** By a secret or ticket both know, or by a GOST key. */
    OTHER
  }

  /** The cipher. */
  public enum Bulk {
    /** No encryption. */
    NULL,
    /** RC2. */
    RC2,
    /** RC4. */
    RC4,
    /** DES with 56 or 40 bits. */
    DES,
    /** Three keys of DES. */
    TRIPLE_DES,
    /** IDEA. */
    IDEA,
    /** SEED. */
    SEED,
    /** AES. */
    AES,
    /** Camellia. */
    CAMELLIA,
    /** ARIA. */
    ARIA,
    /** ChaCha20. */
    CHACHA20,
    /** SM4. */
    SM4,
    /** Kuznyechik, 128-bit blocks. */
    KUZNYECHIK,
    /** Magma and GOST 28147, 64-bit blocks. */
    MAGMA,
    /** AEGIS. */
    AEGIS
  }

  /** How the cipher is used. */
  public enum Mode {
    /** No cipher, only a checksum. */
    NONE,
    /** A stream cipher with a MAC. */
    STREAM,
    /** Blocks chained, MAC then encrypt: Lucky 13, POODLE and BEAST attack these. */
    CBC,
    /** Authenticated encryption. */
    AEAD
  }

  /** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 3.3): a signal, no suite. */
  public static final int RENEGOTIATION_SCSV = 0x00ff;

  /** TLS_FALLBACK_SCSV (RFC 7507): a signal, no suite. */
  public static final int FALLBACK_SCSV = 0x5600;

  private static final Map<Integer, TlsSuite> TABLE = new HashMap<>();
  private static final List<TlsSuite> ALL = load();

  private static List<TlsSuite> load() {
    List<TlsSuite> all = new ArrayList<>();
    for (String[] row : RegistryTable.of("suites.tsv")) {
      TlsSuite suite = named(Integer.parseInt(row[0], 16), row[1], row[2].equals("iana"));
      all.add(suite);
      TABLE.put(suite.id, suite);
    }
    return List.copyOf(all);
  }

  /** All suites of the table, by number. */
  public static List<TlsSuite> all() {
    return ALL;
  }

  /** The suite with this number; empty for signals, GREASE and unassigned numbers. */
  public static Optional<TlsSuite> of(int id) {
    return Optional.ofNullable(TABLE.get(id));
  }

  /** The name, or {@code 0x1234} of a number without one. */
  public static String name(int id) {
    TlsSuite suite = TABLE.get(id);
    return suite == null ? String.format(Locale.ROOT, "0x%04x", id) : suite.name;
  }

  /** Derives everything from the name. */
  static TlsSuite named(int id, String name, boolean registered) {
    int with = name.indexOf("_WITH_");
    String before = with < 0 ? "" : name.substring(4, with);
    String after = with < 0 ? name.substring(4) : name.substring(with + 6);
    Bulk bulk = with < 0 && after.startsWith("SHA") ? Bulk.NULL : bulk(after);
    return new TlsSuite(
        id,
        name,
        registered,
        with < 0 ? Exchange.ANY : exchange(before),
        with < 0 ? Authentication.ANY : authentication(before),
        bulk,
        mode(bulk, after),
        bits(bulk, after),
        before.contains("EXPORT"));
  }

  private static Exchange exchange(String before) {
    List<String> words = Arrays.asList(before.split("_"));
    boolean psk = words.contains("PSK");
    if (words.contains("DHE") || words.contains("ECDHE")) {
      return psk ? Exchange.DHE_PSK : words.contains("DHE") ? Exchange.DHE : Exchange.ECDHE;
    }
    if (words.contains("anon")) {
      // Both sides' keys are made for the one connection.
      return words.contains("DH") ? Exchange.DHE : Exchange.ECDHE;
    }
    if (psk) {
      return words.contains("RSA") ? Exchange.RSA_PSK : Exchange.PSK;
    }
    return switch (words.getFirst()) {
      case "RSA" -> Exchange.RSA;
      case "DH" -> Exchange.DH;
      case "ECDH" -> Exchange.ECDH;
      case "KRB5" -> Exchange.KRB5;
      case "SRP" -> Exchange.SRP;
      default -> before.startsWith("GOST") ? Exchange.GOST : Exchange.OTHER;
    };
  }

  private static Authentication authentication(String before) {
    List<String> words = Arrays.asList(before.split("_"));
    if (words.contains("anon")) {
      return Authentication.ANONYMOUS;
    }
    if (words.contains("ECDSA")) {
      return Authentication.ECDSA;
    }
    if (words.contains("DSS")) {
      return Authentication.DSS;
    }
    return words.contains("RSA") ? Authentication.RSA : Authentication.OTHER;
  }

  private static Bulk bulk(String after) {
    int end = after.indexOf('_');
    return switch (end < 0 ? after : after.substring(0, end)) {
      case "NULL" -> Bulk.NULL;
      case "RC2" -> Bulk.RC2;
      case "RC4" -> Bulk.RC4;
      case "DES", "DES40" -> Bulk.DES;
      case "3DES" -> Bulk.TRIPLE_DES;
      case "IDEA" -> Bulk.IDEA;
      case "SEED" -> Bulk.SEED;
      case "AES" -> Bulk.AES;
      case "CAMELLIA" -> Bulk.CAMELLIA;
      case "ARIA" -> Bulk.ARIA;
      case "CHACHA20" -> Bulk.CHACHA20;
      case "SM4" -> Bulk.SM4;
      case "KUZNYECHIK" -> Bulk.KUZNYECHIK;
      case "MAGMA", "28147" -> Bulk.MAGMA;
      case "AEGIS" -> Bulk.AEGIS;
      default -> throw new IllegalStateException("a cipher without a rule: " + after);
    };
  }

  private static Mode mode(Bulk bulk, String after) {
    if (bulk == Bulk.NULL) {
      return Mode.NONE;
    }
    if (after.contains("_CBC")) {
      return Mode.CBC;
    }
    // RC4, and the counter modes of GOST with a MAC of their own.
    return bulk == Bulk.RC4 || after.contains("_CNT_") || after.contains("_CTR_")
        ? Mode.STREAM
        : Mode.AEAD;
  }

  private static int bits(Bulk bulk, String after) {
    return switch (bulk) {
      case NULL -> 0;
      case DES -> after.contains("40") ? 40 : 56;
      // SP 800-57 part 1: meet in the middle leaves 112 of 168.
      case TRIPLE_DES -> 112;
      case IDEA, SEED, SM4 -> 128;
      case CHACHA20, KUZNYECHIK, MAGMA -> 256;
      case RC2, RC4, AES, CAMELLIA, ARIA, AEGIS -> firstNumber(after);
    };
  }

  /** The first number that is a word of its own: {@code AES_128_CCM_8}, {@code AEGIS_128L}. */
  private static int firstNumber(String after) {
    for (String word : after.split("_")) {
      String digits = word.endsWith("L") ? word.substring(0, word.length() - 1) : word;
      if (!digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
        return Integer.parseInt(digits);
      }
    }
    throw new IllegalStateException("a cipher without a size: " + after);
  }

  /** Whether it belongs to TLS 1.3 (RFC 8446 appendix B.4). */
  public boolean tls13() {
    return exchange == Exchange.ANY;
  }

  /**
   * Whether it came with TLS 1.2 and must not be used before (RFC 5246 appendix A.5, 5288, 5289).
   */
  public boolean needsTls12() {
    return mode == Mode.AEAD || name.endsWith("_SHA256") || name.endsWith("_SHA384");
  }

  /** Whether the key does not follow from a stolen certificate key. */
  public boolean forwardSecret() {
    return switch (exchange) {
      case ANY, DHE, ECDHE, DHE_PSK -> true;
      case RSA, DH, ECDH, PSK, RSA_PSK, KRB5, SRP, GOST, OTHER -> false;
    };
  }

  /** Authenticated encryption. */
  public boolean aead() {
    return mode == Mode.AEAD;
  }

  /** Whether a client without shared secrets, tickets or GOST keys can use it at all. */
  public boolean certificateOrAnonymous() {
    return switch (exchange) {
      case ANY, RSA, DH, DHE, ECDH, ECDHE -> true;
      case PSK, DHE_PSK, RSA_PSK, KRB5, SRP, GOST, OTHER -> false;
    };
  }
}
