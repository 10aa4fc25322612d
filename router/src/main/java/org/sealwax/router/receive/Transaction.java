package org.sealwax.router.receive;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.HeaderSeparator;
import org.sealwax.mail.message.ReceivedHeader;
import org.sealwax.mail.message.TraceHops;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.BodySummary;
import org.sealwax.mail.smtp.Command;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.MailParameters;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.smtp.SmtpFlaw;
import org.sealwax.mail.smtp.session.CommandHandler;
import org.sealwax.router.dkim.SigningOutput;
import org.sealwax.router.dkim.Submitter;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.milter.MessageEdits;
import org.sealwax.router.milter.MilterTransaction;
import org.sealwax.router.milter.MilterTransaction.FilterResult;
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
  private final HeaderScanner header = new HeaderScanner();
  private final HeaderSeparator separator = new HeaderSeparator(header);
  private final MilterTransaction filters;
  private @Nullable SenderJudgement judgement;
  private Intake.@Nullable IncomingMessage entry;
  private @Nullable OutputStream content;
  private @Nullable SigningOutput signing;
  private @Nullable IOException failure;
  private @Nullable ForwardSender forwardSender;
  private Consumer<Reply> onReply = reply -> {};
  private int addressed;
  private @Nullable Mailbox only;
  private long headerBytes;
  private long headerHeld;
  private long drafted;
  private long draftCounted;
  private byte[] trace = {};

  Transaction(
      SmtpServer server,
      ReceiveConfiguration reception,
      ClientState client,
      SessionMemory memory,
      Command.Mail command,
      MilterTransaction filters) {
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
    return entry != null;
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
      throw noMemory();
    }
    Intake.IncomingMessage opened = server.intake().open(memory.all());
    entry = opened;
    OutputStream out = opened.content();
    Instant now = server.clock().now();
    // Clients that may send anywhere send for others: this does not depend on the sender.
    SenderJudgement judged =
        client.local || client.trust.mayRelay()
            ? null
            : SenderJudgement.begin(server, reception, client, sender, now);
    judgement = judged;
    content = judged == null ? out : judged.filtered(out);
    ReceivedHeader received =
        new ReceivedHeader(
            client.client(),
            reception.settings().host(),
            client.local
                ? null
                : ReceivedHeader.Protocol.of(
                    client.esmtp,
                    client.tls != null,
                    client.trust instanceof ClientTrust.AuthenticatedUser,
                    parameters.smtputf8()),
            opened.id().text(),
            only,
            client.tls,
            client.login(),
            now,
            reception.settings().zone().getRules().getOffset(now));
    trace = received.bytes();
    keep(() -> out.write(trace));
    Submitter submitter = submitter();
    if (submitter != null && reception.signing().knows(submitter)) {
      // The place of the signatures is below our trace field.
      SigningOutput signed =
          new SigningOutput(
              opened, section -> keys(submitter, section, now), reception.signing().pool(), now);
      signing = signed;
      content = signed;
    }
  }

  /** Whose mail it is for DKIM; null for a client that may not relay, whose mail is not signed. */
  private @Nullable Submitter submitter() {
    return switch (client.trust) {
      case ClientTrust.AnyClient _ -> null;
      case ClientTrust.TrustedNetwork _ -> new Submitter.Network(client.address.getAddress());
      case ClientTrust.RelayCertificate c -> new Submitter.Certificate(c.matched());
      case ClientTrust.AuthenticatedUser u -> new Submitter.User(u.user());
      case ClientTrust.LocalProgram _ -> new Submitter.LocalProgram();
    };
  }

  private List<DkimSigningKey> keys(Submitter submitter, HeaderSection section, Instant now) {
    return AuthorField.of(section)
        .author()
        .map(author -> reception.signing().keysFor(submitter, author, sender, now))
        .orElse(List.of());
  }

  /** What the filters reply to MAIL, or null. */
  @Nullable Reply filterSender() {
    return filters.mail(sender.toString(), parameters.words()).orElse(null);
  }

  /** What the filters reply to a recipient that is to be taken, or null. */
  @Nullable Reply filterRecipient(Mailbox recipient, DsnRequest wish) {
    return filters.rcpt(recipient.toString(), wish.words()).orElse(null);
  }

  /** What the filters reply to DATA, or null; the entry is open. */
  @Nullable Reply filterData() {
    Intake.IncomingMessage open = entry;
    return open == null ? null : filters.data(open.id().text()).orElse(null);
  }

  /** What the filters reply to a command that is not known, or null. */
  @Nullable Reply filterUnknown(String verb) {
    return filters.unknown(verb).orElse(null);
  }

  private static SpoolException noMemory() {
    return new SpoolException(
        SpoolException.Kind.FULL, "the memory limit of all sessions is reached");
  }

  /** A header that may be signed is kept until it is complete: as bytes, twice, and as fields. */
  static final int SIGNED_COPIES = 3;

  /** A client's contents are counted in steps: the count has a lock for all. */
  private static final long DRAFT_STEP = 256 * 1024;

  /** Messages of the largest size that one client may have in transfer, all sessions together. */
  static final int DRAFTS = 4;

  private void countDraft(int length) throws SpoolException {
    drafted += length;
    if (drafted <= draftCounted || client.local) {
      return;
    }
    long most = DRAFTS * Math.max(maxBytes(), DRAFT_STEP);
    if (!server.limits().tryTakeDraft(client.address.getAddress(), DRAFT_STEP, most)) {
      throw new SpoolException(
          SpoolException.Kind.FULL, "the memory limit of this client is reached");
    }
    draftCounted += DRAFT_STEP;
  }

  /** Writes to the store. */
  @FunctionalInterface
  private interface StoreWrite {
    void run() throws IOException;
  }

  private void keep(StoreWrite writing) {
    if (failure != null) {
      return;
    }
    try {
      writing.run();
    } catch (IOException e) {
      failure = e;
    }
  }

  @Override
  public long maxBytes() {
    return reception.settings().size();
  }

  /** What is held in memory of a header section of which so many bytes have come. */
  private long headerMemory() {
    SenderJudgement judged = judgement;
    return (signing == null
            ? Math.min(headerBytes, SessionMemory.HEADER)
            : Math.min(SIGNED_COPIES * headerBytes, SessionMemory.SIGNED_HEADER))
        + (judged == null ? 0 : judged.memory(headerBytes));
  }

  @Override
  public void take(byte[] block, int offset, int length) {
    SenderJudgement judged = judgement;
    if (!header.done()) {
      headerBytes += length;
      long more = headerMemory() - headerHeld;
      if (more > 0 && memory.tryTakeForTransaction(more)) {
        headerHeld += more;
      } else if (more > 0 && failure == null) {
        failure = noMemory();
      }
    }
    if (judged != null && failure == null) {
      judged.take(block, offset, length);
    }
    OutputStream out = content;
    if (out != null) {
      keep(
          () -> {
            countDraft(length);
            separator.take(block, offset, length, out);
          });
    }
  }

  @Override
  public Reply chunkTaken(long octets) {
    return Reply.of("250 2.0.0 " + octets + " bytes received");
  }

  @Override
  public Reply complete(BodySummary summary) {
    Reply reply;
    try {
      OutputStream out = content;
      if (out != null) {
        keep(
            () -> {
              separator.end(out);
              if (out instanceof SenderJudgement.FilteredContent filtered) {
                filtered.end();
              }
            });
        SigningOutput signed = signing;
        if (signed != null) {
          keep(signed::end);
        }
      }
      Reply refusal = refusal(summary);
      reply = refusal == null ? commit(summary) : refusal;
    } finally {
      abandoned();
    }
    onReply.accept(reply);
    return reply;
  }

  private @Nullable Reply refusal(BodySummary summary) {
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

  private Reply commit(BodySummary summary) {
    Intake.IncomingMessage open = entry;
    if (open == null) {
      throw new IllegalStateException("a body without an entry");
    }
    try {
      if (failure != null) {
        throw failure;
      }
      SenderJudgement judged = judgement;
      Reply rejection = judged == null ? null : judged.finish(open.id());
      if (rejection != null) {
        return rejection;
      }
      FilterResult result =
          filters.message(
              new SpooledMessage(server.intake(), open, memory, aboveMessage(), maxBytes()));
      Reply refusal = result.refusal();
      if (refusal != null) {
        return refusal;
      }
      if (result.discards()) {
        return Reply.of("250 2.0.0 Ok: queued as " + open.id().text());
      }
      boolean eight = rewrite(open, result.edits());
      if (forwardSender != null) {
        forwardSender.store(clientOfShare());
      }
      SigningOutput signed = signing;
      if (signed != null) {
        signed.close();
      }
      Envelope envelope =
          new Envelope(
                  sender,
                  options(summary, eight),
                  client.origin(),
                  client.session,
                  client.tlsLine())
              .withChecks(judged == null ? "" : judged.line());
      String quarantine = result.quarantine();
      if (quarantine == null) {
        open.commit(envelope, recipients);
      } else {
        open.quarantine(envelope, recipients, quarantine);
      }
    } catch (ForwardSender.NoRoomForSender e) {
      return reply(e);
    } catch (IOException e) {
      server.log().storeTrouble("message not accepted: " + FailureText.of(e), e);
      return reply(e);
    }
    String id = open.id().text();
    MailLog log = server.log();
    log.accepted(
        id, client.session, sender.toString(), recipients.size(), summary.bytes(), client.origin());
    for (Recipient r : recipients) {
      if (r.forwarded()) {
        log.forwarded(id, r.original().toString(), r.target().toString());
      }
    }
    // Postfix's words: log parsers and admins look for them.
    return Reply.of("250 2.0.0 Ok: queued as " + id);
  }

  /** Bytes of our Received field and of the place of the signatures. */
  private int aboveMessage() {
    return trace.length + (signing == null ? 0 : signing.reserved());
  }

  /**
   * Writes the message again when fields come on top of it or filters changed it: results of the
   * checks, our Received field, and what the filters made of the message, which is signed instead
   * of what came.
   *
   * @return whether what the filters wrote has 8-bit characters
   */
  private boolean rewrite(Intake.IncomingMessage open, @Nullable MessageEdits changes)
      throws IOException {
    byte[] results = judgement == null ? new byte[0] : judgement.results();
    try (MessageEdits edits = changes) {
      boolean changed = edits != null && edits.isChanged();
      if (!changed && results.length == 0) {
        return false;
      }
      int above = aboveMessage();
      SigningOutput again = signing == null ? null : signing.again();
      long added = edits == null ? 0 : edits.addedBytes();
      if (again != null && !memory.tryTakeForTransaction(SIGNED_COPIES * added)) {
        throw noMemory();
      }
      signing = again;
      try (InputStream former = open.rewrite()) {
        former.skipNBytes(above);
        OutputStream out = open.content();
        out.write(results);
        out.write(trace);
        OutputStream below = again == null ? out : again;
        if (edits == null || !changed) {
          former.transferTo(below);
          return false;
        }
        edits.writeTo(below, former);
      }
      return edits.isEightBit();
    }
  }

  private MailOptions options(BodySummary summary, boolean changedToEight) {
    boolean eight =
        changedToEight
            || summary.eightBit()
            || parameters.body() == MailParameters.BodyParameter.EIGHT_BIT;
    return new MailOptions(
        eight ? MailOptions.BodyType.EIGHT_BIT : MailOptions.BodyType.SEVEN_BIT,
        parameters.smtputf8(),
        parameters.envelopeId(),
        parameters.content(),
        tlsOption());
  }

  /**
   * REQUIRETLS wins over the header (RFC 8689). The author of the message wrote the header, and it
   * opens a way around DANE and MTA-STS: the header of an unknown sender counts only if the admin
   * configured that (docs/adr/0051).
   */
  private MailOptions.TlsOption tlsOption() {
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
    Intake.IncomingMessage open = entry;
    entry = null;
    content = null;
    judgement = null;
    filters.close();
    signing = null;
    memory.endTransaction();
    if (draftCounted > 0) {
      server.limits().giveDraft(client.address.getAddress(), draftCounted);
      draftCounted = 0;
    }
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        server.log().storeTrouble("an entry could not be closed", e);
      }
    }
  }
}
