package org.sealwax.mail.smtp;

import java.io.InputStream;

/** A stream that hands out its octets in pieces of a given size. */
final class SlowInputStream extends InputStream {
  private final byte[] octets;
  private final int piece;
  private int at;

  SlowInputStream(byte[] octets, int piece) {
    this.octets = octets;
    this.piece = piece;
  }

  @Override
  public int read() {
    return at == octets.length ? -1 : octets[at++] & 0xff;
  }

  @Override
  public int read(byte[] into, int offset, int length) {
    if (at == octets.length) {
      return -1;
    }
    int count = Math.min(Math.min(piece, length), octets.length - at);
    System.arraycopy(octets, at, into, offset, count);
    at += count;
    return count;
  }
}
