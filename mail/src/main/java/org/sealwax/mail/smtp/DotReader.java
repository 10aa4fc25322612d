package org.sealwax.mail.smtp;

import java.io.IOException;

/**
 * Reads a body up to CRLF.CRLF and takes the dot-stuffing away (RFC 5321 4.5.2).
 *
 * <p>Only CRLF.CRLF ends a message. A message with a bare CR, a bare LF or a NUL anywhere is
 * refused, and is still read to that end: what follows LF.LF, CR.CR and the like remains part of
 * the message and never becomes a command (SMTP smuggling). The caller ends the session when
 * nothing follows ({@link #isFalseEnd}).
 */
public final class DotReader {
  /**
   * Bytes that are read and dropped after a body proved too large, so that the client receives the
   * reply instead of a reset; the session with a client that sends still more is ended.
   */
  public static final long DROPPED_AFTER_LIMIT = 32L * 1_024 * 1_024;

  private enum State {
    LINE_START,
    TEXT,
    DOT,
    DOT_CR
  }

  private final LineReader source;
  private final long most;
  private final TextScan scan = new TextScan();
  private long bytes;

  /** The last four bytes; at first the end of the command line. */
  private int tail = '\n';

  /**
   * A reader of the body that now follows on {@code source}.
   *
   * @param source where lines are read from
   * @param most maximum number of bytes handed on
   */
  public DotReader(LineReader source, long most) {
    this.source = source;
    this.most = most;
  }

  /**
   * Reads to the end and hands blocks to {@code sink}; none after the limit was passed or a flaw
   * was seen.
   *
   * @param sink where the bytes go
   * @return size and findings of the content
   * @throws IOException from the stream or from the sink, as it was thrown
   */
  public BodySummary readInto(BodySink sink) throws IOException {
    source.grow();
    State state = State.LINE_START;
    boolean afterCr = false;
    while (true) {
      if (source.position == source.limit && !more()) {
        return summary(false);
      }
      if (bytes > most && bytes - most > DROPPED_AFTER_LIMIT) {
        return summary(false);
      }
      byte[] block = source.buffer;
      int end = source.limit;
      int from = source.position;
      int i = from;
      while (i < end) {
        if (state == State.TEXT) {
          // The loop that handles nearly every byte: on to the end of a line, or of the block.
          if (!afterCr) {
            i = EightOctetScan.findCr(block, i, end);
            if (i == end) {
              break;
            }
            i++;
            afterCr = true;
          } else {
            byte b = block[i];
            if (b == '\n') {
              i++;
              state = State.LINE_START;
              afterCr = false;
            } else if (b == '\r') {
              i++;
            } else {
              afterCr = false;
            }
          }
          continue;
        }
        byte b = block[i];
        switch (state) {
          case LINE_START -> {
            if (b == '.') {
              passOn(sink, block, from, i);
              i++;
              from = i;
              state = State.DOT;
            } else {
              state = State.TEXT;
            }
          }
          case DOT -> {
            if (b == '\r') {
              // Held back: with an LF it is the end, otherwise a bare CR, for which the message is
              // refused.
              i++;
              from = i;
              state = State.DOT_CR;
            } else {
              state = State.TEXT;
            }
          }
          case DOT_CR -> {
            if (b == '\n') {
              source.position = i + 1;
              scan.end();
              return summary(true);
            }
            scan.scan(BARE_CR, 0, 1);
            bytes++;
            state = State.TEXT;
            afterCr = true;
          }
          case TEXT -> throw new IllegalStateException("handled above");
        }
      }
      passOn(sink, block, from, end);
      for (int last = Math.max(source.position, end - Integer.BYTES); last < end; last++) {
        tail = tail << Byte.SIZE | block[last] & 0xff;
      }
      source.position = end;
    }
  }

  private static final byte[] BARE_CR = {'\r'};

  /**
   * {@return whether all that was read ends in a dot on a line of its own for a client that ends
   * lines in another way than CRLF} It is not an end; but such a client takes it for one, sends
   * nothing more, and waits for a reply. What was read has a flaw then.
   */
  public boolean isFalseEnd() {
    if ((byte) tail != '\n') {
      return false;
    }
    int dot = (byte) (tail >> Byte.SIZE) == '\r' ? 2 * Byte.SIZE : Byte.SIZE;
    byte before = (byte) (tail >> dot + Byte.SIZE);
    return (byte) (tail >> dot) == '.' && (before == '\n' || before == '\r');
  }

  /**
   * {@return whether the message will be refused for what was read so far} A client that stops in
   * the middle of such a message gets the reason.
   */
  public boolean isFlawed() {
    return scan.flaw() != null;
  }

  private boolean more() throws IOException {
    if (source.limit == source.buffer.length) {
      source.growFurther();
    }
    return source.fill();
  }

  private void passOn(BodySink sink, byte[] block, int from, int to) throws IOException {
    if (from == to) {
      return;
    }
    bytes += to - from;
    scan.scan(block, from, to);
    if (bytes <= most && scan.flaw() == null) {
      sink.take(block, from, to - from);
    }
  }

  /** {@return what was seen so far, after the read was ended early: not complete} */
  public BodySummary brokenOff() {
    return summary(false);
  }

  private BodySummary summary(boolean complete) {
    source.shrink();
    return new BodySummary(
        bytes, scan.eightBit(), scan.flaw(), scan.longestLine(), bytes > most, complete);
  }
}
