package org.sealwax.mail.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * A connection through a Unix-domain socket. Both ends have the address loopback, port 0: there is
 * no peer address. A read that waits too long closes the connection, as channels have no timeouts.
 */
final class UnixWire implements Wire {
  private static final InetSocketAddress HERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final SocketChannel channel;
  private volatile Duration timeout = Duration.ofMinutes(5);

  UnixWire(SocketChannel channel) {
    this.channel = channel;
  }

  @Override
  public InputStream in() {
    return new BlockInput() {

      @Override
      public int read(byte[] into, int offset, int length) throws IOException {
        try (Deadline deadline = Deadline.after(timeout, channel)) {
          try {
            return channel.read(ByteBuffer.wrap(into, offset, length));
          } catch (IOException e) {
            if (deadline.passed()) {
              throw new SocketTimeoutException("no answer within " + timeout);
            }
            throw e;
          }
        }
      }
    };
  }

  @Override
  public OutputStream out() {
    return new BlockOutput() {

      @Override
      public void write(byte[] from, int offset, int length) throws IOException {
        ByteBuffer left = ByteBuffer.wrap(from, offset, length);
        while (left.hasRemaining()) {
          channel.write(left);
        }
      }
    };
  }

  @Override
  public InetSocketAddress local() {
    return HERE;
  }

  @Override
  public InetSocketAddress peer() {
    return HERE;
  }

  @Override
  public void readTimeout(Duration longest) {
    this.timeout = longest;
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
