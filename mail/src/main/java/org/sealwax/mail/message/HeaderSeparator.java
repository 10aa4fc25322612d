package org.sealwax.mail.message;

import java.io.IOException;
import java.io.OutputStream;

/**
 * Passes on a message that follows header fields of our own, and inserts an empty line where its
 * header section ends without one. A first line that begins with white space would continue our
 * last field, and what one reader takes for the body another one takes for more fields: hop count,
 * Delivered-To and TLS-Required would be there for the next server and not for {@link
 * HeaderScanner}. With the empty line all readers see the section that was scanned. Not
 * thread-safe.
 */
public final class HeaderSeparator {
  private static final byte[] CRLF = {'\r', '\n'};

  private static final byte[] NOTHING = {};

  private final HeaderScanner scan;
  private byte[] held = NOTHING;
  private int heldLength;

  /**
   * Feeds {@code scan} with what passes.
   *
   * @param scan reads the header fields
   */
  public HeaderSeparator(HeaderScanner scan) {
    this.scan = scan;
  }

  /**
   * Takes the next bytes of the message. Holds back at most the beginning of one line of the
   * header, until it is clear whether that line is a field.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   * @param out where the bytes are written
   * @throws IOException from {@code out}
   */
  public void take(byte[] block, int offset, int length, OutputStream out) throws IOException {
    if (scan.done()) {
      out.write(block, offset, length);
      return;
    }
    int scanned = offset + scan.scanned(block, offset, length);
    boolean breaks = scan.done() && scan.malformed();
    // Where the line begins that is not a field, or not known to be one; in front of the block when
    // an earlier one held its first bytes.
    int line = scan.done() && !breaks ? offset : scanned - scan.lineStart();
    if (line < offset && !breaks) {
      hold(block, offset, length);
      return;
    }
    if (line >= offset) {
      release(out);
      out.write(block, offset, line - offset);
    }
    if (breaks) {
      out.write(CRLF);
      release(out);
    }
    int rest = Math.max(line, offset);
    if (scan.done()) {
      out.write(block, rest, offset + length - rest);
    } else {
      hold(block, rest, offset + length - rest);
    }
  }

  /**
   * The message has ended.
   *
   * @param out where the bytes are written
   * @throws IOException from {@code out}
   */
  public void end(OutputStream out) throws IOException {
    boolean open = !scan.done();
    scan.end();
    if (open && scan.malformed()) {
      out.write(CRLF);
    }
    release(out);
  }

  private void hold(byte[] block, int offset, int length) {
    if (length > 0 && held.length == 0) {
      held = new byte[HeaderScanner.MAX_LINE_START];
    }
    System.arraycopy(block, offset, held, heldLength, length);
    heldLength += length;
  }

  private void release(OutputStream out) throws IOException {
    if (heldLength > 0) {
      out.write(held, 0, heldLength);
      heldLength = 0;
    }
  }
}
