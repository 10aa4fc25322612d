package org.sealwax.router.queue;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.dkim.SigningOutput;
import org.sealwax.router.spool.QueueId;
import org.sealwax.router.spool.SpoolException;

/** The entry of mail into the queue. Thread-safe. */
public interface Intake {
  /**
   * Opens an entry and gives it its identifier; nothing is durable yet.
   *
   * @param memory to which the entry charges what it holds in memory
   * @throws SpoolException when no mail can be taken now
   */
  IncomingMessage open(ByteBudget memory) throws SpoolException;

  /** Opens an entry for our own mail, which is small. */
  default IncomingMessage open() throws SpoolException {
    return open(ByteBudget.unlimited());
  }

  /**
   * The recipients of our own message to an address: the targets, where it is an alias of this
   * host.
   */
  default List<Recipient> ownRecipients(Mailbox to, ReversePath sender, DsnRequest dsn) {
    return List.of(Recipient.direct(to, sender, dsn));
  }

  /** One message on its way in; owned by one thread. */
  interface IncomingMessage extends Closeable, SigningOutput.SignedContent {
    /** The identifier, for Received and the log. */
    QueueId id();

    /**
     * Takes header and body as they go on the wire, with CRLF line ends and without dot-stuffing.
     * Small messages stay in memory until commit, large ones stream to a file: memory is
     * independent of size.
     */
    @Override
    OutputStream content();

    /**
     * Commits; when this returns, message, envelope and queue state are on stable storage, and the
     * {@code 250} may be sent. Never returns early: a failed fsync throws, and the message is not
     * queued.
     *
     * @param recipients at least one
     */
    void commit(Envelope envelope, List<Recipient> recipients) throws IOException;

    /**
     * Stores the message as provisional, and begins its delivery at once, while the client waits.
     * When this returns a delivery, message and envelope are on stable storage; {@link
     * CutThrough#end} decides about the reply.
     *
     * @return empty when no slot is free for it: nothing was done, and {@link #commit} is to follow
     */
    default Optional<CutThrough> cutThrough(Envelope envelope, Recipient recipient)
        throws IOException {
      return Optional.empty();
    }

    /** The content so far, from its beginning; to be closed. */
    InputStream read() throws IOException;

    /**
     * Begins again with an empty {@link #content}.
     *
     * @return the content so far, to be closed
     */
    InputStream rewrite() throws IOException;

    /**
     * As {@link #commit}, with all recipients on hold, and the sender not notified.
     *
     * @param reason of the filter, for the admin
     */
    void quarantine(Envelope envelope, List<Recipient> recipients, String reason)
        throws IOException;

    /** Discards the message unless it was committed. */
    @Override
    void close() throws IOException;
  }
}
