package org.sealwax.router.deliver;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.DotWriter;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.session.ClientSession;
import org.sealwax.mail.smtp.session.SmtpTimeouts;
import org.sealwax.router.queue.Consignment;
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
  private boolean envelopeOnly;
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
            && (commands.isBinary() || commands.content().consignment().size() >= CHUNKING_PAYS);
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

  /** The same without the content, up to the replies to RCPT: {@link #takeBack} follows. */
  Transcript runEnvelope() {
    envelopeOnly = true;
    return run(false);
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
        return new Transcript.Ending.ContentUnreadable(FailureText.of(e));
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
    if (accepted && !envelopeOnly) {
      stage = TransactionStage.DATA;
      if (chunking) {
        bdat();
      } else {
        data();
      }
    }
  }

  private boolean sendsDataAtOnce() {
    return pipelining && !chunking && !envelopeOnly;
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
    checkWanted();
    stage = TransactionStage.END;
    dots.end();
    contentSent = true;
  }

  /** The last moment to give the message up: its end of data makes the host responsible for it. */
  private void checkWanted() throws IOException {
    if (!commands.content().consignment().slot().mayEndData()) {
      throw new IOException("the client whose message it is disconnected");
    }
  }

  private void bdat() throws IOException {
    checkWanted();
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
    if (sendsDataAtOnce() && content == null) {
      Reply go = session.reply(times.data());
      if (go.code() == 354) {
        session.send(".");
        session.reply(times.end());
        inStep = true;
        return;
      }
      if (go.code() == 421 || !go.isTransient() && !go.isPermanent()) {
        return;
      }
      if (mail == null || !mail.reply().isPositive()) {
        inStep = true;
        return;
      }
    }
    // A refused DATA ends nothing: Postfix calls the next MAIL nested (RFC 5321 4.1.4).
    inStep = session.exchange("RSET", times.rcpt()).isPositive();
  }

  /** Whether, after {@link #takeBack}, the replies fit the commands: it can be used again. */
  boolean isInStep() {
    return inStep;
  }

  /** The content of a consignment as a host gets it: scanned, and copied. */
  static final class StoredContent {
    /** Bytes of a header that are searched for non-ASCII ones. */
    private static final int HEADER = 1_024 * 1_024;

    private final Consignment consignment;
    private final byte[] prefix;

    StoredContent(Consignment consignment) {
      this.consignment = consignment;
      String deliveredTo = consignment.deliveredTo();
      this.prefix =
          deliveredTo == null
              ? new byte[0]
              : ("Delivered-To: " + LocalPart.ascii(oneLine(deliveredTo)) + "\r\n")
                  .getBytes(StandardCharsets.US_ASCII);
    }

    private static String oneLine(String text) {
      for (int i = 0; i < text.length(); i++) {
        if (text.charAt(i) < ' ' || text.charAt(i) == 0x7f) {
          throw new IllegalStateException("control character in a mailbox");
        }
      }
      return text;
    }

    Consignment consignment() {
      return consignment;
    }

    /** Bytes that the host gets: the content, and Delivered-To before it. */
    long size() {
      return consignment.size() + prefix.length;
    }

    /** A local failure with the stored content, not a failure of the host. */
    static final class ContentUnreadable extends IOException {
      ContentUnreadable(String message, @Nullable Throwable cause) {
        super(message, cause);
      }
    }

    /** Takes bytes. */
    @FunctionalInterface
    interface ByteSink {
      /** Takes some. */
      void write(byte[] bytes, int offset, int length) throws IOException;
    }

    /** Whether all of it would pass without BODY=8BITMIME (RFC 6152 3). */
    boolean isAscii() {
      try (InputStream in = consignment.content().open()) {
        byte[] block = new byte[8_192];
        boolean ascii = true;
        for (int count = in.read(block); ascii && count >= 0; count = in.read(block)) {
          ascii = isAscii(block, count);
        }
        return ascii;
      } catch (IOException e) {
        // The transfer will report what is wrong with the content; nothing is left out for it here.
        return false;
      }
    }

    /** Whether the message needs SMTPUTF8, whatever its recipients are (RFC 6531 3.5). */
    boolean needsUtf8() {
      boolean sender =
          !(consignment.sender() instanceof ReversePath.SenderMailbox(Mailbox mailbox))
              || mailbox.isAscii();
      return !sender || (consignment.options().smtputf8() && !headerIsAscii());
    }

    private boolean headerIsAscii() {
      try (InputStream in = consignment.content().open()) {
        byte[] header = in.readNBytes((int) Math.min(HEADER, consignment.size()));
        int end = header.length;
        for (int i = 3; i < header.length; i++) {
          if (header[i] == '\n'
              && header[i - 1] == '\r'
              && header[i - 2] == '\n'
              && header[i - 3] == '\r') {
            end = i;
            break;
          }
        }
        return isAscii(header, end);
      } catch (IOException e) {
        // The transfer will report what is wrong with the content; nothing is refused for it here.
        return true;
      }
    }

    private static boolean isAscii(byte[] bytes, int count) {
      int all = 0;
      for (int i = 0; i < count; i++) {
        all |= bytes[i];
      }
      return all >= 0;
    }

    /**
     * Copies it, with Delivered-To before it. Errors on our side (the store) and on theirs (the
     * wire) are kept apart, and a content that is not as long as it should be never gets its end.
     *
     * @throws ContentUnreadable when the store cannot give it; any other {@link IOException} is the
     *     taker's
     */
    void copyTo(ByteSink taker) throws IOException {
      taker.write(prefix, 0, prefix.length);
      Copying copying = new Copying(taker);
      try (InputStream in = consignment.content().open()) {
        in.transferTo(copying);
      } catch (IOException e) {
        if (copying.connectionFailure != null) {
          throw copying.connectionFailure;
        }
        throw new ContentUnreadable(FailureText.of(e), e);
      }
      if (copying.count != consignment.size()) {
        throw new ContentUnreadable(
            "it has " + copying.count + " bytes, not " + consignment.size(), null);
      }
    }

    private static final class Copying extends BlockOutput {
      private final ByteSink taker;
      private long count;
      private @Nullable IOException connectionFailure;

      Copying(ByteSink taker) {
        this.taker = taker;
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
          taker.write(bytes, offset, length);
        } catch (IOException e) {
          connectionFailure = e;
          throw e;
        }
        count += length;
      }
    }
  }
}
