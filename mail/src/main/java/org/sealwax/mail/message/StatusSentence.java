package org.sealwax.mail.message;

import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * The meaning of an enhanced status (RFC 3463 3, and its registry), in a sentence of our own: for
 * readers who must not see the remote host's text.
 */
public final class StatusSentence {
  private StatusSentence() {}

  /**
   * {@return one sentence; for an unknown status, the meaning of its subject}
   *
   * @param status the enhanced status code (RFC 3463)
   */
  public static String of(EnhancedStatus status) {
    return switch (status.subject() + "." + status.detail()) {
      case "1.1", "1.6" -> "The mailbox does not exist.";
      case "1.2", "1.3" -> "The address is not valid.";
      case "1.7", "1.8" -> "The sender's address was rejected.";
      case "1.10" -> "The domain does not accept mail.";
      case "2.1" -> "The mailbox is disabled.";
      case "2.2" -> "The mailbox is full.";
      case "2.3", "3.4" -> "The message is too large.";
      case "3.1" -> "The mail server has insufficient storage.";
      case "3.2" -> "The mail server does not accept messages at present.";
      case "4.1" -> "The mail server does not answer.";
      case "4.2" -> "The connection to the mail server was lost.";
      case "4.3", "4.4" -> "The mail server of the address could not be found.";
      case "4.6" -> "The message is in a mail loop.";
      case "4.7" -> "The delivery time has expired.";
      case "7.10", "7.30" -> "The mail server does not offer the encryption that is required.";
      default -> ofSubject(status.subject());
    };
  }

  /**
   * {@return one sentence for mail that is tried again: a policy that defers, greylisting above
   * all, has not rejected the message}
   *
   * @param status the enhanced status code (RFC 3463) of a temporary failure
   */
  public static String ofDelay(EnhancedStatus status) {
    String sentence = of(status);
    return sentence.equals(ofSubject(7)) ? "The mail server asks to try again later." : sentence;
  }

  private static String ofSubject(int subject) {
    return switch (subject) {
      case 1 -> "The address was not accepted.";
      case 2 -> "The mailbox does not accept mail.";
      case 3 -> "The mail server reports an internal error.";
      case 4 -> "The mail server could not be reached.";
      case 5 -> "The mail server rejected a command.";
      case 6 -> "The content or its format was not accepted.";
      case 7 -> "The message was rejected for security or policy reasons.";
      default -> "The mail server did not accept the message.";
    };
  }
}
