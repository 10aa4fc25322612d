package org.sealwax.router.deliver;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.deliver.RoundWork.ConnectionResult;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.route.RecipientProbe.VerificationResult;

/**
 * Decides what the replies of a host mean for each recipient: delivered, refused, the next host
 * now, or later. Pure: the {@link Transcript} of a transaction and the {@link HostPosition} give
 * the result, and {@link FailureTable} has the meaning of each reply.
 *
 * <p>A 4yz to RCPT: the recipient is tried at the next host in this round, and deferred when there
 * is none (RFC 5321 5.1). A 5yz refuses it, except where another host or address may know better:
 * see {@link #refusal}. After the end of the content no other host is tried unless this one has
 * replied 4yz, because it may have taken the message.
 */
final class NextHostOrLater {
  /**
   * The host among the others of the round.
   *
   * @param name of the host, for causes
   * @param tls wanted and got, for outcomes
   * @param reused the connection carried a transaction before this one
   * @param encrypted the connection has TLS
   * @param ipv4Alternative it is over IPv6, and the host has IPv4 addresses too
   * @param lesser a host of better preference put recipients off in a round before, and this round
   *     did not come to it
   * @param deferred keys of the recipients that another host of this round has put off
   * @param waiting the recipients that wait for this host, in this transaction or in one after it
   */
  record HostPosition(
      String name,
      String tls,
      boolean reused,
      boolean encrypted,
      boolean ipv4Alternative,
      boolean lesser,
      Set<Long> deferred,
      List<Recipient> waiting) {}

  /** What follows for one recipient. */
  sealed interface RecipientVerdict {
    /** The round has its outcome. */
    record Settled(Outcome outcome) implements RecipientVerdict {}

    /**
     * The host put the recipient off: the next host now, and later if there is none.
     *
     * @param onlyWithTls the host accepted the recipient under TLS. An attacker who can cause a 4yz
     *     there and strip TLS at the next host must not get the mail unencrypted
     */
    record NextHost(FailureCause cause, boolean onlyWithTls) implements RecipientVerdict {}

    /**
     * The host refused the recipient, and that is not final.
     *
     * @param cause why it waits, when nothing better is known; null when a host gave a cause before
     * @param overIpv4 the same host is tried over IPv4
     */
    record RefusalNotFinal(@Nullable FailureCause cause, boolean overIpv4)
        implements RecipientVerdict {}
  }

  /**
   * What follows from one transaction.
   *
   * @param recipients by key; those that are not there are tried again on this connection, or on
   *     the next one
   * @param skipped why the host did not take the message, or null
   * @param connection whether the connection is closed; null when it can continue
   * @param sparesParameters the host did not take a parameter that the mail can go without
   */
  record TransactionResult(
      Map<Long, RecipientVerdict> recipients,
      @Nullable FailureCause skipped,
      @Nullable ConnectionResult connection,
      boolean sparesParameters) {}

  private final Transcript transcript;
  private final HostPosition host;
  private final Map<Long, RecipientVerdict> verdicts = new LinkedHashMap<>();
  private boolean sparesParameters;

  private NextHostOrLater(Transcript transcript, HostPosition host) {
    this.transcript = transcript;
    this.host = host;
  }

  /**
   * What follows from a transaction. Stored content that could not be read shows nothing about the
   * host: recipients without a verdict wait then.
   */
  static TransactionResult of(Transcript transcript, HostPosition host) {
    return new NextHostOrLater(transcript, host).result();
  }

