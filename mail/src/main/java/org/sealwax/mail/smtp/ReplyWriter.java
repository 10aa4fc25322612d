package org.sealwax.mail.smtp;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * Writes replies into a buffer that its owner sends: replies to a pipelined group go out in one
 * write (RFC 2920 section 3.2).
 */
public final class ReplyWriter {
  private byte[] buffer = new byte[256];
  private int length;

  /** A writer with an empty buffer. */
  public ReplyWriter() {}

  /**
   * Appends one reply; lines are cut at {@link SmtpLimits#REPLY_LINE_OUT}.
   *
   * @param reply the reply to write
   */
  public void append(Reply reply) {
    List<String> lines = reply.lines();
    String status = reply.status() == null ? "" : reply.status() + " ";
    int last = lines.size() - 1;
    for (int i = 0; i <= last; i++) {
      line(reply.code(), i < last ? '-' : ' ', status, lines.get(i));
    }
  }

  private void line(int code, char separator, String status, String text) {
    ensure(SmtpLimits.REPLY_LINE_OUT);
    int start = length;
    buffer[length++] = (byte) ('0' + code / 100);
    buffer[length++] = (byte) ('0' + code / 10 % 10);
    buffer[length++] = (byte) ('0' + code % 10);
    buffer[length++] = (byte) separator;
    int end = start + SmtpLimits.REPLY_LINE_OUT - 2;
    ascii(status, end);
    if (CommandParser.isAscii(text, 0, text.length())) {
      ascii(text, end);
    } else {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      int count = Math.min(bytes.length, end - length);
      while (count > 0 && count < bytes.length && (bytes[count] & 0xc0) == 0x80) {
        count--; // not in the middle of a character
      }
      System.arraycopy(bytes, 0, buffer, length, count);
      length += count;
    }
    buffer[length++] = '\r';
    buffer[length++] = '\n';
  }

  private void ascii(String text, int end) {
    int count = Math.min(text.length(), end - length);
    for (int i = 0; i < count; i++) {
      buffer[length++] = (byte) text.charAt(i);
    }
  }

  private void ensure(int more) {
    if (buffer.length - length < more) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, length + more));
    }
  }

  /** {@return bytes waiting} */
  public int size() {
    return length;
  }

  /**
   * Writes the buffer to {@code sink} in one write, and empties it.
   *
   * @param sink where the bytes go
   * @throws java.io.IOException when the connection or file fails
   */
  public void drainTo(java.io.OutputStream sink) throws java.io.IOException {
    if (length > 0) {
      int count = length;
      length = 0;
      sink.write(buffer, 0, count);
      if (buffer.length > 1_024) {
        buffer = new byte[256];
      }
    }
  }
}
