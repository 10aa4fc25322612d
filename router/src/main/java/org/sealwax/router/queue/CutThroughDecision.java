package org.sealwax.router.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * What follows for a waiting client from the outcome of a cut-through delivery: a pure function of
 * the outcome. A client gets a refusal only when the next hop refused the message or its recipient;
 * what concerns this server, and everything that may pass later, is for the queue.
 */
sealed interface CutThroughDecision {
  /** The message is delivered. */
  record Delivered(Outcome.Delivered outcome) implements CutThroughDecision {}

  /**
   * The message goes into the queue.
   *
   * @param outcome of its first round there; null when there was none
   */
  record Queued(@Nullable Outcome outcome) implements CutThroughDecision {}

  /**
   * The client gets a refusal.
   *
   * @param cause what the next hop said
   * @param refusal its class
   * @param status with a 5
   * @param text our sentence; nothing of the remote text
   */
  record Refused(FailureCause cause, RefusalClass refusal, EnhancedStatus status, String text)
      implements CutThroughDecision {}

  /** The decision. */
  static CutThroughDecision of(@Nullable Outcome outcome) {
    return switch (outcome) {
      case null -> new Queued(null);
      case Outcome.Delivered delivered -> new Delivered(delivered);
      case Outcome.Held held -> new Queued(held);
      case Outcome.Deferred deferred ->
          deferred.cause().isBusy()
              ? new Queued(null)
              : isFullMailbox(deferred.cause().reply())
                  ? refused(deferred.cause())
                  : new Queued(deferred);
      case Outcome.Refused refused ->
          isAboutUs(refused.cause())
              ? new Queued(new Outcome.Deferred(asDeferral(refused.cause())))
              : refused(refused.cause());
    };
  }

  /** The queue waits for space in a full mailbox; a client that is still there can do that too. */
  private static boolean isFullMailbox(@Nullable Reply reply) {
    return reply != null
        && reply.isPermanent()
        && RefusalClass.of(reply) == RefusalClass.MAILBOX_FULL;
  }

  /** Whether a refusal is about this server, so that the admin and not the sender can help it. */
  private static boolean isAboutUs(FailureCause cause) {
    Reply reply = cause.reply();
    // Without a reply it is ours: there is no such domain, the host takes no message of this size.
    return reply != null
        && switch (RefusalClass.of(reply)) {
          case RATE_LIMIT_IP, RATE_LIMIT_SPF_DOMAIN, RATE_LIMIT_DKIM_DOMAIN, RATE_LIMIT_URL -> true;
          case NO_PTR, TLS -> true;
          case SENDER_AUTHENTICATION, CONTENT, MAILBOX_FULL, UNKNOWN_USER, POLICY, SIZE -> false;
          case FORMAT, GREYLISTING, TEMPORARY, UNKNOWN -> false;
        };
  }

  private static FailureCause asDeferral(FailureCause cause) {
    EnhancedStatus status = cause.status();
    return new FailureCause(
        cause.reason(),
        status.withKind(4),
        cause.text(),
        cause.host(),
        cause.reply(),
        cause.scope());
  }

  private static Refused refused(FailureCause cause) {
    Reply reply = cause.reply();
    EnhancedStatus own = cause.status();
    RefusalClass refusal =
        RefusalClass.of(reply == null ? Reply.of("550 " + own + " " + cause.reason()) : reply);
    EnhancedStatus said = reply == null ? own : reply.status();
    // RFC 3463: a status that states less than the class of the text is not passed on.
    if (said == null || said.kind() != 5 || (said.subject() | said.detail()) == 0) {
      said = status(refusal);
    }
    return new Refused(cause, refusal, said, text(refusal));
  }

  /** The status of a refusal that had none (RFC 3463, RFC 7372). */
  private static EnhancedStatus status(RefusalClass refusal) {
    return switch (refusal) {
      case SENDER_AUTHENTICATION -> EnhancedStatus.of("5.7.26");
      case CONTENT, POLICY -> EnhancedStatus.of("5.7.1");
      case MAILBOX_FULL -> EnhancedStatus.of("5.2.2");
      case UNKNOWN_USER -> EnhancedStatus.of("5.1.1");
      case SIZE -> EnhancedStatus.of("5.3.4");
      case FORMAT -> EnhancedStatus.of("5.6.0");
      case TLS -> EnhancedStatus.of("5.7.10");
      case RATE_LIMIT_IP, RATE_LIMIT_SPF_DOMAIN, RATE_LIMIT_DKIM_DOMAIN, RATE_LIMIT_URL, NO_PTR ->
          EnhancedStatus.of("5.7.0");
      case GREYLISTING, TEMPORARY, UNKNOWN -> EnhancedStatus.of("5.0.0");
    };
  }

  /** The sentence of the reply. It does not say where the alias leads (docs/adr/0087). */
  private static String text(RefusalClass refusal) {
    return switch (refusal) {
      case SENDER_AUTHENTICATION ->
          "message rejected by the recipient's server: SPF, DKIM or DMARC did not pass";
      case CONTENT -> "message rejected by the recipient's server: spam or malware";
      case MAILBOX_FULL -> "the recipient's mailbox is full";
      case UNKNOWN_USER -> "the recipient's mailbox does not exist";
      case SIZE -> "message too large for the recipient's server";
      case FORMAT -> "message rejected by the recipient's server: malformed or not supported";
      case TLS -> "the recipient's server does not offer the TLS that this message demands";
      case POLICY -> "message rejected by the recipient's server: its rules forbid it";
      case RATE_LIMIT_IP, RATE_LIMIT_SPF_DOMAIN, RATE_LIMIT_DKIM_DOMAIN, RATE_LIMIT_URL, NO_PTR ->
          "message rejected by the recipient's server";
      case GREYLISTING, TEMPORARY, UNKNOWN -> "message rejected by the recipient's server";
    };
  }
}
