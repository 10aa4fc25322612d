package org.sealwax.mail.policy;

import java.time.Instant;

/** What to do after an observation. */
public sealed interface Decision {
  /**
   * Send the mail on this connection.
   *
   * @param downgrade whether this host has shown better before: marked in log and receipt
   */
  record Proceed(boolean downgrade) implements Decision {}

  /**
   * A new connection to the same host at a lower fallback step, still with TLS.
   *
   * @param to the next step
   */
  record FallBack(FallbackStep to) implements Decision {}

  /**
   * Nothing more at this host in this delivery; try the next one.
   *
   * @param reason the reason as one word of the queue
   * @param text the reason in words, for logs and DSNs
   */
  record NextHost(DeferReason reason, String text) implements Decision {}

  /** A new connection to the same host without TLS; the requirement allows it now. */
  record GoPlaintext() implements Decision {}

  /**
   * Plaintext will be allowed at {@code until}, unless TLS works before.
   *
   * @param until when the wait ends
   * @param reason the reason as one word of the queue
   * @param text the reason in words, for logs and DSNs
   */
  record WaitForHold(Instant until, DeferReason reason, String text) implements Decision {}

  /**
   * This delivery ends here.
   *
   * @param reason the reason as one word of the queue
   * @param text the reason in words, for logs and DSNs
   */
  record Defer(DeferReason reason, String text) implements Decision {}
}
