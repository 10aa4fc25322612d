package org.sealwax.mail.net;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;

/** A TCP connection. */
final class SocketWire implements Wire {
  private final Socket socket;
  private final InputStream in;
  private final OutputStream out;
  private final InetSocketAddress local;
  private final InetSocketAddress peer;

  SocketWire(Socket socket) throws IOException {
    this.socket = socket;
    // Replies and pipelined groups are written whole; Nagle would only delay them.
    socket.setTcpNoDelay(true);
    this.in = socket.getInputStream();
    this.out = socket.getOutputStream();
    this.local = (InetSocketAddress) socket.getLocalSocketAddress();
    this.peer = (InetSocketAddress) socket.getRemoteSocketAddress();
  }

  @Override
  public InputStream in() {
    return in;
  }

  @Override
  public OutputStream out() {
    return out;
  }

  @Override
  public InetSocketAddress local() {
    return local;
  }

  @Override
  public InetSocketAddress peer() {
    return peer;
  }

  @Override
  public void readTimeout(Duration timeout) throws IOException {
    socket.setSoTimeout(Math.clamp(timeout.plusNanos(999_999).toMillis(), 1, 86_400_000));
  }

  @Override
  public void finish() throws IOException {
    try (Deadline _ = Deadline.after(FINISH_TIME, this)) {
      socket.shutdownOutput();
      readTimeout(FINISH_TIME);
      byte[] dropped = new byte[8 * 1_024];
      int left = FINISH_BYTES;
      while (left > 0) {
        int count = in.read(dropped, 0, Math.min(dropped.length, left));
        if (count < 0) {
          break;
        }
        left -= count;
      }
    } catch (IOException e) {
      // The peer had its chance.
    } finally {
      close();
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
