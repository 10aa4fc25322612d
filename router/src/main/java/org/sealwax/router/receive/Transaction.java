package org.sealwax.router.receive;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.message.TraceHops;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.SmtpFlaw;
import org.sealwax.mail.smtp.session.CommandHandler;
import org.sealwax.router.dmarc.SenderChecks;
import org.sealwax.router.dmarc.UnprovenAuthor;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.milter.MilterTransaction;
import org.sealwax.router.milter.MilterTransaction.FilterResult;
import org.sealwax.router.queue.CutThrough;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.receive.SessionLimit.SessionMemory;
import org.sealwax.router.route.ForwardSender;
import org.sealwax.router.route.NextHopDelivery;
import org.sealwax.router.route.RecipientDirectory;
import org.sealwax.router.spool.SpoolException;

/**
 * One message on its way in: from MAIL to the reply that decides (RFC 5321 3.3, 4.1.1.4).
 *
 * <p>Invariants: {@code 250} is sent only after {@link Intake.IncomingMessage#commit} returned; an
 * entry that was opened is always closed; a failure of the store is a 4yz, and the client keeps its
 * mail.
 */
final class Transaction implements CommandHandler.BodyReceiver {
  private final SmtpServer server;
  private final ReceiveConfiguration reception;
  private final ClientState client;
  private final SessionMemory memory;
  private final ReversePath sender;
  private final MailParameters parameters;
  private final List<Recipient> recipients = new ArrayList<>(2);
  private final Set<DeliveryTarget> targets = new HashSet<>(4);

  /** Targets that more than one RCPT led to; only the first of these stands in the recipients. */
  private final Set<DeliveryTarget> shared = new HashSet<>(0);

  private final List<Mailbox> guarded = new ArrayList<>(0);

  /** Null where no filter is configured. */
  private final @Nullable MilterTransaction filters;

  private @Nullable ReceivedContent content;
  private @Nullable ForwardSender forwardSender;
  private Consumer<Reply> onReply = reply -> {};
  private int addressed;
  private @Nullable Mailbox only;

  Transaction(
      SmtpServer server,
      ReceiveConfiguration reception,
      ClientState client,
      SessionMemory memory,
      Command.Mail command,
      @Nullable MilterTransaction filters) {
    this.server = server;
    this.reception = reception;
    this.client = client;
    this.memory = memory;
    this.filters = filters;
    this.sender = command.path();
    this.parameters = command.parameters();
  }

  ReversePath sender() {
    return sender;
  }

  boolean smtputf8() {
    return parameters.smtputf8();
  }

  /** RCPT commands that were answered with 250. */
  int addressed() {
    return addressed;
  }

  boolean hasBegun() {
    return content != null;
  }

  /**
   * Takes what a ruling gave for one RCPT; a target that is there already is not taken twice.
   *
   * @return false when there is no memory for it; nothing was taken then
   * @throws ForwardSender.NoRoomForSender when the sender cannot be rewritten today
   * @throws IOException when it cannot be rewritten now
   */
  boolean add(Mailbox original, RelayRules.RelayDecision.Take take, DsnRequest wish)
      throws IOException {
    RecipientDirectory directory = reception.directory();
    boolean forwarded = take.forwarded();
    ReversePath path = forwarded ? forwardSender().path() : sender;
    // A refusal is notified when the client may relay or we rewrote the sender's address; any other
    // sender may be forged, and the DSN would be backscatter.
    boolean hold =
        forwarded && !client.trust.mayRelay() && !directory.isValidRewrittenSender(sender);
    List<Recipient> all = new ArrayList<>(take.targets().size());
    long bytes = 0;
    for (DeliveryTarget target : take.targets()) {
      Recipient one = new Recipient(target, path, original, forwarded, hold, wish);
      all.add(one);
      bytes += SessionMemory.of(one);
    }
    if (!memory.tryTakeForTransaction(bytes)) {
      return false;
    }
    addressed++;
    only = addressed == 1 ? original : null;
    if (forwarded) {
      guarded.add(original);
    }
    for (Recipient one : all) {
      if (targets.add(one.target())) {
        recipients.add(one);
      } else {
        shared.add(one.target());
      }
    }
    return true;
  }

  /** The sender of forwards: the same for all recipients, also over midnight. */
  private ForwardSender forwardSender() throws IOException {
    ForwardSender known = forwardSender;
    if (known == null) {
      known = reception.directory().senderForForward(sender);
      known.checkRoom(clientOfShare());
      forwardSender = known;
    }
    return known;
  }

  /** A trusted client passes on the mail of many others. */
  private @Nullable InetAddress clientOfShare() {
    return client.local || client.trust.mayRelay() ? null : client.address.getAddress();
  }