  private TransactionResult result() {
    Transcript.Answer mail = transcript.mail();
    if (mail == null) {
      // A host that closed a connection while it waited for us has not seen this message.
      return host.reused() && transcript.ending() instanceof Transcript.Ending.Broken
          ? end(null, ConnectionResult.STALE)
          : broken(List.of());
    }
    if (!mail.reply().isPositive()) {
      return mailFailed(mail);
    }
    List<Recipient> accepted = new ArrayList<>(transcript.recipients().size());
    for (int i = 0; i < transcript.rcpt().size(); i++) {
      Recipient recipient = transcript.recipients().get(i);
      Transcript.Answer answer = transcript.rcpt().get(i);
      Reply reply = answer.reply();
      if (reply.isPositive()) {
        accepted.add(recipient);
      } else if (reply.code() == 421) {
        return hostClosing(TransactionStage.RCPT, reply);
      } else if (FailureTable.isAboutParameters(reply) && answer.optionalParameters()) {
        sparesParameters = true;
      } else if (!FailureTable.isTooMany(reply) || accepted.isEmpty()) {
        // Else RFC 5321 §4.5.3.1.10: enough for one transaction, and the rest in another.
        conclude(recipient, FailureTable.of(TransactionStage.RCPT, reply, host.name()));
      }
    }
    if (transcript.ending() instanceof Transcript.Ending.ContentUnreadable) {
      return end(null, ConnectionResult.CLOSED);
    }
    if (!(transcript.ending() instanceof Transcript.Ending.Replied)) {
      return broken(accepted);
    }
    Reply content = transcript.content();
    if (content == null) {
      return end(null, null);
    }
    if (transcript.stage() == TransactionStage.END && content.isPositive()) {
      RecipientVerdict delivered =
          new RecipientVerdict.Settled(
              new Outcome.Delivered(
                  host.name(), content.toString(), host.tls(), transcript.passesDsnOn(), false));
      accepted.forEach(recipient -> verdicts.put(recipient.key(), delivered));
      return end(null, null);
    }
    return contentFailed(accepted, content);
  }

  private TransactionResult mailFailed(Transcript.Answer mail) {
    Reply reply = mail.reply();
    if (reply.code() == 421) {
      // A connection used before that greets us with 421 was dying while it waited.
      return host.reused()
          ? end(null, ConnectionResult.STALE)
          : hostClosing(TransactionStage.MAIL, reply);
    }
    if (!(transcript.ending() instanceof Transcript.Ending.Replied)) {
      return broken(List.of());
    }
    if (FailureTable.isAboutParameters(reply) && mail.optionalParameters()) {
      sparesParameters = true;
      return end(null, null);
    }
    FailureMeaning meaning = FailureTable.of(TransactionStage.MAIL, reply, host.name());
    host.waiting().forEach(recipient -> conclude(recipient, meaning));
    return end(
        meaning.cause(),
        meaning.action() == FailureMeaning.FailureAction.NEXT_HOST
            ? ConnectionResult.NEXT_HOST
            : null);
  }

  /** The host closes the session: its recipients may try another host. */
  private TransactionResult hostClosing(TransactionStage stage, Reply reply) {
    FailureMeaning meaning = FailureTable.of(stage, reply, host.name());
    for (Recipient recipient : transcript.recipients()) {
      RecipientVerdict before = verdicts.get(recipient.key());
      if (before == null || before instanceof RecipientVerdict.RefusalNotFinal) {
        conclude(recipient, meaning);
      }
    }
    return end(meaning.cause(), ConnectionResult.NEXT_HOST);
  }

  private TransactionResult contentFailed(List<Recipient> accepted, Reply reply) {
    FailureMeaning meaning = FailureTable.of(transcript.stage(), reply, host.name());
    accepted.forEach(recipient -> conclude(recipient, meaning));
    // After a valid refusal the session can go on; after an invalid reply it cannot.
    return end(
        meaning.cause(),
        meaning.action() == FailureMeaning.FailureAction.NEXT_HOST
            ? ConnectionResult.NEXT_HOST
            : reply.isTransient() || reply.isPermanent() ? null : ConnectionResult.CLOSED);
  }

  /** The connection broke; where the message may have been taken, nothing else is tried now. */
  private TransactionResult broken(List<Recipient> accepted) {
    FailureMeaning meaning = broken(transcript.ending(), transcript.stage(), host.name());
    if (meaning.action() == FailureMeaning.FailureAction.NEXT_HOST) {
      return end(meaning.cause(), ConnectionResult.NEXT_HOST);
    }
    accepted.forEach(recipient -> conclude(recipient, meaning));
    return end(meaning.cause(), ConnectionResult.CLOSED);
  }

  /** What it means that a conversation did not come to its end. */
  static FailureMeaning broken(Transcript.Ending ending, TransactionStage stage, String host) {
    return switch (ending) {
      case Transcript.Ending.Broken(var failure) -> FailureTable.lost(stage, failure, host);
      case Transcript.Ending.TooSlow(var allowed) -> FailureTable.tooSlow(stage, allowed, host);
      case Transcript.Ending.Replied r ->
          throw new IllegalStateException("the transaction was completed");
      case Transcript.Ending.ContentUnreadable c ->
          throw new IllegalStateException("not a failure of the host");
    };
  }

