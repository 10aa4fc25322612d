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

  /** A new connection to the same host on a lower rung, still with TLS. */
  record FallBack(FallbackStep to) implements Decision {}

  /** Nothing more at this host in this delivery; try the next one. */
  record NextHost(DeferReason reason, String text) implements Decision {}

  /** A new connection to the same host without TLS; the requirement allows it now. */
  record GoPlaintext() implements Decision {}

  /** Clear text will be allowed at {@code until}, unless TLS works before. */
  record WaitForHold(Instant until, DeferReason reason, String text) implements Decision {}

  /** This delivery ends here. */
  record Defer(DeferReason reason, String text) implements Decision {}
}
