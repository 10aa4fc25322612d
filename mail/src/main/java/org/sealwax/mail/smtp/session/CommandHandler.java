package org.sealwax.mail.smtp.session;

import org.sealwax.mail.smtp.BodySink;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * The replies of a server to each command. {@link ServerLoop} handles lines, limits, timeouts,
 * pipelining and TLS; this handles the commands. One thread calls it.
 */
public interface CommandHandler {
  /** {@return our host name, for 421 replies} */
  String name();

  /** {@return the greeting; anything but a 2yz ends the session after it} */
  Reply greeting();

  /**
   * {@return what to do about a command; {@link Command.Malformed} included}
   *
   * @param command the parsed command
   */
  CommandResult answer(Command command);

  /**
   * The TLS handshake succeeded: everything sent before is discarded (RFC 3207 4.2).
   *
   * @param wire the encrypted connection
   */
  void encrypted(TlsWire wire);

  /**
   * The TLS handshake failed; the session ends.
   *
   * @param trouble the failure
   */
  void handshakeFailed(TlsException trouble);

  /**
   * {@link ServerLoop} itself refused something; for the log.
   *
   * @param stage the word of the stage
   * @param reply the reply that was sent
   */
  void refused(String stage, Reply reply);

  /** {@return whether sessions are scarce: then the timeout for a silent client is short} */
  default boolean areSessionsScarce() {
    return false;
  }

  /**
   * {@return whether a large body may have a larger read buffer; {@link #bufferShrunk} follows when
   * it may}
   */
  default boolean mayGrowBuffer() {
    return true;
  }

  /** The read buffer is small again. */
  default void bufferShrunk() {}

  /** A session while it waits for the reply to a message. For the thread of the session. */
  interface WaitingSession {
    /**
     * {@return whether the client has closed the connection; a client that has sent its next
     * command before it closed still reads our reply, and has not}
     */
    boolean isClientGone();

    /** {@return whether the session is to end soon, because we are shutting down} */
    boolean isEnding();
  }

  /** What follows a command. */
  sealed interface CommandResult {
    /**
     * A reply, and the next command.
     *
     * @param reply the reply to send
     */
    record SendReply(Reply reply) implements CommandResult {}

    /**
     * A reply, and the end.
     *
     * @param reply the reply to send
     */
    record ReplyAndClose(Reply reply) implements CommandResult {}

    /**
     * 220, and a handshake by {@code server}.
     *
     * @param server the TLS side of the listener
     */
    record StartTls(TlsServer server) implements CommandResult {}

    /**
     * 354, and a body up to CRLF.CRLF.
     *
     * @param body what receives the content
     */
    record ReceiveData(BodyReceiver body) implements CommandResult {}

    /**
     * The bytes that BDAT announced; the same body until its last chunk.
     *
     * @param body what receives the content
     */
    record ReceiveChunk(BodyReceiver body) implements CommandResult {}

    /**
     * 334 with a text, and one line of answer for {@code next} (RFC 4954 section 4).
     *
     * @param text the challenge, encoded in base64
     * @param next what reads the response
     */
    record SendChallenge(String text, ChallengeResponse next) implements CommandResult {}
  }

  /** What to do about the line that answers a 334. */
  @FunctionalInterface
  interface ChallengeResponse {
    /**
     * {@return the line as it came, without CRLF}
     *
     * @param line the line without its end
     */
    CommandResult answer(String line);
  }

  /**
   * A message body on its way in. {@code take} keeps failures of the store to itself until the end.
   */
  interface BodyReceiver extends BodySink {
    /** {@return bytes at most} */
    long maxBytes();

    @Override
    void take(byte[] block, int offset, int length);

    /**
     * {@return a chunk that is not the last is in}
     *
     * @param octets bytes taken so far
     */
    Reply chunkTaken(long octets);

    /**
     * {@return all is in, or has been dropped; the reply that decides}
     *
     * @param summary size and findings of the content
     * @param session the session, which waits for the reply
     */
    Reply complete(BodySummary summary, WaitingSession session);

    /**
     * The stream ended, the wait was too long, or the session has ended: the message is discarded.
     * May be called again, and after {@link #complete}: then it does nothing.
     */
    void abandoned();
  }
}
