package org.sealwax.router.queue;

import java.util.Locale;
import org.sealwax.mail.smtp.Reply;

/**
 * The class of a reply by which another server did not take mail, for people and for counts. The
 * rows that find it are in {@link RefusalTable}. A class bounces nothing: what happens to queued
 * mail is decided by code and stage, in {@code router.deliver.FailureTable}. Whether a client that
 * waits gets a refusal at once is decided by the class, in {@link CutThroughDecision}.
 */
public enum RefusalClass {
  /** SPF, DKIM or DMARC did not pass. */
  SENDER_AUTHENTICATION(
      "SPF, DKIM or DMARC did not pass; sealwax doctor shows what is wrong with our domains",
      "mail of a domain with a p=reject policy that is authenticated by SPF only cannot be"
          + " forwarded"),
  /** Our address, or its network, sends too much or is blocked. */
  RATE_LIMIT_IP("the receiver limits or blocks mail from the address of this server"),
  /** The domain of the envelope sender sends too much: with SRS, that of the rewritten senders. */
  RATE_LIMIT_SPF_DOMAIN(
      "the receiver limits mail of the envelope sender's domain",
      "the receiver limits mail of the envelope sender's domain, which is [srs] domain"),
  /** The domain of a DKIM signature sends too much. */
  RATE_LIMIT_DKIM_DOMAIN("the receiver limits mail that is signed by the sender's domain"),
  /** A domain in the content is sent too often. */
  RATE_LIMIT_URL("the receiver limits mail that contains a certain link"),
  /** Our address has no name in the DNS, or another one. */
  NO_PTR("the address of this server has no valid PTR record"),
  /** Spam or malware by the receiver's judgement. */
  CONTENT("the receiver takes the content for spam or malware"),
  MAILBOX_FULL("the mailbox is full"),
  UNKNOWN_USER(
      "the address does not exist", "the address does not exist; remove it from the aliases"),
  /** Another rule of the receiver. */
  POLICY("a rule of the receiver forbids it"),
  TLS("the receiver demands TLS"),
  SIZE("the message is too big for the receiver"),
  /** Syntax of the message or of a command. */
  FORMAT("the receiver takes the message or a command for malformed"),
  GREYLISTING("the receiver asks unknown servers to try again later"),
  /** 4yz for another reason. */
  TEMPORARY("a temporary failure at the receiver"),
  UNKNOWN("the receiver gave no reason that is known here");

  private final String explanation;
  private final String ofForward;

  RefusalClass(String explanation) {
    this(explanation, explanation);
  }

  RefusalClass(String explanation, String ofForward) {
    this.explanation = explanation;
    this.ofForward = ofForward;
  }

  /** In lists and metrics: {@code sender-authentication}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Part of a sentence for the admin.
   *
   * @param forwarded whether an alias led to the recipient
   */
  public String explanation(boolean forwarded) {
    return forwarded ? ofForward : explanation;
  }

  /** The class of a reply that is not 2yz. */
  public static RefusalClass of(Reply reply) {
    return RefusalTable.classOf(reply);
  }
}
