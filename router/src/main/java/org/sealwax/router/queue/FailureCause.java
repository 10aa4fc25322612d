package org.sealwax.router.queue;

import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.mail.smtp.Reply;

/**
 * The reason why a recipient was not delivered.
 *
 * @param reason one word of the queue's vocabulary, by which it lists: {@code connect}, {@code
 *     dns}, {@code tls-policy}, {@code greylisted}, {@code refused}, {@code null-mx}, …
 * @param status for the DSN and the log
 * @param text one plain sentence
 * @param host the remote host that replied so, or null
 * @param reply the remote host's reply, or null
 * @param scope what else must be expected to fail the same way
 * @param remembered nothing but our memory of this domain stands in the way: such mail is finally
 *     held, never bounced
 * @param until when the failure is known to end, or null; not stored
 */
public record FailureCause(
    String reason,
    EnhancedStatus status,
    String text,
    @Nullable String host,
    @Nullable Reply reply,
    Extent scope,
    boolean remembered,
    @Nullable Instant until) {
  private static final String BUSY = "busy";

  /** A cause that does not rest on our memory alone. */
  public FailureCause(
      String reason,
      EnhancedStatus status,
      String text,
      @Nullable String host,
      @Nullable Reply reply,
      Extent scope) {
    this(reason, status, text, host, reply, scope, false, null);
  }

  /** A cause without a remote host. */
  public static FailureCause local(
      String reason, EnhancedStatus status, String text, Extent scope) {
    return new FailureCause(reason, status, text, null, null, scope);
  }

  /** Every address of a host has as many rounds as one address may have: nothing was tried. */
  public static FailureCause busy(String host) {
    return new FailureCause(
        BUSY,
        EnhancedStatus.of("4.3.2"),
        "too many concurrent deliveries at the addresses of " + host,
        host,
        null,
        Extent.MESSAGE);
  }

  /** Whether it is {@link #busy}. */
  public boolean isBusy() {
    return reason.equals(BUSY);
  }

  /** The same, resting on our memory alone. */
  public FailureCause asRemembered() {
    return new FailureCause(reason, status, text, host, reply, scope, true, until);
  }

  /** The same with another extent. */
  public FailureCause withExtent(Extent other) {
    return new FailureCause(reason, status, text, host, reply, other, remembered, until);
  }

  /** The same, known to end at that time. */
  public FailureCause until(@Nullable Instant end) {
    return new FailureCause(reason, status, text, host, reply, scope, remembered, end);
  }

  /** The extent of a failure. */
  public enum Extent {
    /** This recipient only. */
    RECIPIENT,
    /** This message: other messages to the next hop may pass. */
    MESSAGE,
    /** Mail of this sender domain to this next hop: the queue slows down this pair only. */
    SENDER,
    /**
     * The host greeted us and failed after MAIL: this message or its sender, until an unrelated
     * message (another sender domain, another recipient) meets it too; then the next hop.
     */
    TRANSACTION,
    /** The next hop: the queue remembers a dead site. */
    NEXT_HOP
  }
}
