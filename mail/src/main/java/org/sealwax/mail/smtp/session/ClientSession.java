package org.sealwax.mail.smtp.session;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.ReplyReader;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.Handshake;

/**
 * The client side of an SMTP session after the greeting. Commands collect in a buffer until a reply
 * is awaited, so that a pipelined group (RFC 2920) or a small message leaves in one write.
 *
 * <p>One thread owns it at a time; {@link #close} may come from any.
 */
public final class ClientSession implements Closeable {
  /** Bytes that collect before they are written: four TLS records. */
  static final int BUFFER = 64 * 1_024;

  /**
   * Bytes that any kernel takes without waiting for the peer when nothing else is in transit;
   * beyond them a write may block without end, and gets a deadline.
   */
  private static final int SURE_TO_FIT = 16 * 1_024;

  /** Buffers kept for the next session; more at one moment are left to the garbage collector. */
  private static final int KEPT = 32;

  private static final ArrayDeque<byte[]> FREE = new ArrayDeque<>(KEPT);

  private final Wire wire;
  private final LineReader lines;
  private final ReplyReader replies;
  private final @Nullable Handshake handshake;
  private final Duration block;
  private final OutputStream content = new ContentOutput();
  private Capabilities capabilities;
  private byte @Nullable [] buffer;
  private int filled;
  private long sinceReply;
  private @Nullable Duration timeout;

  /**
   * A session over {@code wire}, which it owns from now on.
   *
   * @param block how long one block may take to be written
   */
  ClientSession(Wire wire, LineReader lines, Capabilities capabilities, Duration block) {
    this.wire = wire;
    this.lines = lines;
    this.replies = new ReplyReader(lines);
    this.capabilities = capabilities;
    this.handshake = wire instanceof TlsWire tls ? tls.handshake() : null;
    this.block = block;
  }

  /** {@return what the server offers now} */
  public Capabilities capabilities() {
    return capabilities;
  }

  /** {@return the facts of TLS; empty unencrypted} */
  public Optional<Handshake> handshake() {
    return Optional.ofNullable(handshake);
  }

  /** {@return unsolicited bytes received: between transactions there must be none} */
  public int unsolicitedBytes() {
    return lines.buffered();
  }

  /**
   * Adds a command; it leaves at the latest when a reply is awaited.
   *
   * @param command the command line without its line end
   * @throws IllegalStateException at CR, LF or NUL: an address must not become a command
   * @throws IOException when the connection or file fails
   */
  public void send(String command) throws IOException {
    for (int i = 0; i < command.length(); i++) {
      char c = command.charAt(i);
      if (c == '\r' || c == '\n' || c == '\0') {
        throw new IllegalStateException("line break inside a command");
      }
    }
    byte[] bytes = command.getBytes(StandardCharsets.UTF_8);
    content.write(bytes, 0, bytes.length);
    content.write('\r');
    content.write('\n');
  }

  /**
   * {@return stream for the content, unchanged; buffered together with the commands; closing it
   * does nothing}
   */
  public OutputStream content() {
    return content;
  }

  /**
   * Writes what has collected.
   *
   * @throws IOException when the connection or file fails
   */
  public void flush() throws IOException {
    if (filled > 0 && buffer != null) {
      int count = filled;
      filled = 0;
      write(buffer, 0, count);
    }
  }

  /**
   * {@return the next reply; what has collected is written first}
   *
   * @param longest the peer may be silent
   * @throws IOException the session has ended, whatever the kind
   */
  public Reply reply(Duration longest) throws IOException {
    flush();
    if (!longest.equals(timeout)) {
      wire.readTimeout(longest);
      timeout = longest;
    }
    Reply reply = replies.read();
    sinceReply = 0;
    return reply;
  }

  /**
   * Sends one command and waits for its reply.
   *
   * @param command the command line without its line end
   * @param longest how long the peer may be silent
   * @return the reply
   * @throws IOException when the connection or file fails
   */
  public Reply exchange(String command, Duration longest) throws IOException {
    send(command);
    return reply(longest);
  }

  /** Gives the buffer back; for sessions that wait for their next message. */
  public void releaseBuffer() {
    byte[] mine = buffer;
    buffer = null;
    if (mine != null) {
      synchronized (FREE) {
        if (FREE.size() < KEPT) {
          FREE.addLast(mine);
        }
      }
    }
  }

  /**
   * Sends QUIT, does not wait for the reply (RFC 5321 4.1.1.10 requires one, but nothing depends on
   * it), and closes.
   */
  public void quit() {
    try {
      filled = 0;
      send("QUIT");
      flush();
    } catch (IOException e) {
      // It was over already.
    }
    closeQuietly();
  }

  /** Closes without QUIT, from any thread. */
  @Override
  public void close() throws IOException {
    wire.close();
  }

  /** Closes; a failure of the close is ignored. */
  public void closeQuietly() {
    releaseBuffer();
    try {
      wire.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  private void write(byte[] bytes, int offset, int count) throws IOException {
    sinceReply += count;
    if (sinceReply <= SURE_TO_FIT) {
      wire.out().write(bytes, offset, count);
      return;
    }
    // RFC 5321 §4.5.3.2.5; sockets have no write timeout of their own.
    try (Deadline deadline = Deadline.after(block, wire)) {
      try {
        wire.out().write(bytes, offset, count);
      } catch (IOException e) {
        if (deadline.passed()) {
          throw timedOut(e);
        }
        throw e;
      }
    }
  }

  private IOException timedOut(IOException cause) {
    InterruptedIOException failure =
        new InterruptedIOException("a block of content was not taken within " + block);
    failure.initCause(cause);
    return failure;
  }

  private byte[] buffer() {
    byte[] mine = buffer;
    if (mine == null) {
      synchronized (FREE) {
        mine = FREE.pollLast();
      }
      if (mine == null) {
        mine = new byte[BUFFER];
      }
      buffer = mine;
    }
    return mine;
  }

  private final class ContentOutput extends OutputStream {
    @Override
    public void write(int value) throws IOException {
      byte[] into = buffer();
      if (filled == into.length) {
        ClientSession.this.flush();
      }
      into[filled++] = (byte) value;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      byte[] into = buffer();
      int from = offset;
      int left = length;
      while (left > 0) {
        if (filled == into.length) {
          ClientSession.this.flush();
        }
        int count = Math.min(left, into.length - filled);
        System.arraycopy(bytes, from, into, filled, count);
        filled += count;
        from += count;
        left -= count;
      }
    }

    @Override
    public void flush() throws IOException {
      ClientSession.this.flush();
    }
  }
}
