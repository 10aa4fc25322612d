package org.sealwax.mail.tls.wire;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The JA4 fingerprint of a ClientHello over TCP: identifies the client program, as far as its offer
 * shows. Written from the published description of JA4 (github.com/FoxIO-LLC/ja4,
 * technical_details/JA4.md); only JA4 itself, which is free (BSD), and none of its siblings.
 *
 * <p>Three parts: {@code t}, version, {@code d} with a server name or {@code i} without, how many
 * suites and extensions, first and last character of the first protocol; a hash of the sorted
 * suites; a hash of the sorted extensions and of the signature algorithms in their order. Numbers
 * that mean nothing (RFC 8701) are left out everywhere.
 */
public final class Ja4 {
  private static final int SERVER_NAME = 0;
  private static final int PROTOCOLS = 16;
  private static final int MOST = 99;
  private static final int HASH = 12;
  private static final String NOTHING = "0".repeat(HASH);

  private Ja4() {}

  /** The fingerprint: {@code t13d1516h2_8daaf6152771_e5627efa2ab1}. */
  public static String of(ClientHello hello) {
    List<Integer> suites = meant(hello.suites());
    List<Integer> extensions = meant(hello.extensions());
    String first =
        String.format(
            Locale.ROOT,
            "t%s%s%02d%02d%s",
            version(hello),
            extensions.contains(SERVER_NAME) ? "d" : "i",
            Math.min(MOST, suites.size()),
            Math.min(MOST, extensions.size()),
            protocol(hello.protocols()));
    String listed =
        hex(extensions.stream().filter(e -> e != SERVER_NAME && e != PROTOCOLS).sorted());
    String signatures = hex(meant(hello.signatures()).stream());
    return first
        + "_"
        + (suites.isEmpty() ? NOTHING : hash(hex(suites.stream().sorted())))
        + "_"
        + (extensions.isEmpty()
            ? NOTHING
            : hash(signatures.isEmpty() ? listed : listed + "_" + signatures));
  }

  private static List<Integer> meant(List<Integer> numbers) {
    return numbers.stream().filter(n -> !ClientHello.grease(n)).toList();
  }

  private static String hex(Stream<Integer> numbers) {
    return String.join(",", numbers.map(n -> String.format(Locale.ROOT, "%04x", n)).toList());
  }

  private static String version(ClientHello hello) {
    int highest =
        meant(hello.versions()).stream()
            .mapToInt(Integer::intValue)
            .max()
            .orElse(hello.legacyVersion());
    return switch (highest) {
      case 0x0304 -> "13";
      case 0x0303 -> "12";
      case 0x0302 -> "11";
      case 0x0301 -> "10";
      case 0x0300 -> "s3";
      case 0x0002 -> "s2";
      default -> "00";
    };
  }

  /** Characters that are not letters or digits are replaced by those of the hex of the whole. */
  private static String protocol(List<String> protocols) {
    if (protocols.isEmpty() || protocols.getFirst().isEmpty()) {
      return "00";
    }
    String name = protocols.getFirst();
    if (!plain(name.charAt(0)) || !plain(name.charAt(name.length() - 1))) {
      name = HexFormat.of().formatHex(name.getBytes(StandardCharsets.ISO_8859_1));
    }
    return "" + name.charAt(0) + name.charAt(name.length() - 1);
  }

  private static boolean plain(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
      return HexFormat.of().formatHex(digest).substring(0, HASH);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("each Java has SHA-256", e);
    }
  }
}
