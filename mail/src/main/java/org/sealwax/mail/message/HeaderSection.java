package org.sealwax.mail.message;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * The header section of a message, field by field (RFC 5322 section 2.1), without the empty line
 * that ends it.
 *
 * @param fields in their order
 * @param flaw what is wrong with the section
 */
public record HeaderSection(List<HeaderField> fields, HeaderFlaw flaw) {
  /** A defect by which two readers may see different header fields. */
  public enum HeaderFlaw {
    /** No defect. */
    NONE,
    /** The section was larger than the limit; the fields are not complete. */
    TOO_LARGE,
    /** The section ended with a line that is not a field. */
    MALFORMED,
    /** A CR without LF, or a LF without CR. */
    BARE_LINE_END
  }

  /** Copies. */
  public HeaderSection {
    fields = List.copyOf(fields);
  }

  /**
   * The section in these bytes, which end before the empty line.
   *
   * @param flaw what the reader of the message found; bare line ends are found here
   */
  static HeaderSection of(byte[] bytes, HeaderFlaw flaw) {
    String text = new String(bytes, StandardCharsets.ISO_8859_1);
    List<HeaderField> fields = new ArrayList<>();
    boolean bare = false;
    int start = 0;
    while (start < text.length()) {
      int end = start;
      do {
        int feed = text.indexOf('\n', end);
        end = feed < 0 ? text.length() : feed + 1;
      } while (end < text.length() && (text.charAt(end) == ' ' || text.charAt(end) == '\t'));
      int last = end;
      if (last > start && text.charAt(last - 1) == '\n') {
        last--;
        if (last > start && text.charAt(last - 1) == '\r') {
          last--;
        } else {
          bare = true;
        }
      }
      String raw = text.substring(start, last);
      bare |= hasBareLineEnd(raw);
      if (raw.indexOf(':') > 0) {
        fields.add(HeaderField.of(raw));
      }
      start = end;
    }
    return new HeaderSection(
        fields, bare && flaw == HeaderFlaw.NONE ? HeaderFlaw.BARE_LINE_END : flaw);
  }

  private static boolean hasBareLineEnd(String raw) {
    for (int i = 0; i < raw.length(); i++) {
      char c = raw.charAt(i);
      if (c == '\r' && (i + 1 == raw.length() || raw.charAt(i + 1) != '\n')
          || c == '\n' && (i == 0 || raw.charAt(i - 1) != '\r')) {
        return true;
      }
    }
    return false;
  }

  /**
   * {@return the fields of this name, in their order}
   *
   * @param name a field name, in any case
   */
  public List<HeaderField> named(String name) {
    return fields.stream().filter(f -> f.isNamed(name)).toList();
  }
}
