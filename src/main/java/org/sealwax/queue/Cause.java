package org.sealwax.queue;

import org.jspecify.annotations.Nullable;
import org.sealwax.smtp.EnhancedStatus;
import org.sealwax.smtp.Reply;

/**
 * Why a recipient was not delivered.
 *
 * @param reason one word of the queue's vocabulary, by which it lists: {@code connect}, {@code
 *     dns}, {@code tls-policy}, {@code greylisted}, {@code refused}, {@code null-mx}, …
 * @param status for the DSN and the log
 * @param text one plain sentence
 * @param host the remote host that said so, or null
 * @param reply what the remote host said, or null
 * @param scope what else must be expected to fail the same way
 */
public record Cause(
    String reason,
    EnhancedStatus status,
    String text,
    @Nullable String host,
    @Nullable Reply reply,
    Extent scope) {
  /** How far a trouble reaches. */
  public enum Extent {
    /** This recipient only. */
    RECIPIENT,
    /** This message: other messages to the next hop may pass. */
    MESSAGE,
    /** The next hop: the queue remembers a dead site. */
    NEXT_HOP
  }
}
