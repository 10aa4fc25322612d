package org.sealwax.mail.smtp.session;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.DotReader;
import org.sealwax.mail.smtp.LineReader;

/**
 * The bytes of a client within their time limits (RFC 5321 4.5.3.2): one for each read, one for a
 * whole command line, one for a whole message. A byte now and then extends none of the last two.
 */
final class SessionInput extends InputStream {
  /** Time that a client may be silent after LF.LF and the like before it gets the error reply. */
  private static final Duration FALSE_END = Duration.ofSeconds(10);

  /** For the next bytes while sessions are scarce; Postfix has the same under stress. */
  private static final Duration SCARCE_WAIT = Duration.ofSeconds(10);

  /** Wait for what the client does while it waits for our reply: it is there already, or not. */
  private static final Duration PROBE = Duration.ofMillis(1);

  private final Wire wire;
  private final InputStream source;
  private final SessionSettings settings;
  private final Clock clock;
  private final BooleanSupplier areSessionsScarce;
  private final Duration falseEnd;
  private Duration readTimeout = Duration.ZERO;
  private long bodyDeadline;
  private long lineDeadline;
  private boolean inBody;

  /** Reads ahead without the time limits of lines and messages. */
  private boolean probing;

  private @Nullable DotReader dots;

  /**
   * Nothing is read, and no limit set, yet.
   *
   * @param areSessionsScarce whether reads have the shorter limit now
   */
  SessionInput(
      Wire wire, SessionSettings settings, Clock clock, BooleanSupplier areSessionsScarce) {
    this.wire = wire;
    this.source = wire.in();
    this.settings = settings;
    this.clock = clock;
    this.areSessionsScarce = areSessionsScarce;
    this.falseEnd = settings.block().compareTo(FALSE_END) < 0 ? settings.block() : FALSE_END;
  }

  /**
   * A command line comes.
   *
   * @param betweenChunks whether it belongs to a message in chunks: all chunks and the waits
   *     between them have the time of one message
   */
  void startLine(boolean betweenChunks) throws IOException {
    long now = clock.nanoTime();
    long most = settings.command().toNanos();
    if (betweenChunks) {
      most = Math.clamp(bodyDeadline - now, 1, most);
    }
    waitAtMost(Duration.ofNanos(most));
    lineDeadline = now + most;
  }

  /** A message, or bytes that are read as if they were one, begins. */
  void startBody() throws IOException {
    bodyDeadline = clock.nanoTime() + settings.body().toNanos();
    continueBody();
  }

  /** The next chunk of a message comes. */
  void continueBody() throws IOException {
    waitAtMost(settings.block());
    inBody = true;
  }

  /** A message comes that {@code reader} reads to its end. */
  void startBody(DotReader reader) throws IOException {
    startBody();
    dots = reader;
  }

  /** The message, or this chunk of it, was read. */
  void endBody() {
    inBody = false;
    dots = null;
  }

  /**
   * Whether the client has closed the connection while it waits for a reply. What it has sent
   * instead is read ahead: then it has not.
   *
   * @param ahead reads from this input
   */
  boolean isClientGone(LineReader ahead) {
    if (ahead.buffered() > 0) {
      return false;
    }
    probing = true;
    try {
      waitAtMost(PROBE);
      return !ahead.readAhead();
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    } finally {
      probing = false;
    }
  }

  @Override
  public int read() {
    throw new UnsupportedOperationException("read in blocks");
  }

  @Override
  public int read(byte[] into, int offset, int length) throws IOException {
    if (probing) {
      return source.read(into, offset, length);
    }
    if (clock.nanoTime() - (inBody ? bodyDeadline : lineDeadline) > 0) {
      throw new SocketTimeoutException("body or line timed out");
    }
    DotReader reader = dots;
    if (reader != null) {
      waitAtMost(reader.isFalseEnd() ? falseEnd : settings.block());
    }
    if (areSessionsScarce.getAsBoolean() && SCARCE_WAIT.compareTo(readTimeout) < 0) {
      waitAtMost(SCARCE_WAIT);
    }
    return source.read(into, offset, length);
  }

  private void waitAtMost(Duration timeout) throws IOException {
    if (!timeout.equals(readTimeout)) {
      readTimeout = timeout;
      wire.readTimeout(timeout);
    }
  }
}
