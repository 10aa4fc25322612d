package org.sealwax.mail.dkim;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A list of tags and values (RFC 6376 section 3.2), read strictly: names and values have the
 * characters that the grammar allows, line ends occur only in folding, and no tag occurs twice.
 * Bytes above 127 are admitted in values, since messages of RFC 6532 have them (RFC 8616).
 */
final class TagList {
  /** Tags of one list: those in use are less than fifteen. */
  static final int MAX_TAGS = 64;

  private final Map<String, TagValue> tags;

  private TagList(Map<String, TagValue> tags) {
    this.tags = tags;
  }

  /**
   * One tag.
   *
   * @param name of the tag
   * @param text its value, without white space at either end
   * @param begin index of the first character after the equals sign
   * @param end index after the value and its white space
   */
  record TagValue(String name, String text, int begin, int end) {}

  /** Reads a list; empty when it violates the grammar. */
  static Optional<TagList> parse(String list) {
    Map<String, TagValue> tags = new LinkedHashMap<>();
    int at = 0;
    while (at <= list.length()) {
      int semicolon = list.indexOf(';', at);
      int end = semicolon < 0 ? list.length() : semicolon;
      String spec = list.substring(at, end);
      if (!isFolded(spec)) {
        return Optional.empty();
      }
      if (isBlank(spec)) {
        // The list may end with a semicolon; an empty tag elsewhere is none.
        return semicolon < 0 && !tags.isEmpty() ? Optional.of(new TagList(tags)) : Optional.empty();
      }
      int equals = spec.indexOf('=');
      String name = equals < 0 ? "" : trimmed(spec.substring(0, equals));
      String value = trimmed(spec.substring(equals + 1));
      if (!isName(name) || !isValue(value) || tags.size() == MAX_TAGS) {
        return Optional.empty();
      }
      if (tags.put(name, new TagValue(name, value, at + equals + 1, end)) != null) {
        return Optional.empty();
      }
      if (semicolon < 0) {
        return Optional.of(new TagList(tags));
      }
      at = end + 1;
    }
    return tags.isEmpty() ? Optional.empty() : Optional.of(new TagList(tags));
  }

  /** The value of a tag, or null. */
  @Nullable String text(String name) {
    TagValue value = tags.get(name);
    return value == null ? null : value.text();
  }

  /** The value with its place, or null. */
  @Nullable TagValue value(String name) {
    return tags.get(name);
  }

  /** The name of the first tag. */
  String first() {
    return tags.keySet().iterator().next();
  }

  /** Whether each CR and LF is part of folding: CRLF and white space after it. */
  private static boolean isFolded(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n') {
        return false;
      }
      if (c == '\r') {
        if (i + 2 >= text.length() || text.charAt(i + 1) != '\n' || !isBlank(text.charAt(i + 2))) {
          return false;
        }
        i++;
      }
    }
    return true;
  }

  static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  /** White space and the line ends of folding. */
  private static boolean isFoldingSpace(char c) {
    return isBlank(c) || c == '\r' || c == '\n';
  }

  private static boolean isBlank(String text) {
    return trimmed(text).isEmpty();
  }

  static String trimmed(String text) {
    int begin = 0;
    int end = text.length();
    while (begin < end && isFoldingSpace(text.charAt(begin))) {
      begin++;
    }
    while (end > begin && isFoldingSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(begin, end);
  }

  /** Without any white space, as Base64 and lists of names are read. */
  static String withoutSpace(String text) {
    StringBuilder out = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      if (!isFoldingSpace(text.charAt(i))) {
        out.append(text.charAt(i));
      }
    }
    return out.toString();
  }

  private static boolean isName(String name) {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
      boolean other = c >= '0' && c <= '9' || c == '_';
      if (!letter && (i == 0 || !other)) {
        return false;
      }
    }
    return !name.isEmpty();
  }

  private static boolean isValue(String value) {
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      boolean allowed = c > ' ' && c < 0x7f || c >= 0x80 && c <= 0xff || isFoldingSpace(c);
      if (!allowed) {
        return false;
      }
    }
    return true;
  }
}
