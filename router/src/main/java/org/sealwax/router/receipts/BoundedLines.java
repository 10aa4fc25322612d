package org.sealwax.router.receipts;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The lines of a file that may be damaged: bounded, strict UTF-8, with a torn end reported
 * separately.
 */
final class BoundedLines implements Closeable {
  private final InputStream in;
  private long whole;
  private boolean torn;

  BoundedLines(InputStream in) {
    this.in = new BufferedInputStream(in, 1 << 16);
  }

  /**
   * The next line without its end; null at the end of the file, also when what is left has no end.
   *
   * @throws IOException when a line is too long or not UTF-8
   */
  @Nullable String next() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream(512);
    for (int value = in.read(); value >= 0; value = in.read()) {
      if (value == '\n') {
        whole += line.size() + 1;
        return text(line.toByteArray());
      }
      if (line.size() >= ReceiptLine.MAX_LINE) {
        throw new IOException("a line is longer than " + ReceiptLine.MAX_LINE + " bytes");
      }
      line.write(value);
    }
    torn = line.size() > 0;
    return null;
  }

  private static String text(byte[] bytes) throws IOException {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new IOException("a line is not UTF-8", e);
    }
  }

  /** Bytes of the whole lines read so far. */
  long whole() {
    return whole;
  }

  /** Whether the file ended in the middle of a line. */
  boolean isTorn() {
    return torn;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
