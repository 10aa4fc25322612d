package org.sealwax.router.route;

import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Map;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;

/**
 * Detects forwarding loops before delivery: a message that has been at the same alias before is in
 * a loop, and is refused for the recipients of that alias alone. The reply to the end of DATA is
 * for all recipients of a message (RFC 5321 3.3), so a loop of some of them is reported here; a
 * loop of all of them was refused when the message came in.
 */
public final class LoopGuard implements DeliveryAgent {
  /** Reason in the queue and in the log. */
  public static final String REASON = "loop";

  private static final int BLOCK = 8 * 1024;

  private final DeliveryAgent further;

  /** Before {@code further}. */
  public LoopGuard(DeliveryAgent further) {
    this.further = further;
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    String alias = c.deliveredTo();
    return alias != null && hasPassed(c, alias) ? refused(c) : further.deliver(c);
  }

  private static boolean hasPassed(Consignment c, String alias) {
    HeaderScanner header = new HeaderScanner();
    byte[] block = new byte[BLOCK];
    try (InputStream in = c.content().open()) {
      for (int n = in.read(block); n > 0 && !header.done(); n = in.read(block)) {
        header.feed(block, 0, n);
      }
    } catch (IOException e) {
      // The delivery agent reads it, too, and reports the failure.
      return false;
    }
    header.end();
    return header.hops().hasPassed(alias);
  }

  private static Map<Long, Outcome> refused(Consignment c) {
    FailureCause cause =
        new FailureCause(
            REASON,
            // RFC 3463 3.5: routing loop detected.
            EnhancedStatus.of(5, 4, 6),
            "This mail was forwarded from here before: it goes in a circle.",
            null,
            null,
            FailureCause.Extent.RECIPIENT);
    Map<Long, Outcome> outcomes = new HashMap<>();
    c.recipients().forEach(r -> outcomes.put(r.key(), new Outcome.Refused(cause)));
    return outcomes;
  }
}
