package org.sealwax.lab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.sealwax.world.Wire;

/** A wire that keeps the first octets that come in: the hello, before any engine sees it. */
final class Tap implements Wire {
  private final Wire wire;
  private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
  private boolean first = true;

  Tap(Wire wire) {
    this.wire = wire;
  }

  /** What came in before we first answered. */
  byte[] hello() {
    return kept.toByteArray();
  }

  @Override
  public InputStream in() {
    InputStream source = wire.in();
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        int count = source.read(into, offset, length);
        if (first && count > 0) {
          kept.write(into, offset, Math.min(count, Sighting.MAX_HELLO - kept.size()));
        }
        return count;
      }

      @Override
      public int available() throws IOException {
        return source.available();
      }
    };
  }

  @Override
  public OutputStream out() {
    OutputStream sink = wire.out();
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        first = false;
        sink.write(b);
      }

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        first = false;
        sink.write(from, offset, length);
      }

      @Override
      public void flush() throws IOException {
        sink.flush();
      }
    };
  }

  @Override
  public InetSocketAddress local() {
    return wire.local();
  }

  @Override
  public InetSocketAddress peer() {
    return wire.peer();
  }

  @Override
  public void readTimeout(Duration longest) throws IOException {
    wire.readTimeout(longest);
  }

  @Override
  public void finish() throws IOException {
    wire.finish();
  }

  @Override
  public void close() throws IOException {
    wire.close();
  }
}
