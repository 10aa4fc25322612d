package org.sealwax.mail.smtp;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;

/**
 * Reads lines that end in CRLF and in nothing else (RFC 5321 2.3.8), with a buffer of its own that
 * is small between messages and never larger than a limit.
 *
 * <p>It is strict because of SMTP smuggling: where one parser ends a line at a bare LF and the next
 * does not, one message becomes two. Bodies are read through it too ({@link DotReader}, {@link
 * BdatReader}), so that {@link #buffered()} counts everything that was read ahead: it must be 0
 * when TLS starts (RFC 3207 section 4.2; CVE-2011-0411).
 *
 * <p>One thread owns a reader.
 */
public final class LineReader {
  /** Bytes of the buffer of an idle session: a usual group of pipelined commands. */
  static final int IDLE_BUFFER = 1_024;

  /** Bytes of the buffer while a large body comes in. */
  static final int WIDE_BUFFER = 64 * 1_024;

  private final InputStream source;
  byte[] buffer = new byte[IDLE_BUFFER];
  int position;
  int limit;
  private int lastStart;
  private int lastLength;
  private BooleanSupplier mayWiden = () -> true;

  /**
   * A reader of {@code source}, which no other reader may use from now on.
   *
   * @param source the bytes of the connection
   */
  public LineReader(InputStream source) {
    this.source = source;
  }

  /**
   * Sets the check before it takes a large block, which is optional.
   *
   * @param asked whether the buffer may grow
   */
  public void growIf(BooleanSupplier asked) {
    mayWiden = asked;
  }

  /** {@return whether it has a large block} */
  public boolean isGrown() {
    return buffer.length >= WIDE_BUFFER;
  }

  /** {@return bytes that were read from the source and not yet handed out} */
  public int buffered() {
    return limit - position;
  }

  /** {@return whether a whole line is there already, so that the next read does not wait} */
  public boolean hasLine() {
    for (int i = position; i < limit; i++) {
      if (buffer[i] == '\n') {
        return true;
      }
    }
    return false;
  }

  /**
   * Reads one command line.
   *
   * @param most maximum number of bytes, with CRLF
   * @return the line, the end of the stream, or what is wrong with it
   * @throws IOException when the connection or file fails
   */
  public InputLine read(int most) throws IOException {
    int scan = position;
    int dropped = 0;
    boolean afterCr = false;
    SmtpFlaw flaw = null;
    while (true) {
      if (scan == limit) {
        if (flaw != null) {
          dropped += scan - position;
          position = scan;
          if (dropped > SmtpLimits.DROPPED) {
            return new InputLine.BrokenLine(SmtpFlaw.ENDLESS);
          }
        }
        int held = scan - position;
        if (!fill()) {
          position = limit;
          return new InputLine.EndOfInput();
        }
        scan = position + held;
      }
      byte b = buffer[scan++];
      if (b == '\n') {
        int start = position;
        position = scan;
        if (!afterCr) {
          return new InputLine.BrokenLine(SmtpFlaw.BARE_LF);
        }
        if (flaw == null && scan - start > most) {
          flaw = SmtpFlaw.TOO_LONG;
        }
        return flaw == null ? decoded(start, scan - 2 - start) : new InputLine.BrokenLine(flaw);
      }
      if (flaw == null) {
        if (afterCr) {
          flaw = SmtpFlaw.BARE_CR;
        } else if (b == 0) {
          flaw = SmtpFlaw.NUL;
        } else if (scan - position > most) {
          flaw = SmtpFlaw.TOO_LONG;
        }
      }
      afterCr = b == '\r';
    }
  }

  private InputLine decoded(int start, int length) {
    int all = 0;
    for (int i = start; i < start + length; i++) {
      all |= buffer[i];
    }
    if (all >= 0) {
      return new InputLine.Text(new String(buffer, start, length, StandardCharsets.ISO_8859_1));
    }
    try {
      return new InputLine.Text(
          StandardCharsets.UTF_8
              .newDecoder()
              .decode(ByteBuffer.wrap(buffer, start, length))
              .toString());
    } catch (CharacterCodingException e) {
      lastStart = start;
      lastLength = length;
      return new InputLine.BrokenLine(SmtpFlaw.NOT_UTF8);
    }
  }

  /** The line just refused as {@link SmtpFlaw#NOT_UTF8}, each byte as one character. */
  String lastAsLatin1() {
    return new String(buffer, lastStart, lastLength, StandardCharsets.ISO_8859_1);
  }

  /** Reads more behind what is buffered; false at the end of the stream. */
  boolean fill() throws IOException {
    if (position == limit) {
      position = 0;
      limit = 0;
    } else if (limit == buffer.length) {
      if (position > 0) {
        System.arraycopy(buffer, position, buffer, 0, limit - position);
        limit -= position;
        position = 0;
      } else {
        replace(new byte[buffer.length * 2]);
      }
    }
    int count = source.read(buffer, limit, buffer.length - limit);
    if (count <= 0) {
      return false;
    }
    limit += count;
    return true;
  }

  /**
   * Reads what the peer has sent meanwhile, behind what is buffered.
   *
   * @return false at the end of the stream
   * @throws IOException when the connection fails, or nothing comes within its time limit
   */
  public boolean readAhead() throws IOException {
    return fill();
  }

  /** Takes a block for a body. */
  void grow() {
    if (buffer.length < BufferPool.BLOCK) {
      replace(BufferPool.take());
    }
  }

  /** Takes a large block once a body has shown to be large: fewer reads for each megabyte. */
  void growFurther() {
    if (buffer.length < WIDE_BUFFER && mayWiden.getAsBoolean()) {
      replace(new byte[WIDE_BUFFER]);
    }
  }

  /** Gives the block back after a body, or a long line, once no more than a little is buffered. */
  public void shrink() {
    if (buffer.length > IDLE_BUFFER && buffered() <= IDLE_BUFFER) {
      replace(new byte[IDLE_BUFFER]);
    }
  }

  private void replace(byte[] next) {
    byte[] old = buffer;
    System.arraycopy(old, position, next, 0, limit - position);
    limit -= position;
    position = 0;
    buffer = next;
    BufferPool.give(old);
  }
}
