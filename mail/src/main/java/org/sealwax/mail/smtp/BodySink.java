package org.sealwax.mail.smtp;

import java.io.IOException;

/** Takes a body block by block; a block may be reused after the call. */
@FunctionalInterface
public interface BodySink {
  /**
   * Takes {@code length} bytes of {@code block} from {@code offset}.
   *
   * @param block holds the bytes
   * @param offset index of the first byte
   * @param length number of bytes
   * @throws IOException when they cannot be kept; the reader stops then and passes it on
   */
  void take(byte[] block, int offset, int length) throws IOException;
}
