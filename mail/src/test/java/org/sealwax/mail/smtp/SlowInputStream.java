package org.sealwax.mail.smtp;

import java.io.InputStream;

/** A stream that hands out its bytes in pieces of a given size. */
final class SlowInputStream extends InputStream {
  private final byte[] bytes;
  private final int piece;
  private int at;

  SlowInputStream(byte[] bytes, int piece) {
    this.bytes = bytes;
    this.piece = piece;
  }

  @Override
  public int read() {
    return at == bytes.length ? -1 : bytes[at++] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    if (at == bytes.length) {
      return -1;
    }
    int count = Math.min(Math.min(piece, length), bytes.length - at);
    System.arraycopy(bytes, at, into, offset, count);
    at += count;
    return count;
  }
}
