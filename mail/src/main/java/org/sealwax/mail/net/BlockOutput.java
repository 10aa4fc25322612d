package org.sealwax.mail.net;

import java.io.IOException;
import java.io.OutputStream;

/** A sink that takes blocks; a single byte is a block of one. */
public abstract class BlockOutput extends OutputStream {
  /** For what takes blocks. */
  protected BlockOutput() {}

  @Override
  public abstract void write(byte[] from, int offset, int length) throws IOException;

  @Override
  public final void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }
}
