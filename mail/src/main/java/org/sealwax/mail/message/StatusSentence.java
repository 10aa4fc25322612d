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
      case "1.7", "1.8" -> "The sender's address was refused.";
      case "1.10" -> "The domain accepts no mail.";
      case "2.1" -> "The mailbox is disabled.";
      case "2.2" -> "The mailbox is full.";
      case "2.3", "3.4" -> "The message is too large.";
      case "3.1" -> "The mail server has no room.";
      case "3.2" -> "The mail server accepts no messages at present.";
      case "4.1" -> "The mail server does not answer.";
      case "4.2" -> "The connection to the mail server was lost.";
      case "4.3", "4.4" -> "The mail server of the address could not be found.";
      case "4.6" -> "The message went in a circle.";
      case "4.7" -> "The time for delivery is over.";
      case "7.10", "7.30" -> "The mail server does not offer the encryption that is required.";
      default -> ofSubject(status.subject());
    };
  }

  private static String ofSubject(int subject) {
    return switch (subject) {
      case 1 -> "The address was not accepted.";
      case 2 -> "The mailbox accepts no mail.";
      case 3 -> "The mail server reports trouble of its own.";
      case 4 -> "The mail server could not be reached.";
      case 5 -> "The mail server did not take a command.";
      case 6 -> "The content or its form was not accepted.";
      case 7 -> "The message was refused for reasons of security or policy.";
      default -> "The mail server did not accept the message.";
    };
  }
}
