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
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Envelope;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Intake;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;

/**
 * A delivery agent for the postmaster's mail: mail that was accepted while no postmaster was
 * configured is held until one is, and is then delivered there. When the postmaster's address is
 * one of our aliases, the message goes through the queue once more, with that alias expanded. All
 * other mail is passed on unchanged.
 */
public final class PostmasterDelivery implements DeliveryAgent {
  /** Reason of such mail in the queue. */
  public static final String REASON = "postmaster";

  private final @Nullable Mailbox postmaster;
  private final RecipientDirectory directory;
  private final Intake intake;
  private final DeliveryAgent further;

  /**
   * By these settings, before {@code further}.
   *
   * @param directory expands the postmaster's alias
   * @param intake takes the message once more then
   */
  public PostmasterDelivery(
      ForwardSettings settings,
      RecipientDirectory directory,
      Intake intake,
      DeliveryAgent further) {
    this.postmaster = TransportTable.postmaster(settings);
    this.directory = directory;
    this.intake = intake;
    this.further = further;
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    Mailbox named = postmaster;
    boolean any = false;
    for (Recipient r : c.recipients()) {
      any |= r.target() instanceof DeliveryTarget.Postmaster;
    }
    if (!any && !(c.nextHop() instanceof NextHop.NoPostmaster)) {
      return further.deliver(c);
    }
    if (named == null || c.nextHop() instanceof NextHop.NoPostmaster) {
      return directory.postmaster()
                  instanceof AddressResolution.Forwarded(List<DeliveryTarget> targets)
              && targets.stream().noneMatch(t -> t instanceof DeliveryTarget.Postmaster)
          ? reopen(c, targets)
          : held(c);
    }
    List<Recipient> recipients = new ArrayList<>();
    for (Recipient r : c.recipients()) {
      recipients.add(
          r.target() instanceof DeliveryTarget.Postmaster
              ? r.at(new DeliveryTarget.Remote(named))
              : r);
    }
    return further.deliver(c.to(recipients));
  }

  /** Queues the message again for the postmaster's targets; it is on stable storage on return. */
  private Map<Long, Outcome> reopen(Consignment c, List<DeliveryTarget> targets) {
    List<Recipient> recipients = new ArrayList<>();
    for (Recipient r : c.recipients()) {
      if (r.target() instanceof DeliveryTarget.Postmaster(Mailbox asked)) {
        for (DeliveryTarget target : targets) {
          recipients.add(
              new Recipient(
                  target, directory.senderForForward(c.sender()), asked, true, true, r.dsn()));
        }
      }
    }
    try (Intake.IncomingMessage entry = intake.open()) {
      try (InputStream content = c.content().open()) {
        content.transferTo(entry.content());
      }
      entry.commit(
          new Envelope(c.sender(), c.options(), "postmaster of " + c.id(), "", ""), recipients);
      Outcome passed =
          new Outcome.Delivered("local", "250 2.0.0 queued as " + entry.id(), "none", true, false);
      Map<Long, Outcome> outcomes = new HashMap<>(held(c));
      c.recipients().stream()
          .filter(r -> r.target() instanceof DeliveryTarget.Postmaster)
          .forEach(r -> outcomes.put(r.key(), passed));
      return outcomes;
    } catch (IOException e) {
      FailureCause cause =
          new FailureCause(
              "store",
              EnhancedStatus.of(4, 3, 0),
              "The message could not be taken once more for the postmaster's alias: "
                  + e.getMessage(),
              null,
              null,
              FailureCause.Extent.MESSAGE);
      Map<Long, Outcome> outcomes = new HashMap<>();
      c.recipients().forEach(r -> outcomes.put(r.key(), new Outcome.Deferred(cause)));
      return outcomes;
    }
  }

  private static Map<Long, Outcome> held(Consignment consignment) {
    FailureCause cause =
        new FailureCause(
            REASON,
            EnhancedStatus.of(4, 3, 5),
            "No postmaster was named who could be sent this: sealwax queue show prints it.",
            null,
            null,
            FailureCause.Extent.RECIPIENT);
    Map<Long, Outcome> outcomes = new HashMap<>();
    consignment
        .recipients()
        .forEach(
            r ->
                outcomes.put(
                    r.key(),
                    r.target() instanceof DeliveryTarget.Postmaster
                        ? new Outcome.Held(cause)
                        : new Outcome.Deferred(cause)));
    return outcomes;
  }
}
