package org.sealwax.router.receipts;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Pattern;
import org.sealwax.mail.json.JsonLine;
import org.sealwax.mail.json.JsonMembers;

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

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  /** The kind of a file's first line, which shows what the file continues from. */
  static final String BEGIN = "begin";

  /** Reads a line without its end; empty when it is none. */
  public static Optional<ReceiptLine> read(String line) {
    int hash = ORIGIN.length();
    if (line.length() > MAX_LINE || line.length() <= hash || line.charAt(hash) != ' ') {
      return Optional.empty();
    }
    String payload = line.substring(hash + 1);
    Optional<JsonMembers> members = JsonMembers.read(payload);
    long number = members.map(m -> m.number("n").orElse(0)).orElse(0L);
    String kind = members.map(m -> m.text("kind")).orElse(null);
    return number > 0 && kind != null && HASH.matcher(line.substring(0, hash)).matches()
        ? Optional.of(new ReceiptLine(line.substring(0, hash), number, kind, payload))
        : Optional.empty();
  }

  /** Members of a line after its number and kind; what peers choose is cut. */
  static JsonLine members() {
    return new JsonLine(MAX_TEXT);
  }

  /** A new line after the one with {@code before}. */
  static ReceiptLine after(String before, long number, String kind, JsonLine rest) {
    String payload = members().number("n", number).text("kind", kind).and(rest).object();
    return new ReceiptLine(hash(before, payload), number, kind, payload);
  }

  /** Members of a file's first line. */
  static JsonLine beginning(Instant at, String previous) {
    return members().text("at", at.toString()).text("previous", previous);
  }

  /** The text of a member; empty when the line has none of that name. */
  Optional<String> text(String name) {
    return JsonMembers.read(payload).map(m -> m.text(name));
  }

  /** The hash that the file continues from, which this line begins; empty for any other line. */
  Optional<String> beginsAfter() {
    return kind.equals(BEGIN) ? text("previous") : Optional.empty();
  }

  /** When the file was begun, which this line begins; empty for any other line. */
  Optional<Instant> beginsAt() {
    try {
      return kind.equals(BEGIN) ? text("at").map(Instant::parse) : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** The number of lost receipts that the line records. */
  long lost() {
    return JsonMembers.read(payload).map(m -> m.number("count").orElse(0)).orElse(0L);
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

  static String hash(String before, String payload) {
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
