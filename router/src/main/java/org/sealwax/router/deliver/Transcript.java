package org.sealwax.router.deliver;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.queue.Recipient;

/**
 * What happened in one transaction, from MAIL to the reply to the content. It shows nothing about
 * what follows: that is {@link NextHostOrLater}.
 *
 * @param recipients of the transaction, in the order of their RCPT
 * @param mail the answer to MAIL; null when none came
 * @param rcpt the answers to RCPT, in the same order; fewer when the transaction ended before
 * @param content the reply to DATA that was not 354, or else the reply to the content; null when
 *     none came
 * @param stage where the transaction ended
 * @param ending how it ended
 * @param passesDsnOn whether the host knows DSN and got the DSN parameters
 */
record Transcript(
    List<Recipient> recipients,
    @Nullable Answer mail,
    List<Answer> rcpt,
    @Nullable Reply content,
    TransactionStage stage,
    Ending ending,
    boolean passesDsnOn) {
  /** Copies. */
  Transcript {
    recipients = List.copyOf(recipients);
    rcpt = List.copyOf(rcpt);
  }

  /**
   * The answer to one command.
   *
   * @param reply the host's
   * @param optionalParameters the command had parameters that the mail can go without; not worked
   *     out for a positive reply
   */
  record Answer(Reply reply, boolean optionalParameters) {}

  /** The end of the conversation of one transaction. */
  sealed interface Ending {
    /** Each command has its reply. */
    record Replied() implements Ending {}

    /** The connection broke. */
    record Broken(IOException failure) implements Ending {}

    /** The host was never silent for too long, and yet took longer than this. */
    record TooSlow(Duration allowed) implements Ending {}

    /** We could not read the stored content. */
    record ContentUnreadable(String why) implements Ending {}
  }
}
