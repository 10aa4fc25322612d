package org.sealwax.mail.net;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/**
 * A duplex stream of bytes with one peer: a TCP connection, a TLS connection over one, or a pair in
 * memory. One thread owns it; {@link #close()} may come from any thread and ends blocked reads and
 * writes with an {@link IOException}.
 *
 * <p>The streams do no buffering of their own: {@code in().read(buf)} returns what there is.
 * Readers and writers above bring their buffers, and the code that starts TLS must first make sure
 * that theirs are empty (RFC 3207 section 4.2; the STARTTLS injection attack, CVE-2011-0411).
 */
public interface Wire extends Closeable {
  /** {@return bytes from the peer; a read that waits longer than {@link #readTimeout} throws} */
  InputStream in();

  /** {@return bytes to the peer} */
  OutputStream out();

  /**
   * The local end.
   *
   * @return our address
   */
  InetSocketAddress local();

  /**
   * The remote end.
   *
   * @return the address of the peer
   */
  InetSocketAddress peer();

  /**
   * The longest that one read may wait.
   *
   * @param timeout positive; rounded up to milliseconds; {@link java.net.SocketTimeoutException}
   *     when it passes
   * @throws IOException when the connection or file fails
   */
  void readTimeout(Duration timeout) throws IOException;

  /** Ends the connection at once; may be called again and from any thread. */
  @Override
  void close() throws IOException;

  /** Bytes that {@link #finish} reads and drops: a few round trips of data in transit. */
  int FINISH_BYTES = 256 * 1_024;

  /** How long {@link #finish} may take. */
  Duration FINISH_TIME = Duration.ofSeconds(2);

  /**
   * Ends the connection so that the peer can read our last reply: closing a socket while bytes come
   * in makes the kernel send a reset, which destroys what the peer has not read yet. Ends our
   * direction, reads and drops what still comes within {@link #FINISH_BYTES} and {@link
   * #FINISH_TIME}, and closes. For the thread that owns the wire. Where there are no resets it is
   * {@link #close}.
   *
   * @throws IOException when the connection or file fails
   */
  default void finish() throws IOException {
    close();
  }

  /**
   * {@return a TCP connection as a wire}
   *
   * @param socket a connected socket
   * @throws IOException when the connection or file fails
   */
  static Wire of(Socket socket) throws IOException {
    return new SocketWire(socket);
  }

  /**
   * {@return a connection through a Unix-domain socket, in blocking mode, as a wire}
   *
   * @param channel a connected socket channel
   */
  static Wire of(SocketChannel channel) {
    return new UnixWire(channel);
  }
}
