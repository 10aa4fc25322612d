package org.sealwax.router.policyd;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Netstrings, as socketmap_table(5) frames its requests and replies: {@code 5:hello,}. */
final class Netstring {
  /** Digits of a length: more than any limit here needs. */
  private static final int MAX_DIGITS = 6;

  /** The input is not a netstring, or too long: the connection cannot be used further. */
  static final class MalformedNetstring extends IOException {
    private static final long serialVersionUID = 1L;

    MalformedNetstring(String text) {
      super(text);
    }
  }

  private Netstring() {}

  /**
   * The next one; empty at the end of the stream between two.
   *
   * @param in buffered
   * @param max bytes it may have
   * @throws MalformedNetstring when it is none
   * @throws IOException when the connection breaks
   */
  static Optional<byte[]> read(InputStream in, int max) throws IOException {
    int length = 0;
    for (int digits = 0; ; digits++) {
      int c = in.read();
      if (c < 0 && digits == 0) {
        return Optional.empty();
      }
      if (c == ':' && digits > 0) {
        break;
      }
      boolean leadingZero = digits == 1 && length == 0;
      if (c < '0' || c > '9' || leadingZero || digits == MAX_DIGITS) {
        throw new MalformedNetstring("no length");
      }
      length = length * 10 + (c - '0');
    }
    if (length > max) {
      throw new MalformedNetstring("over " + max + " bytes");
    }
    byte[] content = in.readNBytes(length);
    if (content.length < length || in.read() != ',') {
      throw new MalformedNetstring("no comma at its end");
    }
    return Optional.of(content);
  }

  /** Writes one, whole. */
  static void write(OutputStream out, byte[] content) throws IOException {
    byte[] length = (content.length + ":").getBytes(StandardCharsets.US_ASCII);
    byte[] whole = new byte[length.length + content.length + 1];
    System.arraycopy(length, 0, whole, 0, length.length);
    System.arraycopy(content, 0, whole, length.length, content.length);
    whole[whole.length - 1] = ',';
    out.write(whole);
    out.flush();
  }
}
