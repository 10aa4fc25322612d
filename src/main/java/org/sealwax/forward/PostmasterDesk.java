package org.sealwax.forward;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.address.Mailbox;
import org.sealwax.queue.Addressee;
import org.sealwax.queue.Cause;
import org.sealwax.queue.Consignment;
import org.sealwax.queue.Delivery;
import org.sealwax.queue.NextHop;
import org.sealwax.queue.Outcome;
import org.sealwax.queue.Target;
import org.sealwax.smtp.EnhancedStatus;

/**
 * Stands before delivery: mail for the postmaster that was taken while nobody was named is held as
 * long as nobody is, and goes to whoever is named then. All else passes.
 */
public final class PostmasterDesk implements Delivery {
  /** Reason of such mail in the queue. */
  public static final String REASON = "postmaster";

  private final @Nullable Mailbox postmaster;
  private final Delivery further;

  /** By these settings, before {@code further}. */
  public PostmasterDesk(ForwardSettings settings, Delivery further) {
    this.postmaster = Routes.postmaster(settings);
    this.further = further;
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    Mailbox named = postmaster;
    boolean any = c.recipients().stream().anyMatch(r -> r.target() instanceof Target.Postmaster);
    if (!any && !(c.nextHop() instanceof NextHop.Nobody)) {
      return further.deliver(c);
    }
    if (named == null || c.nextHop() instanceof NextHop.Nobody) {
      return held(c);
    }
    List<Addressee> recipients = new ArrayList<>();
    for (Addressee r : c.recipients()) {
      recipients.add(
          r.target() instanceof Target.Postmaster
              ? new Addressee(r.key(), new Target.Remote(named), r.wish())
              : r);
    }
    return further.deliver(
        new Consignment(
            c.id(),
            c.sender(),
            c.options(),
            c.nextHop(),
            recipients,
            c.deliveredTo(),
            c.arrived(),
            c.round(),
            c.firstTried(),
            c.size(),
            c.content()));
  }

  private static Map<Long, Outcome> held(Consignment consignment) {
    Cause cause =
        new Cause(
            REASON,
            EnhancedStatus.of(4, 3, 5),
            "No postmaster was named who could be sent this: sealwax queue show prints it.",
            null,
            null,
            Cause.Extent.RECIPIENT);
    Map<Long, Outcome> outcomes = new HashMap<>();
    consignment
        .recipients()
        .forEach(
            r ->
                outcomes.put(
                    r.key(),
                    r.target() instanceof Target.Postmaster
                        ? new Outcome.Held(cause)
                        : new Outcome.Deferred(cause)));
    return outcomes;
  }
}
