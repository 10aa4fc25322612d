package org.sealwax.router.receive;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.message.AuthorField;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.message.HeaderSection;
import org.sealwax.mail.message.HeaderSeparator;
import org.sealwax.mail.message.ReceivedHeader;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.dkim.SigningOutput;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dkim.Submitter;
import org.sealwax.router.dmarc.UnprovenAuthor;
import org.sealwax.router.milter.MessageEdits;
import org.sealwax.router.milter.MilterTransaction.FilteredMessage;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.receive.SessionLimit.SessionMemory;
import org.sealwax.router.spool.SpoolException;

/**
 * The content of one message on its way into the store: what is put on top of it, what passes over
 * it (checks of the sender, DKIM signatures, filters), and the memory that this takes. Failures of
 * the store are kept until the end. Owned by one thread.
 */
final class ReceivedContent implements Closeable {
  /** The header, as far as it was seen. */
  final HeaderScanner header = new HeaderScanner();

  private final SmtpServer server;
  private final ReceiveConfiguration reception;
  private final ClientState client;
  private final SessionMemory memory;
  private final ReversePath sender;
  private final Intake.IncomingMessage entry;
  private final HeaderSeparator separator = new HeaderSeparator(header);
  private final @Nullable SenderJudgement judgement;
  private final OutputStream content;
  private final byte[] trace;
  private @Nullable SigningOutput signing;
  private @Nullable IOException failure;
  private long headerBytes;
  private long headerHeld;
  private long drafted;
  private long draftCounted;

  /**
   * Begins with our Received field.
   *
   * @param entry an empty entry of the queue, which is closed with this
   * @param smtputf8 a parameter of MAIL
   * @param only the recipient, if there is only one
   */
  ReceivedContent(
      SmtpServer server,
      ReceiveConfiguration reception,
      ClientState client,
      SessionMemory memory,
      Intake.IncomingMessage entry,
      ReversePath sender,
      boolean smtputf8,
      @Nullable Mailbox only) {
    this.server = server;
    this.reception = reception;
    this.client = client;
    this.memory = memory;
    this.entry = entry;
    this.sender = sender;
    OutputStream out = entry.content();
    Instant now = server.clock().now();
    // Clients that may send anywhere send for others: this does not depend on the sender.
    SenderJudgement judged =
        client.local || client.trust.mayRelay()
            ? null
            : SenderJudgement.begin(server, reception, client, sender, now);
    judgement = judged;
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
                    smtputf8),
            entry.id().text(),
            only,
            client.tls,
            client.login(),
            now,
            reception.settings().zone().getRules().getOffset(now));
    trace = received.bytes();
    keep(() -> out.write(trace));
    SigningPolicy policy = reception.signing();
    Submitter submitter = policy == null ? null : submitter();
    if (policy != null && submitter != null && policy.knows(submitter)) {
      // The place of the signatures is below our trace field.
      SigningOutput signed =
          new SigningOutput(
              entry, section -> keys(policy, submitter, section, now), policy.pool(), now);
      signing = signed;
      content = signed;
    } else {
      content = judged == null ? out : judged.filtered(out);
    }
  }

  /** Whose mail it is for DKIM; null for an untrusted client, whose mail is not signed. */
  private @Nullable Submitter submitter() {
    return switch (client.trust) {
      case ClientTrust.AnyClient _ -> null;
      case ClientTrust.TrustedNetwork _ -> new Submitter.Network(client.address.getAddress());
      case ClientTrust.RelayCertificate c -> new Submitter.Certificate(c.matched());
      case ClientTrust.AuthenticatedUser u -> new Submitter.User(u.user());
      case ClientTrust.LocalProgram _ -> new Submitter.LocalProgram();
    };
  }

  private List<DkimSigningKey> keys(
      SigningPolicy policy, Submitter submitter, HeaderSection section, Instant now) {
    return AuthorField.of(section)
        .author()
        .map(author -> policy.keysFor(submitter, author, sender, now))
        .orElse(List.of());
  }

  static SpoolException noMemory() {
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
    long most = DRAFTS * Math.max(reception.settings().size(), DRAFT_STEP);
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

  /** What is held in memory of a header section of which so many bytes have come. */
  private long headerMemory() {
    SenderJudgement judged = judgement;
    return (signing == null
            ? Math.min(headerBytes, SessionMemory.HEADER)
            : Math.min(SIGNED_COPIES * headerBytes, SessionMemory.SIGNED_HEADER))
        + (judged == null ? 0 : judged.memory(headerBytes));
  }

  /** Takes a part of the content. */
  void take(byte[] block, int offset, int length) {
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
    keep(
        () -> {
          countDraft(length);
          separator.take(block, offset, length, content);
        });
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
  boolean rewrite(@Nullable MessageEdits changes) throws IOException {
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
      try (InputStream former = entry.rewrite()) {
        former.skipNBytes(above);
        OutputStream out = entry.content();
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

  /** All of it has come. */
  void end() {
    keep(
        () -> {
          separator.end(content);
          if (content instanceof SenderJudgement.FilteredContent filtered) {
            filtered.end();
          }
        });
    SigningOutput signed = signing;
    if (signed != null) {
      keep(signed::end);
    }
  }

  /** Throws what the store failed with. */
  void check() throws IOException {
    if (failure != null) {
      throw failure;
    }
  }

  /** Ends the checks of the sender; the reply that refuses the message, or null. */
  @Nullable Reply judge() {
    return judgement == null ? null : judgement.finish(entry.id());
  }

  /** The author that DMARC did not confirm, where a policy may apply; empty without checks. */
  Optional<UnprovenAuthor> unproven() {
    return judgement == null ? Optional.empty() : judgement.unproven();
  }

  /** The results of the checks in one line; empty when the sender was not checked. */
  String checks() {
    return judgement == null ? "" : judgement.line();
  }

  /** The message for mail filters. */
  FilteredMessage filtered() {
    return new SpooledMessage(
        server.intake(), entry, memory, aboveMessage(), reception.settings().size());
  }

  /** Nothing changes any more: puts the signatures into their place. */
  void sign() throws IOException {
    SigningOutput signed = signing;
    if (signed != null) {
      signed.close();
    }
  }

  Intake.IncomingMessage entry() {
    return entry;
  }

  /** Discards what the queue has not taken. */
  @Override
  public void close() throws IOException {
    signing = null;
    memory.endTransaction();
    if (draftCounted > 0) {
      server.limits().giveDraft(client.address.getAddress(), draftCounted);
      draftCounted = 0;
    }
    entry.close();
  }
}
