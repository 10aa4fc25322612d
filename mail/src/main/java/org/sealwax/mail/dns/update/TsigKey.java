package org.sealwax.mail.dns.update;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RegularFile;
import org.xbill.DNS.Name;
import org.xbill.DNS.TSIG;

/**
 * A secret shared with a name server (RFC 8945). Text and equality never show the secret.
 *
 * @param name the name of the key, as both sides configure it
 * @param algorithm of the signatures
 * @param secret the shared secret
 */
public record TsigKey(Domain name, Algorithm algorithm, SecretKey secret) {
  /** Maximum size of a key file, in bytes. */
  public static final int MAX_FILE = 16_384;

  /** Shorter secrets can be guessed. */
  private static final int MIN_SECRET = 16;

  private static final String NAME = "(?<name>[^\\s\"{};:]+)";
  private static final String VALUE = "[^\\s\"{};:]+)\"?";

  /** {@code key "name" { algorithm hmac-sha256; secret "…"; };}: tsig-keygen, named.conf. */
  private static final Pattern BIND =
      Pattern.compile(
          "\\s*key\\s+\"?"
              + NAME
              + "\"?\\s*\\{\\s*(?:algorithm\\s+\"?(?<algorithm>"
              + VALUE
              + "\\s*;\\s*secret\\s+\"?(?<secret>"
              + VALUE
              + "|secret\\s+\"?(?<secret2>"
              + VALUE
              + "\\s*;\\s*algorithm\\s+\"?(?<algorithm2>"
              + VALUE
              + ")\\s*;\\s*\\}\\s*;?\\s*");

  /** The section of knot.conf, as keymgr prints it. */
  private static final Pattern KNOT =
      Pattern.compile(
          "\\s*key:\\s+-\\s+id:\\s+\"?"
              + NAME
              + "\"?\\s+(?:algorithm:\\s+\"?(?<algorithm>"
              + VALUE
              + "\\s+secret:\\s+\"?(?<secret>"
              + VALUE
              + "|secret:\\s+\"?(?<secret2>"
              + VALUE
              + "\\s+algorithm:\\s+\"?(?<algorithm2>"
              + VALUE
              + ")\\s*");

  /** {@code algorithm:name:secret}: the option -y of nsupdate, kdig and knsupdate. */
  private static final Pattern LINE =
      Pattern.compile(
          "\\s*(?<algorithm>[^\\s:]+):"
              + NAME
              + ":(?<secret>[^\\s:]+)\\s*(?<algorithm2>$)(?<secret2>$)");

  /** Algorithms (RFC 8945 section 6) that are in use and not weak. */
  public enum Algorithm {
    /** HMAC-SHA-256. */
    HMAC_SHA256,
    /** HMAC-SHA-384. */
    HMAC_SHA384,
    /** HMAC-SHA-512. */
    HMAC_SHA512;

    Name dnsName() {
      return switch (this) {
        case HMAC_SHA256 -> TSIG.HMAC_SHA256;
        case HMAC_SHA384 -> TSIG.HMAC_SHA384;
        case HMAC_SHA512 -> TSIG.HMAC_SHA512;
      };
    }

    private static Optional<Algorithm> parse(String text) {
      String name = text.toUpperCase(Locale.ROOT).replace('-', '_').replaceFirst("\\.$", "");
      for (Algorithm algorithm : values()) {
        if (algorithm.name().equals(name)) {
          return Optional.of(algorithm);
        }
      }
      return Optional.empty();
    }
  }

  /**
   * Reads a key file: a {@code key} statement of BIND, a {@code key:} section of Knot, or {@code
   * algorithm:name:secret}.
   *
   * @param file the file
   * @return the key
   * @throws IOException when it cannot be read or has no such key; the text never quotes it
   */
  public static TsigKey read(Path file) throws IOException {
    String text = RegularFile.text(file, StandardCharsets.ISO_8859_1, MAX_FILE);
    try {
      return parse(text);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Reads the content of a key file.
   *
   * @param text in one of the forms of {@link #read}; lines that begin with # or // are comments
   * @return the key
   * @throws IllegalArgumentException when it is in none; the text never quotes it
   */
  public static TsigKey parse(String text) {
    String content =
        text.lines()
            .filter(line -> !line.strip().startsWith("#") && !line.strip().startsWith("//"))
            .collect(Collectors.joining("\n"));
    for (Pattern form : List.of(BIND, KNOT, LINE)) {
      Matcher m = form.matcher(content);
      if (m.matches()) {
        return of(m);
      }
    }
    throw new IllegalArgumentException(
        "no TSIG key; the file has one statement as tsig-keygen prints it");
  }

  private static TsigKey of(Matcher found) {
    String name = found.group("name");
    boolean first = found.group("secret") != null;
    String algorithm = found.group(first ? "algorithm" : "algorithm2");
    String secret = found.group(first ? "secret" : "secret2");
    Domain parsed =
        Domain.ofQuery(name.replaceFirst("\\.$", ""))
            .orElseThrow(
                () -> new IllegalArgumentException("the key has a name that the DNS cannot have"));
    Algorithm known =
        Algorithm.parse(algorithm)
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the algorithm of the key is not supported; use hmac-sha256"));
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(secret);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("the secret of the key is not base64", e);
    }
    if (bytes.length < MIN_SECRET) {
      throw new IllegalArgumentException(
          "the secret of the key has fewer than " + MIN_SECRET + " bytes");
    }
    return new TsigKey(parsed, known, new SecretKeySpec(bytes, known.name()));
  }

  @Override
  public String toString() {
    return name + " (" + algorithm.name().toLowerCase(Locale.ROOT).replace('_', '-') + ")";
  }
}
