package org.sealwax.mail.net;

import java.io.IOException;
import java.io.InputStream;

/** A source that gives blocks; a single byte is a block of one. */
public abstract class BlockInput extends InputStream {
  /** For what gives blocks. */
  protected BlockInput() {}

  @Override
  public abstract int read(byte[] into, int offset, int length) throws IOException;

  @Override
  public final int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }
}
