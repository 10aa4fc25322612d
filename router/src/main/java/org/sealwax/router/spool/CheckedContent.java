package org.sealwax.router.spool;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.CRC32C;
import org.sealwax.router.spool.SpoolException.Kind;

/** A large content that is checked while it is read, so that a damaged one never looks whole. */
final class CheckedContent extends FilterInputStream {
  private final long size;
  private final int expected;
  private final CRC32C sum = new CRC32C();
  private long bytesRead;

  CheckedContent(InputStream in, long size, int expected) {
    super(in);
    this.size = size;
    this.expected = expected;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    int n = read(one, 0, 1);
    return n < 0 ? -1 : one[0] & 0xff;
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
  public long skip(long n) throws IOException {
    byte[] away = new byte[(int) Math.min(8192, Math.max(0, n))];
    int read = away.length == 0 ? 0 : read(away, 0, away.length);
    return Math.max(0, read);
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
