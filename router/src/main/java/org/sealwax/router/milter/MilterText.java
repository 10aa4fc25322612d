package org.sealwax.router.milter;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Texts in packets: bytes up to a NUL. */
final class MilterText {
  /** Characters of a text of a filter in our log. */
  private static final int MAX_LOGGED = 200;

  private MilterText() {}

  /** The next text, as ISO 8859-1 so that no byte is lost. */
  static String next(ByteBuffer data) throws MilterException {
    int start = data.position();
    while (data.hasRemaining()) {
      if (data.get() == 0) {
        int length = data.position() - 1 - start;
        byte[] text = new byte[length];
        data.get(start, text);
        return new String(text, StandardCharsets.ISO_8859_1);
      }
    }
    throw new MilterException("text without its NUL");
  }

  /** The only text of a packet. */
  static String only(ByteBuffer data) throws MilterException {
    String text = next(data);
    if (data.hasRemaining()) {
      throw new MilterException("extra bytes after a text");
    }
    return text;
  }

  /** Without NUL, which would end it early. */
  static String clean(String text) {
    return text.indexOf('\0') < 0 ? text : text.replace("\0", "");
  }

  /** Texts of a command, each with its NUL. */
  static byte[] data(String... texts) {
    StringBuilder data = new StringBuilder();
    for (String text : texts) {
      data.append(clean(text)).append('\0');
    }
    return data.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Printable ASCII, for logs and causes. */
  static String printable(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length() && out.length() < MAX_LOGGED; i++) {
      char c = text.charAt(i);
      out.append(c >= ' ' && c <= '~' ? c : '?');
    }
    return out.toString();
  }
}
