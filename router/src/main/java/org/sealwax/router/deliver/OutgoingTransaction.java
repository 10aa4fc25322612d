package org.sealwax.router.deliver;

import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.smtp.DotWriter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.queue.Recipient;

/**
 * The conversation of one transaction: MAIL, RCPT, content. It sends, reads, and returns what
 * happened as a {@link Transcript}; what that means is decided by {@link NextHostOrLater}. With
 * PIPELINING the envelope and DATA leave in one write; a small message and its end in another. One
 * thread owns it.
 */
final class OutgoingTransaction {
  /** From this size on BDAT saves the search for dots more than it costs to compute a size. */
  static final long CHUNKING_PAYS = 256 * 1_024;

  private final HostConnection peer;
  private final ClientSession session;
  private final EnvelopeCommands commands;
  private final List<Recipient> recipients;
  private final SmtpTimeouts times;
  private final boolean pipelining;
  private final boolean chunking;
  private final List<Transcript.Answer> rcpt = new ArrayList<>(4);
  private Transcript.@Nullable Answer mail;
  private @Nullable Reply content;
  private TransactionStage stage = TransactionStage.MAIL;
  private boolean contentSent;
  private boolean inStep;

  /** One for these recipients, at least one. */
  OutgoingTransaction(
      HostConnection peer,
      EnvelopeCommands commands,
      List<Recipient> recipients,
      SmtpTimeouts times) {
    this.peer = peer;
    this.session = peer.session();
    this.commands = commands;
    this.recipients = recipients;
    this.times = times;
    this.pipelining = commands.offered().offersPipelining();
    this.chunking =
        commands.offered().offersChunking()
            && (commands.isBinary() || commands.consignment().size() >= CHUNKING_PAYS);
  }

  /**
   * Runs it, up to the reply to the content.
   *
   * @throws IllegalStateException when the connection does not meet its requirement: nothing was
   *     sent then
   */
  Transcript run(boolean insistsOnRequireTls) {
    peer.transactionBegan();
    // In production, right before MAIL.
    peer.assertMeetsRequirement(insistsOnRequireTls);
    Transcript.Ending ending =
        within(
            times.untilEndOfContent(recipients.size(), commands.content().size()),
            this::untilEndOfContent);
    if (contentSent) {
      ending = within(times.finalReply(), () -> content = session.reply(times.end()));
    }
    return new Transcript(recipients, mail, rcpt, content, stage, ending, commands.passesDsnOn());
  }

  /** A part of a conversation. */
  @FunctionalInterface
  private interface ConversationPart {
    void run() throws IOException;
  }

  /** Runs a part with a total time, whatever the single waits allow. */
  private Transcript.Ending within(Duration allowed, ConversationPart part) {
    try (Deadline deadline = Deadline.after(allowed, session)) {
      try {
        part.run();
        return new Transcript.Ending.Replied();
      } catch (StoredContent.ContentUnreadable e) {
        return new Transcript.Ending.ContentUnreadable(String.valueOf(e.getMessage()));
      } catch (IOException e) {
        return deadline.passed()
            ? new Transcript.Ending.TooSlow(allowed)
            : new Transcript.Ending.Broken(e);
      }
    }
  }

  private void untilEndOfContent() throws IOException {
    session.send(commands.mail(recipients));
    if (pipelining) {
      for (Recipient recipient : recipients) {
        session.send(commands.rcpt(recipient));
      }
      if (sendsDataAtOnce()) {
        session.send("DATA");
      }
    }
    Reply first = session.reply(times.mail());
    mail =
        new Transcript.Answer(
            first, !first.isPositive() && commands.hasOptionalParameters(recipients));
    if (!first.isPositive()) {
      for (int i = 0; pipelining && first.code() != 421 && i < recipients.size(); i++) {
        session.reply(times.rcpt());
      }
      return;
    }
    boolean accepted = false;
    for (Recipient recipient : recipients) {
      stage = TransactionStage.RCPT;
      if (!pipelining) {
        session.send(commands.rcpt(recipient));
      }
      Reply reply = session.reply(times.rcpt());
      rcpt.add(
          new Transcript.Answer(
              reply, !reply.isPositive() && commands.hasOptionalParameters(recipient)));
      accepted |= reply.isPositive();
      if (reply.code() == 421) {
        return;
      }
    }
    if (accepted) {
      stage = TransactionStage.DATA;
      if (chunking) {
        bdat();
      } else {
        data();
      }
    }
  }

  private boolean sendsDataAtOnce() {
    return pipelining && !chunking;
  }

  private void data() throws IOException {
    if (!sendsDataAtOnce()) {
      session.send("DATA");
    }
    Reply go = session.reply(times.data());
    if (go.code() != 354) {
      content = go;
      return;
    }
    DotWriter dots = new DotWriter(session.content());
    commands.content().copyTo(dots::write);
    stage = TransactionStage.END;
    dots.end();
    contentSent = true;
  }

  private void bdat() throws IOException {
    session.send("BDAT " + commands.content().size() + " LAST");
    OutputStream out = session.content();
    commands.content().copyTo(out::write);
    stage = TransactionStage.END;
    contentSent = true;
  }

  /**
   * Ends a transaction without content (RFC 2920 3.1: a 354 that came too soon gets a dot).
   *
   * @return how that ended
   */
  Transcript.Ending takeBack() {
    stage = TransactionStage.DATA;
    return within(times.untilEndOfContent(0, 0), this::end);
  }

  private void end() throws IOException {
    if (!sendsDataAtOnce()) {
      inStep = session.exchange("RSET", times.rcpt()).isPositive();
      return;
    }
    Reply go = session.reply(times.data());
    if (go.code() == 354) {
      session.send(".");
      session.reply(times.end());
      inStep = true;
    } else {
      inStep = go.code() != 421 && (go.isTransient() || go.isPermanent());
    }
  }

  /** Whether, after {@link #takeBack}, the replies fit the commands: it can be used again. */
  boolean isInStep() {
    return inStep;
  }
}
