package org.sealwax.router.spool;

import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32C;
import org.sealwax.mail.net.BlockInput;
import org.sealwax.router.spool.SpoolException.Kind;

/** A large content that is checked while it is read, so that a damaged one never looks whole. */
final class CheckedContent extends BlockInput {
  private final InputStream in;
  private final long size;
  private final int expected;
  private final CRC32C sum = new CRC32C();
  private long bytesRead;

  CheckedContent(InputStream in, long size, int expected) {
    this.in = in;
    this.size = size;
    this.expected = expected;
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    int n = in.read(into, offset, length);
    if (n < 0) {
      if (bytesRead != size || (int) sum.getValue() != expected) {
        throw new SpoolException(Kind.DAMAGED, "the content's file is damaged");
      }
      return -1;
    }
    bytesRead += n;
    sum.update(into, offset, n);
    return n;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
