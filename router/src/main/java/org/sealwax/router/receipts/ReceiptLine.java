package org.sealwax.router.receipts;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.json.JsonLine;

/**
 * One line of a receipts file: the hash that chains it to the line before, a space, and a JSON
 * object that begins with its number and kind. The chain is checked over the bytes as they stand,
 * so that no reading of JSON can differ from the one that was hashed.
 *
 * @param hash SHA-256 over the hash of the line before and {@code payload}, in hex
 * @param number counted from 1 over all files
 * @param kind {@code receipt}, {@code begin}, {@code head}, {@code torn} or {@code lost}
 * @param payload the JSON object
 */
public record ReceiptLine(String hash, long number, String kind, String payload) {
  /** Bytes of one line without its end: the longest receipt that can be made is within it. */
  public static final int MAX_LINE = 64 << 10;

  /** Characters of one text: what peers choose is cut there. */
  static final int MAX_TEXT = 300;

  /** What stands before the first line of all. */
  public static final String ORIGIN = "0".repeat(64);

  private static final Pattern FORM =
      Pattern.compile(
          "([0-9a-f]{64}) (\\{\"n\":([1-9][0-9]{0,17}),\"kind\":\"([a-z]{1,16})\"[,}].*)",
          Pattern.DOTALL);

  /** The kind of a file's first line, which says what the file goes on from. */
  static final String BEGIN = "begin";

  private static final Pattern BEGINNING =
      Pattern.compile(
          "\\{\"n\":[0-9]+,\"kind\":\"begin\",\"at\":\"([^\"\\\\]{1,40})\",\"previous\":\"([0-9a-f]{64})\"[,}].*");

  private static final Pattern LOST =
      Pattern.compile("\\{\"n\":[0-9]+,\"kind\":\"lost\",\"count\":([0-9]{1,12})\\}");

  /** Reads a line without its end; empty when it is none. */
  public static Optional<ReceiptLine> read(String line) {
    if (line.length() > MAX_LINE || !line.endsWith("}")) {
      return Optional.empty();
    }
    Matcher m = FORM.matcher(line);
    return m.matches()
        ? Optional.of(
            new ReceiptLine(m.group(1), Long.parseLong(m.group(3)), m.group(4), m.group(2)))
        : Optional.empty();
  }

  /** Members of a line after its number and kind; what peers choose is cut. */
  static JsonLine members() {
    return new JsonLine(MAX_TEXT);
  }

  /** A new line after the one with {@code before}. */
  static ReceiptLine after(String before, long number, String kind, String rest) {
    String payload = "{\"n\":" + number + ",\"kind\":\"" + kind + "\"" + rest + "}";
    return new ReceiptLine(hash(before, payload), number, kind, payload);
  }

  /** Members of a file's first line. */
  static String beginning(String at, String previous) {
    return members().text("at", at).text("previous", previous).members();
  }

  /** The payload as one of the forms of its kind. */
  Optional<Matcher> matched(Pattern form) {
    return Optional.of(form.matcher(payload)).filter(Matcher::matches);
  }

  /** The hash that the file goes on from, which this line begins; empty for any other line. */
  Optional<String> beginsAfter() {
    return matched(BEGINNING).map(m -> m.group(2));
  }

  /** When the file was begun, which this line begins; empty for any other line. */
  Optional<Instant> beginsAt() {
    try {
      return matched(BEGINNING).map(m -> Instant.parse(m.group(1)));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** The number of lost receipts that the line records. */
  long lost() {
    return matched(LOST).map(m -> Long.parseLong(m.group(1))).orElse(0L);
  }

  /** Whether the line follows the one with the hash {@code before}. */
  public boolean follows(String before) {
    return hash(before, payload).equals(hash);
  }

  /** As it stands in the file, with its end. */
  String line() {
    return hash + " " + payload + "\n";
  }

  /** The object with its hash in it, for export. */
  public String json() {
    return "{\"hash\":\"" + hash + "\"," + payload.substring(1);
  }

  private static String hash(String before, String payload) {
    MessageDigest sha = sha256();
    sha.update(before.getBytes(StandardCharsets.US_ASCII));
    sha.update((byte) ' ');
    return HexFormat.of().formatHex(sha.digest(payload.getBytes(StandardCharsets.UTF_8)));
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
