package org.sealwax.router.route;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.message.HeaderScanner;
import org.sealwax.mail.net.FailureText;
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
 * Delivers each consignment by the kind of its next hop: hosts, a command, the reports that this
 * server reads itself, or the postmaster's alias. A message that has been at the same alias before
 * is in a loop, and is refused for the recipients of that alias alone: the reply to the end of DATA
 * is for all recipients of a message (RFC 5321 3.3), so a loop of some of them is reported here; a
 * loop of all of them was refused when the message came in. Thread-safe; one for each
 * configuration.
 */
public final class NextHopDelivery implements DeliveryAgent {
  /** Reason of a forwarding loop, in the queue and in the log. */
  public static final String LOOP = "loop";

  /** Reason of mail for a postmaster that is not configured, in the queue. */
  public static final String POSTMASTER = "postmaster";

  private static final int BLOCK = 8 * 1024;

  private final @Nullable Mailbox postmaster;
  private final RecipientDirectory directory;
  private final Intake intake;
  private final DeliveryAgent hosts;
  private final DeliveryAgent commands;
  private final DeliveryAgent reports;
  private final Consumer<Consignment> bounces;

  /**
   * By these settings.
   *
   * @param directory expands the postmaster's alias
   * @param intake takes the message again then
   * @param hosts delivers by SMTP
   * @param commands delivers to commands
   * @param reports reads reports
   * @param bounces reads what the reports in bounces to rewritten senders say, once for each
   */
  public NextHopDelivery(
      ForwardSettings settings,
      RecipientDirectory directory,
      Intake intake,
      DeliveryAgent hosts,
      DeliveryAgent commands,
      DeliveryAgent reports,
      Consumer<Consignment> bounces) {
    this.postmaster = TransportTable.postmaster(settings);
    this.directory = directory;
    this.intake = intake;
    this.hosts = hosts;
    this.commands = commands;
    this.reports = reports;
    this.bounces = bounces;
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment c) throws InterruptedException {
    if (isReturnedBounce(c)) {
      bounces.accept(c);
    }
    String alias = c.deliveredTo();
    if (alias != null && hasPassed(c, alias)) {
      FailureCause cause =
          FailureCause.local(
              LOOP,
              // RFC 3463 3.5: routing loop detected.
              EnhancedStatus.of("5.4.6"),
              "Mail loop: this message was forwarded from here before.",
              FailureCause.Extent.RECIPIENT);
      return c.outcomes(r -> new Outcome.Refused(cause));
    }
    return switch (c.nextHop()) {
      case NextHop.ByMx _, NextHop.Fixed _ -> addressed(c, hosts);
      case NextHop.Pipe pipe -> addressed(c, commands);
      case NextHop.Reports read -> reports.deliver(c);
      case NextHop.NoPostmaster none -> toPostmastersAlias(c);
    };
  }

  /** In its first round, a notification to a sender that we rewrote. */
  private boolean isReturnedBounce(Consignment c) {
    return c.round() == 1
        && c.sender() instanceof ReversePath.Null
        && c.recipients().stream()
            .anyMatch(r -> directory.isValidRewrittenSender(ReversePath.of(r.original())));
  }

  /** With the address of the postmaster in place of the role. */
  private Map<Long, Outcome> addressed(Consignment c, DeliveryAgent agent)
      throws InterruptedException {
    for (Recipient r : c.recipients()) {
      if (isForPostmaster(r)) {
        return postmaster == null
            ? toPostmastersAlias(c)
            : agent.deliver(toPostmaster(c, postmaster));
      }
    }
    return agent.deliver(c);
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

  private static boolean isForPostmaster(Recipient r) {
    return r.target() instanceof DeliveryTarget.Postmaster;
  }

  private static Consignment toPostmaster(Consignment c, Mailbox named) {
    List<Recipient> recipients = new ArrayList<>();
    for (Recipient r : c.recipients()) {
      recipients.add(isForPostmaster(r) ? r.at(new DeliveryTarget.Remote(named)) : r);
    }
    return c.to(recipients);
  }

  /**
   * Mail that was accepted while no postmaster was configured is held until one is. When the
   * postmaster's address is one of our aliases, the message goes through the queue again, with that
   * alias expanded; it is on stable storage on return.
   */
  private Map<Long, Outcome> toPostmastersAlias(Consignment c) {
    List<DeliveryTarget> targets =
        directory.postmaster() instanceof AddressResolution.Forwarded(List<DeliveryTarget> found)
                && found.stream().noneMatch(DeliveryTarget.Postmaster.class::isInstance)
            ? found
            : List.of();
    FailureCause held =
        FailureCause.local(
            POSTMASTER,
            EnhancedStatus.of("4.3.5"),
            "No postmaster is configured for this message; sealwax queue show prints it.",
            FailureCause.Extent.RECIPIENT);
    if (targets.isEmpty()) {
      return outcomes(c, held, r -> new Outcome.Held(held));
    }
    ForwardSender sender = directory.senderForForward(c.sender());
    List<Recipient> recipients = new ArrayList<>();
    for (Recipient r : c.recipients()) {
      for (DeliveryTarget target : isForPostmaster(r) ? targets : List.<DeliveryTarget>of()) {
        recipients.add(
            new Recipient(target, sender.path(), r.target().mailbox(), true, true, r.dsn()));
      }
    }
    try (Intake.IncomingMessage entry = intake.open()) {
      try (InputStream content = c.content().open()) {
        content.transferTo(entry.content());
      }
      sender.store(null);
      entry.commit(Envelope.own(c.sender(), c.options(), "postmaster of " + c.id()), recipients);
      Outcome passed =
          new Outcome.Delivered("local", "250 2.0.0 queued as " + entry.id(), "none", true, false);
      return outcomes(c, held, r -> passed);
    } catch (IOException e) {
      FailureCause cause =
          FailureCause.local(
              "store",
              EnhancedStatus.of("4.3.0"),
              "The message could not be queued again for the postmaster's alias: "
                  + FailureText.of(e),
              FailureCause.Extent.MESSAGE);
      return c.outcomes(r -> new Outcome.Deferred(cause));
    }
  }

  /** Those for the postmaster as given; others wait. */
  private static Map<Long, Outcome> outcomes(
      Consignment c, FailureCause wait, Function<Recipient, Outcome> forPostmaster) {
    return c.outcomes(
        r -> isForPostmaster(r) ? forPostmaster.apply(r) : new Outcome.Deferred(wait));
  }
}