  /**
   * Opens an entry and writes Received.
   *
   * @param end gets the reply to the message, before the client
   * @throws IOException when the store takes nothing now
   */
  void begin(Consumer<Reply> end) throws IOException {
    onReply = end;
    if (!memory.tryTakeForTransaction(SessionMemory.BODY)) {
      throw ReceivedContent.noMemory();
    }
    content =
        new ReceivedContent(
            server,
            reception,
            client,
            memory,
            server.intake().open(memory.all()),
            sender,
            parameters.smtputf8(),
            only);
  }

  /** What the filters reply to MAIL, or null. */
  @Nullable Reply filterSender() {
    return filters == null
        ? null
        : filters.mail(sender.toString(), parameters.words()).orElse(null);
  }

  /** What the filters reply to a recipient that is to be taken, or null. */
  @Nullable Reply filterRecipient(Mailbox recipient, DsnRequest wish) {
    return filters == null ? null : filters.rcpt(recipient.toString(), wish.words()).orElse(null);
  }

  /** What the filters reply to DATA, or null; the entry is open. */
  @Nullable Reply filterData() {
    ReceivedContent open = content;
    return open == null || filters == null
        ? null
        : filters.data(open.entry().id().text()).orElse(null);
  }

  /** What the filters reply to a command that is not known, or null. */
  @Nullable Reply filterUnknown(String verb) {
    return filters == null ? null : filters.unknown(verb).orElse(null);
  }

  @Override
  public long maxBytes() {
    return reception.settings().size();
  }

  @Override
  public void take(byte[] block, int offset, int length) {
    ReceivedContent taking = content;
    if (taking != null) {
      taking.take(block, offset, length);
    }
  }

  @Override
  public Reply chunkTaken(long octets) {
    return Reply.of("250 2.0.0 " + octets + " bytes received");
  }

  @Override
  public Reply complete(BodySummary summary, CommandHandler.WaitingSession session) {
    long ended = server.clock().nanoTime();
    ReceivedContent whole = content;
    if (whole == null) {
      throw new IllegalStateException("a body without an entry");
    }
    Reply reply;
    try {
      whole.end();
      Reply refusal = refusal(summary, whole.header);
      reply = refusal == null ? commit(whole, summary, session, ended) : refusal;
    } finally {
      abandoned();
    }
    onReply.accept(reply);
    return reply;
  }

  private @Nullable Reply refusal(BodySummary summary, HeaderScanner header) {
    if (summary.tooLarge()) {
      return Reply.of("552 5.3.4 message larger than " + reception.settings().size() + " bytes");
    }
    SmtpFlaw flaw = summary.flaw();
    if (flaw != null) {
      return switch (flaw) {
        case BARE_CR, BARE_LF ->
            Reply.of(
                "550 5.5.2 " + flaw.text() + " in the message: lines end in CRLF (RFC 5321 2.3.8)");
        case NUL -> Reply.of("550 5.6.0 NUL in the message");
        case TOO_LONG, ENDLESS, NOT_UTF8 ->
            Reply.of("550 5.6.0 " + flaw.text() + " in the message");
      };
    }
    if (header.tooLarge()) {
      return Reply.of("552 5.3.4 header too large");
    }
    if (header.hops().isLoop(reception.settings().hops())) {
      return Reply.of("554 5.4.6 too many hops: mail loop");
    }
    if (isCircle(header.hops())) {
      return Reply.of("554 5.4.6 mail loop: this message was forwarded from here before");
    }
    return null;
  }

  /**
   * Whether the whole message is to be refused. A loop of some of its recipients is notified to the
   * sender by {@link NextHopDelivery}, for them alone; unless another recipient's mail would be
   * lost with it, because both lead to one target.
   */
  private boolean isCircle(TraceHops hops) {
    int passed = 0;
    for (Mailbox mailbox : guarded) {
      passed += hops.hasPassed(mailbox) ? 1 : 0;
    }
    if (passed == 0 || passed == addressed) {
      return passed > 0;
    }
    return recipients.stream()
        .anyMatch(
            r -> r.forwarded() && shared.contains(r.target()) && hops.hasPassed(r.original()));
  }

  private Reply commit(
      ReceivedContent whole,
      BodySummary summary,
      CommandHandler.WaitingSession session,
      long ended) {
    Intake.IncomingMessage entry = whole.entry();
    String id = entry.id().text();
    // Postfix's words: log parsers and admins look for them.
    Reply queued = Reply.of("250 2.0.0 Ok: queued as " + id);
    Runnable acknowledged = () -> accepted(id, summary);
    try {
      whole.check();
      Reply rejection = whole.judge();
      if (rejection == null && whole.unproven().isPresent()) {
        rejection = withhold(whole.unproven().get());
      }
      if (rejection != null) {
        return rejection;
      }
      FilterResult filtered = filters == null ? null : filters.message(whole.filtered());
      Reply refusal = filtered == null ? null : filtered.refusal();
      if (refusal != null) {
        return refusal;
      }
      if (filtered != null && filtered.discards()) {
        return queued;
      }
      boolean eight = whole.rewrite(filtered == null ? null : filtered.edits());
      if (forwardSender != null) {
        forwardSender.store(clientOfShare());
      }
      whole.sign();
      Envelope envelope =
          new Envelope(
                  sender,
                  options(summary, eight, whole.header),
                  client.origin(),
                  client.session,
                  client.tlsLine())
              .withChecks(whole.checks());
      String quarantine = filtered == null ? null : filtered.quarantine();
      if (quarantine != null) {
        entry.quarantine(envelope, recipients, quarantine);
      } else {
        WaitingClient waiting = new WaitingClient(session, server.clock(), ended);
        CutThrough begun =
            isCutThrough() && !waiting.isOver()
                ? entry.cutThrough(envelope, recipients.getFirst()).orElse(null)
                : null;
        if (begun != null) {
          return waiting.reply(begun, queued, acknowledged);
        }
        entry.commit(envelope, recipients);
      }
    } catch (ForwardSender.NoRoomForSender e) {
      return reply(e);
    } catch (IOException e) {
      server.log().storeTrouble("message not accepted: " + FailureText.of(e), e);
      return reply(e);
    }
    acknowledged.run();
    return queued;
  }

