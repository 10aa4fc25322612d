package org.sealwax.mail.smtp.session;

import org.sealwax.mail.smtp.BodySink;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * What a server says to each verb. {@link ServerLoop} owns lines, limits, timeouts, pipelining and
 * TLS; this owns the meaning. One thread calls it.
 */
public interface CommandHandler {
  /** Who answers, for 421 lines: our host name. */
  String name();

  /** The greeting; anything but a 2yz ends the session after it. */
  Reply greeting();

  /** What to do about a command; {@link Command.Malformed} included. */
  CommandResult answer(Command command);

  /** TLS came about: all that was said before is forgotten (RFC 3207 4.2). */
  void encrypted(TlsWire wire);

  /** TLS did not come about; the session ends. */
  void handshakeFailed(TlsException trouble);

  /** The dialogue itself refused something; for the log. */
  void refused(String stage, Reply reply);

  /** Whether sessions are scarce: then a silent client is waited for only briefly. */
  default boolean areSessionsScarce() {
    return false;
  }

  /**
   * Whether a large body may have a larger read buffer; {@link #bufferShrunk} follows when it may.
   */
  default boolean mayGrowBuffer() {
    return true;
  }

  /** The read buffer is small again. */
  default void bufferShrunk() {}

  /** What follows a command. */
  sealed interface CommandResult {
    /** A reply, and the next command. */
    record SendReply(Reply reply) implements CommandResult {}

    /** A reply, and the end. */
    record ReplyAndClose(Reply reply) implements CommandResult {}

    /** 220, and a handshake by {@code server}. */
    record StartTls(TlsServer server) implements CommandResult {}

    /** 354, and a body up to CRLF.CRLF. */
    record ReceiveData(BodyReceiver body) implements CommandResult {}

    /** The octets that BDAT announced; the same body until its last chunk. */
    record ReceiveChunk(BodyReceiver body) implements CommandResult {}

    /** 334 with a text, and one line of answer for {@code next} (RFC 4954 section 4). */
    record SendChallenge(String text, ChallengeResponse next) implements CommandResult {}
  }

  /** What to do about the line that answers a 334. */
  @FunctionalInterface
  interface ChallengeResponse {
    /** The line as it came, without CRLF. */
    CommandResult answer(String line);
  }

  /**
   * A message body on its way in. {@code take} keeps trouble of the store to itself till the end.
   */
  interface BodyReceiver extends BodySink {
    /** Octets at most. */
    long maxBytes();

    @Override
    void take(byte[] block, int offset, int length);

    /** A chunk that is not the last is in. */
    Reply chunkTaken(long octets);

    /** All is in, or has been dropped; the reply that decides. */
    Reply complete(BodySummary summary);

    /**
     * The stream ended, the wait was too long, or the session is over: nothing comes of it. May be
     * called again, and after {@link #complete}: then it does nothing.
     */
    void abandoned();
  }
}
