package org.sealwax.router.receipts;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The first line of a file, which says what it goes on from; and lines that count what is missing.
 */
final class ReceiptFileHeader {
  static final String KIND = "begin";

  private static final Pattern FORM =
      Pattern.compile(
          "\\{\"n\":[0-9]+,\"kind\":\"begin\",\"at\":\"([^\"\\\\]{1,40})\",\"previous\":\"([0-9a-f]{64})\"[,}].*");

  private static final Pattern COUNT =
      Pattern.compile("\\{\"n\":[0-9]+,\"kind\":\"lost\",\"count\":([0-9]{1,12})\\}");

  private ReceiptFileHeader() {}

  static String members(String at, String previous) {
    return ReceiptLine.members().text("at", at).text("previous", previous).members();
  }

  /** The hash that the file goes on from. */
  static Optional<String> previous(ReceiptLine entry) {
    Matcher m = FORM.matcher(entry.payload());
    return m.matches() ? Optional.of(m.group(2)) : Optional.empty();
  }

  /** When the file was begun; empty for any other line. */
  static Optional<Instant> at(ReceiptLine entry) {
    Matcher m = FORM.matcher(entry.payload());
    try {
      return m.matches() ? Optional.of(Instant.parse(m.group(1))) : Optional.empty();
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }

  /** The number of lost receipts that a line records. */
  static long count(ReceiptLine entry) {
    Matcher m = COUNT.matcher(entry.payload());
    return m.matches() ? Long.parseLong(m.group(1)) : 0;
  }
}