  /**
   * A forward must not prove an author that DMARC did not confirm; the reply that refuses, or null.
   */
  private @Nullable Reply withhold(UnprovenAuthor author) throws IOException {
    SenderChecks checks = server.checks();
    if (guarded.isEmpty() || checks == null) {
      return null;
    }
    switch (ForwardedSender.of(
        author.domain(),
        forwardSender().path(),
        reception.settings().host(),
        (from, domain) -> checks.mayAlign(from, domain, reception.inbound().timeLimit()))) {
      case REWRITTEN -> {}
      case ORIGINAL -> {
        recipients.replaceAll(r -> r.forwarded() ? r.from(sender) : r);
        forwardSender = null;
      }
      case NONE -> {
        return Reply.of(
            author.temporary()
                ? "451 4.7.1 the author of this bounce cannot be checked now; try again later"
                : "550 5.7.1 DMARC does not confirm the author of this bounce");
      }
    }
    return null;
  }

  /**
   * Whether the client waits for the delivery: mail of an untrusted client for one target of an
   * alias. With more targets one reply could not stand for all.
   */
  private boolean isCutThrough() {
    Recipient first = recipients.getFirst();
    return reception.inbound().cutThrough()
        && !client.local
        && !client.trust.mayRelay()
        && recipients.size() == 1
        && first.forwarded()
        && first.target() instanceof DeliveryTarget.Remote;
  }

  private void accepted(String id, BodySummary summary) {
    MailLog log = server.log();
    log.accepted(
        id, client.session, sender.toString(), recipients.size(), summary.bytes(), client.origin());
    for (Recipient r : recipients) {
      if (r.forwarded()) {
        log.forwarded(id, r.original().toString(), r.target().toString());
      }
    }
  }

  private MailOptions options(BodySummary summary, boolean changedToEight, HeaderScanner header) {
    boolean eight =
        changedToEight
            || summary.eightBit()
            || parameters.body() == MailParameters.BodyParameter.EIGHT_BIT;
    return new MailOptions(
        eight ? MailOptions.BodyType.EIGHT_BIT : MailOptions.BodyType.SEVEN_BIT,
        parameters.smtputf8(),
        parameters.envelopeId(),
        parameters.content(),
        tlsOption(header));
  }

  /**
   * REQUIRETLS wins over the header (RFC 8689). The author of the message wrote the header, and it
   * opens a way around DANE and MTA-STS: the header of an unknown sender counts only if the admin
   * configured that (docs/adr/0051).
   */
  private MailOptions.TlsOption tlsOption(HeaderScanner header) {
    if (parameters.requireTls()) {
      return MailOptions.TlsOption.REQUIRED;
    }
    return switch (header.tlsRequired()) {
      case NO ->
          client.trust.mayRelay() || reception.settings().honoursUntrustedTlsRequiredNo()
              ? MailOptions.TlsOption.OPTIONAL
              : MailOptions.TlsOption.UNSPECIFIED;
      case ABSENT, INVALID -> MailOptions.TlsOption.UNSPECIFIED;
    };
  }

  /** The reply to the client when the store failed. */
  static Reply reply(IOException trouble) {
    return switch (trouble) {
      case SpoolException e when e.kind() == SpoolException.Kind.FULL ->
          Reply.of("452 4.3.1 insufficient system storage, try again later");
      case ForwardSender.NoRoomForSender full ->
          Reply.of("451 4.3.1 mail of this sender cannot be forwarded now, try again later");
      default -> Reply.of("451 4.3.0 message cannot be queued, try again later");
    };
  }

  @Override
  public void abandoned() {
    ReceivedContent open = content;
    content = null;
    if (filters != null) {
      filters.close();
    }
    if (open == null) {
      memory.endTransaction();
      return;
    }
    try {
      open.close();
    } catch (IOException e) {
      server
          .log()
          .storeTrouble("the content of a message that was not accepted could not be closed", e);
    }
  }
}
