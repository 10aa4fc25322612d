package org.sealwax.mail.message;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.Objects;
import org.sealwax.mail.message.HeaderSection.HeaderFlaw;

/**
 * Divides a message that passes in blocks into its header section and its body, where {@link
 * HeaderScanner} ends the section. Keeps the section in memory, and nothing of the body. {@link
 * #close()} ends the message. Not thread-safe.
 */
public final class MessageSplitter extends OutputStream {
  /** Gets the parts of the message. */
  public interface MessageParts {
    /**
     * Takes the header section; called once, before the body.
     *
     * @param section the whole header section
     * @throws IOException when the message cannot be processed
     */
    void header(HeaderSection section) throws IOException;

    /**
     * Takes the next bytes of the body.
     *
     * @param block where they are
     * @param offset of the first
     * @param length how many
     * @throws IOException when the message cannot be processed
     */
    void body(byte[] block, int offset, int length) throws IOException;
  }

  private final HeaderScanner scan;
  private final MessageParts parts;
  private ByteArrayOutputStream held = new ByteArrayOutputStream(1024);
  private boolean passed;

  /**
   * A splitter with the {@link HeaderScanner#DEFAULT_LIMIT}.
   *
   * @param parts gets the parts
   */
  public MessageSplitter(MessageParts parts) {
    this.scan = new HeaderScanner();
    this.parts = parts;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] block, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, block.length);
    int n = scan.scanned(block, offset, length);
    held.write(block, offset, n);
    if (scan.done()) {
      passHeader();
      if (n < length) {
        parts.body(block, offset + n, length - n);
      }
    }
  }

  /** The message has ended. */
  @Override
  public void close() throws IOException {
    scan.end();
    passHeader();
  }

  private void passHeader() throws IOException {
    if (passed) {
      return;
    }
    passed = true;
    byte[] all = held.toByteArray();
    held = new ByteArrayOutputStream(0);
    if (scan.tooLarge()) {
      parts.header(new HeaderSection(java.util.List.of(), HeaderFlaw.TOO_LARGE));
    } else if (scan.malformed()) {
      // The line that is not a field belongs to the body, as HeaderSeparator makes it.
      int end = all.length - scan.lineStart();
      parts.header(HeaderSection.of(Arrays.copyOf(all, end), HeaderFlaw.MALFORMED));
      if (end < all.length) {
        parts.body(all, end, all.length - end);
      }
    } else {
      parts.header(HeaderSection.of(Arrays.copyOf(all, withoutEmptyLine(all)), HeaderFlaw.NONE));
    }
  }

  /** Where the empty line begins that ends the section; the end when there is none. */
  private static int withoutEmptyLine(byte[] all) {
    int end = all.length;
    if (end == 0 || all[end - 1] != '\n') {
      return end;
    }
    int line = end > 1 && all[end - 2] == '\r' ? end - 2 : end - 1;
    return line == 0 || all[line - 1] == '\n' ? line : end;
  }
}