  private TransactionResult end(
      @Nullable FailureCause skipped, @Nullable ConnectionResult connection) {
    return new TransactionResult(verdicts, skipped, connection, sparesParameters);
  }

  private void conclude(Recipient recipient, FailureMeaning meaning) {
    FailureCause cause = meaning.cause();
    verdicts.put(
        recipient.key(),
        switch (meaning.action()) {
          case REFUSE -> refusal(recipient, cause, host);
          case DEFER -> new RecipientVerdict.Settled(meaning.outcome());
          case NEXT_HOST ->
              new RecipientVerdict.NextHost(cause, host.encrypted() && !isBusy(cause.reply()));
        });
  }

  /** A busy host replies so before it knows the recipient, and any other host may help. */
  private boolean isBusy(@Nullable Reply reply) {
    return transcript.stage() == TransactionStage.MAIL || reply == null || reply.code() == 421;
  }

  /**
   * What a refusal means: the end, except for the recipients that a better host has put off, in
   * this round or in one before that did not come to this host, because that one may take the mail
   * later, and a lesser host after it must not bounce it now; and except where it is our IPv6
   * address that is refused, and the host has IPv4 addresses.
   */
  static RecipientVerdict refusal(Recipient recipient, FailureCause cause, HostPosition host) {
    if (host.deferred().contains(recipient.key())) {
      return new RecipientVerdict.RefusalNotFinal(null, false);
    }
    if (host.lesser()) {
      return new RecipientVerdict.RefusalNotFinal(FailureTable.asDeferral(cause), false);
    }
    Reply reply = cause.reply();
    return host.ipv4Alternative() && reply != null && FailureTable.isAboutIpv6(reply)
        ? new RecipientVerdict.RefusalNotFinal(FailureTable.asDeferral(cause), true)
        : new RecipientVerdict.Settled(new Outcome.Refused(cause));
  }

  /**
   * What follows from asking a host about one recipient, which gets no mail.
   *
   * @param answer final, or null when another connection may give one
   * @param reason why there is no better answer, in words
   * @param connection whether it is closed
   * @param putsOff the host gave no answer now: one of lower preference must not replace it
   */
  record VerificationStep(
      @Nullable VerificationResult answer,
      String reason,
      ConnectionResult connection,
      boolean putsOff) {}

  /** What follows from a transcript without content. */
  static VerificationStep ofVerification(Transcript transcript, HostPosition host) {
    Transcript.Answer mail = transcript.mail();
    if (mail == null && host.reused() && transcript.ending() instanceof Transcript.Ending.Broken) {
      return new VerificationStep(null, "", ConnectionResult.STALE, false);
    }
    boolean heard = mail != null && !mail.reply().isPositive();
    if (!heard && transcript.rcpt().isEmpty()) {
      String reason = broken(transcript.ending(), transcript.stage(), host.name()).cause().text();
      return new VerificationStep(null, reason, ConnectionResult.NEXT_HOST, false);
    }
    Reply reply = heard && mail != null ? mail.reply() : transcript.rcpt().getFirst().reply();
    TransactionStage stage = heard ? TransactionStage.MAIL : TransactionStage.RCPT;
    String reason = host.name() + " said at " + stage + ": " + reply;
    boolean refused =
        FailureTable.of(stage, reply, host.name()).action() == FailureMeaning.FailureAction.REFUSE;
    boolean overIpv4 = host.ipv4Alternative() && FailureTable.isAboutIpv6(reply);
    if (heard || (refused && overIpv4)) {
      return new VerificationStep(
          null,
          reason,
          overIpv4 ? ConnectionResult.OVER_IPV4 : ConnectionResult.NEXT_HOST,
          heard && reply.isTransient());
    }
    return new VerificationStep(
        reply.isPositive()
            ? new VerificationResult.Exists()
            : refused && !host.lesser()
                ? new VerificationResult.Refused(reply)
                : new VerificationResult.NotKnown(reason),
        reason,
        ConnectionResult.REUSABLE,
        false);
  }
}
