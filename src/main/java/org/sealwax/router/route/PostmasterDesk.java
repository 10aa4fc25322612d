package org.sealwax.router.route;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.queue.Addressee;
import org.sealwax.router.queue.Cause;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.Delivery;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.NewRecipient;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Submission;
import org.sealwax.router.queue.Target;

/**
 * Stands before delivery: mail for the postmaster that was taken while nobody was named is held as
 * long as nobody is, and goes to whoever is named then. Where the one who is named is an alias of
 * ours, the message goes through the queue once more, with that alias followed. All else passes.
 */
public final class PostmasterDesk implements Delivery {
  /** Reason of such mail in the queue. */
  public static final String REASON = "postmaster";

  private final @Nullable Mailbox postmaster;
  private final Directory directory;
  private final Intake intake;
  private final Delivery further;

  /**
   * By these settings, before {@code further}.
   *
   * @param directory follows the postmaster's alias
   * @param intake takes the message once more then
   */
  public PostmasterDesk(
      ForwardSettings settings, Directory directory, Intake intake, Delivery further) {
    this.postmaster = Routes.postmaster(settings);
    this.directory = directory;
    this.intake = intake;
    this.further = further;
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    Mailbox named = postmaster;
    boolean any = false;
    for (Addressee r : c.recipients()) {
      any |= r.target() instanceof Target.Postmaster;
    }
    if (!any && !(c.nextHop() instanceof NextHop.Nobody)) {
      return further.deliver(c);
    }
    if (named == null || c.nextHop() instanceof NextHop.Nobody) {
      return directory.postmaster() instanceof Resolution.Forwarded(List<Target> targets)
              && targets.stream().noneMatch(t -> t instanceof Target.Postmaster)
          ? again(c, targets)
          : held(c);
    }
    List<Addressee> recipients = new ArrayList<>();
    for (Addressee r : c.recipients()) {
      recipients.add(
          r.target() instanceof Target.Postmaster
              ? new Addressee(r.key(), new Target.Remote(named), r.wish())
              : r);
    }
    return further.deliver(c.to(recipients));
  }

  /**
   * Takes the message in anew for the postmaster's targets; on stable storage before it is told.
   */
  private Map<Long, Outcome> again(Consignment c, List<Target> targets) {
    List<NewRecipient> recipients = new ArrayList<>();
    for (Addressee r : c.recipients()) {
      if (r.target() instanceof Target.Postmaster(Mailbox asked)) {
        for (Target target : targets) {
          recipients.add(
              new NewRecipient(
                  target, directory.senderForForward(c.sender()), asked, true, true, r.wish()));
        }
      }
    }
    try (Intake.Entry entry = intake.open()) {
      try (InputStream content = c.content().open()) {
        content.transferTo(entry.content());
      }
      entry.commit(
          new Submission(c.sender(), c.options(), recipients, "postmaster of " + c.id(), "", ""));
      Outcome passed =
          new Outcome.Delivered("local", "250 2.0.0 queued as " + entry.id(), "none", true, false);
      Map<Long, Outcome> outcomes = new HashMap<>(held(c));
      c.recipients().stream()
          .filter(r -> r.target() instanceof Target.Postmaster)
          .forEach(r -> outcomes.put(r.key(), passed));
      return outcomes;
    } catch (IOException e) {
      Cause cause =
          new Cause(
              "store",
              EnhancedStatus.of(4, 3, 0),
              "The message could not be taken once more for the postmaster's alias: "
                  + e.getMessage(),
              null,
              null,
              Cause.Extent.MESSAGE);
      Map<Long, Outcome> outcomes = new HashMap<>();
      c.recipients().forEach(r -> outcomes.put(r.key(), new Outcome.Deferred(cause)));
      return outcomes;
    }
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
