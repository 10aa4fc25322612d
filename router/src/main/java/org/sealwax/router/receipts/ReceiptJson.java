package org.sealwax.router.receipts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes a JSON object's members after those that stand in front (RFC 8259). */
final class ReceiptJson {
  /** Characters of one text: what peers choose is cut there. */
  static final int MAX_TEXT = 300;

  /** Texts of one list. */
  static final int MAX_LIST = 16;

  private final StringBuilder out = new StringBuilder(512);

  ReceiptJson text(String name, @Nullable String value) {
    name(name);
    if (value == null) {
      out.append("null");
    } else {
      quote(value);
    }
    return this;
  }

  ReceiptJson flag(String name, boolean value) {
    name(name);
    out.append(value);
    return this;
  }

  ReceiptJson number(String name, long value) {
    name(name);
    out.append(value);
    return this;
  }

  ReceiptJson list(String name, List<String> values) {
    name(name);
    out.append('[');
    String comma = "";
    for (String value : values.subList(0, Math.min(values.size(), MAX_LIST))) {
      out.append(comma);
      quote(value);
      comma = ",";
    }
    out.append(']');
    return this;
  }

  private void name(String name) {
    out.append(",\"").append(name).append("\":");
  }

  private void quote(String value) {
    out.append('"');
    int end = Math.min(value.length(), MAX_TEXT);
    for (int i = 0; i < end; i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        out.append('\\').append(c);
      } else if (c < 0x20 || c == 0x7f || Character.isSurrogate(c) || c == 0x2028 || c == 0x2029) {
        out.append("\\u%04x".formatted((int) c));
      } else {
        out.append(c);
      }
    }
    out.append('"');
  }

  @Override
  public String toString() {
    return out.toString();
  }
}
