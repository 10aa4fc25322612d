package org.sealwax.mail.smtp;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Writes a body with dot-stuffing and its end (RFC 5321 4.5.2), in blocks.
 *
 * <p>It is the last guard against smuggling: content with a bare CR or LF is not written further.
 */
public final class DotWriter {
  private static final byte[] END_AFTER_LINE = {'.', '\r', '\n'};
  private static final byte[] LINE_AND_END = {'\r', '\n', '.', '\r', '\n'};

  private final OutputStream out;
  private boolean lineStart = true;
  private boolean afterCr;

  /**
   * A writer to {@code out}, which is not flushed or closed here.
   *
   * @param out where the content goes
   */
  public DotWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * Writes one block of the body.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   * @throws IllegalStateException at a bare CR or LF: intake refuses such messages, so this is a
   *     bug in our code, and the message must not leave
   * @throws IOException when the connection or file fails
   */
  public void write(byte[] block, int offset, int length) throws IOException {
    int from = offset;
    int end = offset + length;
    int i = offset;
    while (i < end) {
      byte b = block[i];
      if (lineStart && b == '.') {
        out.write(block, from, i - from);
        out.write('.');
        from = i;
      }
      lineStart = false;
      if (afterCr) {
        if (b != '\n') {
          throw new IllegalStateException("bare CR in stored content");
        }
        afterCr = false;
        lineStart = true;
      } else if (b == '\r') {
        afterCr = true;
      } else if (b == '\n') {
        throw new IllegalStateException("bare LF in stored content");
      } else {
        // The loop that handles nearly every byte.
        i = EightOctetScan.skipPlain(block, i + 1, end) - 1;
      }
      i++;
    }
    out.write(block, from, end - from);
  }

  /**
   * Writes the end; a last line without CRLF gets one.
   *
   * @throws IOException when the connection or file fails
   */
  public void end() throws IOException {
    if (afterCr) {
      throw new IllegalStateException("bare CR in stored content");
    }
    out.write(lineStart ? END_AFTER_LINE : LINE_AND_END);
  }
}
