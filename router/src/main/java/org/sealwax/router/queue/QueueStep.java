package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * The state transition for an event of a group of recipients: pure, without clock, randomness,
 * store or thread.
 *
 * <p>Invariants, whatever the event: every recipient of the group appears exactly once as waiting,
 * held or done; no recipient is done except by delivery, by a refusal or the end of the lifetime
 * with its notification (or because the sender wanted none), or by an admin; what only our memory
 * of a domain keeps back is held, never bounced; the null sender is never notified.
 */
public final class QueueStep {
  /** The queue's word for a message whose failure cannot be notified. */
  public static final String DOUBLE_BOUNCE = "double-bounce";

  /** A mail filter put the message on hold when it came in. */
  static final String QUARANTINED = "quarantined";

  /** The queue's word for mail that an admin held. */
  public static final String HELD_BY_ADMIN = "by-hand";

  /** The queue's word for a message that was in delivery when the process ended, twice. */
  public static final String ENDED_PROCESS = "ended-process";

  /** Reason of batches that are held because a fault of this program met them twice. */
  public static final String OUR_FAULT = "internal-fault";

  /** The queue's word for a message whose content is damaged. */
  static final String DAMAGED = "damaged";

  private QueueStep() {}

  /**
   * The properties of the message.
   *
   * @param sender the sender that would be notified
   * @param arrived when
   */
  public record About(ReversePath sender, Instant arrived) {}

  /** Something that happened to a group. */
  public sealed interface Event {
    /**
     * A round ended.
     *
     * @param outcomes by key; a missing one is deferred
     */
    record RoundEnded(Map<Long, Outcome> outcomes) implements Event {}

    /**
     * Its turn came, and its next hop is left alone now.
     *
     * @param cause why
     * @param until when the next hop may be tried
     */
    record HopPaused(FailureCause cause, Instant until) implements Event {}

    /** An admin gives it up. */
    record GivenUpByAdmin(String who) implements Event {}
  }

  /** The kind of a notification to the sender. */
  public enum NoticeKind {
    FAILED,
    DELAYED,
    RELAYED,
    DELIVERED
  }

  /**
   * One recipient in a notification to the sender.
   *
   * @param notice of which kind
   * @param recipient the recipient, with the cause why it failed or waits
   * @param delivered how it went on, or null
   */
  public record NotifiedRecipient(
      NoticeKind notice, Recipient recipient, Outcome.@Nullable Delivered delivered) {}

  /**
   * A group that waits.
   *
   * @param group the recipients, each with its cause
   * @param due until when
   */
  public record RetryLater(RecipientGroup group, Instant due) {}

  /**
   * The next state, and what to do.
   *
   * @param retry recipients that wait, or null
   * @param held recipients that are held, each with its cause, or null
   * @param notified recipients and what to notify of
   * @param lines what happened, for the log and the trace
   */
  public record StepResult(
      @Nullable RetryLater retry,
      @Nullable RecipientGroup held,
      List<NotifiedRecipient> notified,
      List<TraceEntry.RecipientTrace> lines) {}

  /**
   * The step.
   *
   * @param chance from 0.0 to 1.0, for jitter
   */
  public static StepResult after(
      RecipientGroup group,
      About about,
      Event event,
      RetrySchedule schedule,
      Instant now,
      double chance) {
    StepBuilder step = new StepBuilder(about, schedule, now);
    return switch (event) {
      case Event.RoundEnded ended -> {
        RecipientGroup tried =
            new RecipientGroup(
                group.sender(), group.deliveredTo(), group.rounds() + 1, group.recipients());
        for (Recipient r : group.recipients()) {
          Outcome outcome = ended.outcomes().get(r.key());
          step.outcome(r, outcome == null ? new Outcome.Deferred(unknown()) : outcome);
        }
        yield step.result(tried, schedule.next(tried.rounds(), about.arrived(), now, chance));
      }
      case Event.HopPaused paused -> {
        for (Recipient r : group.recipients()) {
          step.outcome(r, new Outcome.Deferred(paused.cause()));
        }
        Instant end = about.arrived().plus(schedule.lifetime());
        Instant due = paused.until().isAfter(end) ? end : paused.until();
        yield step.result(group, due.isAfter(now) ? due : now.plus(RetrySchedule.SHORTEST_WAIT));
      }
      case Event.GivenUpByAdmin givenUp -> {
        for (Recipient r : group.recipients()) {
          step.failed(r, givenUp(givenUp.who(), r.last()));
        }
        yield step.result(group, now);
      }
    };
  }

  private static final String GIVEN_UP = "given-up";
  private static final String UNTIL_THEN = " Until then: ";

  /** The end by an admin's order, with what was known of the recipient until then. */
  private static FailureCause givenUp(String who, @Nullable FailureCause last) {
    String text = "The message was bounced by " + who + ".";
    return last == null
        ? FailureCause.local(
            GIVEN_UP, EnhancedStatus.of("5.0.0"), text, FailureCause.Extent.RECIPIENT)
        : new FailureCause(
            GIVEN_UP,
            last.status().withKind(5),
            text + UNTIL_THEN + last.text(),
            last.host(),
            last.reply(),
            FailureCause.Extent.RECIPIENT);
  }

  /** Whether an admin gave it up. */
  static boolean isGivenUp(FailureCause cause) {
    return cause.reason().equals(GIVEN_UP);
  }

  /** The sentence that names the admin. */
  static String givenUpText(FailureCause cause) {
    int end = cause.text().indexOf(UNTIL_THEN);
    return end < 0 ? cause.text() : cause.text().substring(0, end);
  }

  /** A delivery that ended without saying how. */
  static FailureCause unknown() {
    return FailureCause.local(
        "unknown",
        EnhancedStatus.of("4.3.0"),
        "The delivery ended without an outcome.",
        FailureCause.Extent.MESSAGE);
  }

  private static final class StepBuilder {
    private final About about;
    private final RetrySchedule schedule;
    private final Instant now;
    private final List<Recipient> waiting = new ArrayList<>();
    private final List<Recipient> held = new ArrayList<>();
    private final List<NotifiedRecipient> notified = new ArrayList<>();
    private final List<TraceEntry.RecipientTrace> traces = new ArrayList<>();

    StepBuilder(About about, RetrySchedule schedule, Instant now) {
      this.about = about;
      this.schedule = schedule;
      this.now = now;
    }

    void outcome(Recipient r, Outcome outcome) {
      switch (outcome) {
        case Outcome.Delivered d -> delivered(r, d);
        case Outcome.Deferred d -> deferred(r, d.cause());
        case Outcome.Refused f -> failed(r, f.cause());
        case Outcome.Held h -> hold(r, h.cause());
      }
    }

    private void delivered(Recipient r, Outcome.Delivered d) {
      traces.add(
          new TraceEntry.RecipientTrace(
              r.target().toString(),
              TraceEntry.RecipientEvent.DELIVERED,
              "",
              "",
              "",
              d.host(),
              d.tls(),
              d.reply()));
      if (r.dsn().wants(DsnRequest.NotifyEvent.SUCCESS)
          && hasSender()
          && (d.terminal() || !d.dsnPassedOn())) {
        // RFC 3461 5.2.2, 5.3.1: where DSN ends, we report "relayed"; at the end "delivered".
        notified.add(
            new NotifiedRecipient(d.terminal() ? NoticeKind.DELIVERED : NoticeKind.RELAYED, r, d));
      }
    }

    private boolean hasSender() {
      return about.sender() instanceof ReversePath.SenderMailbox;
    }

    private void deferred(Recipient r, FailureCause cause) {
      if (cause.remembered() && schedule.isHoldDue(about.arrived(), now)) {
        // The ledger is local knowledge: it may delay mail, and never bounces it.
        hold(r, cause);
        return;
      }
      if (schedule.isOver(about.arrived(), now)) {
        failed(r, expired(cause));
        return;
      }
      boolean late = schedule.isDelayNoticeDue(about.arrived(), now) && !r.delayNotified();
      // A sender that gets no notice of a refusal (it may be forged) gets none of a delay.
      boolean notify =
          late && r.dsn().wants(DsnRequest.NotifyEvent.DELAY) && hasSender() && !r.holdOnRefusal();
      Recipient next = r.waitingFor(cause, r.delayNotified() || notify);
      waiting.add(next);
      traces.add(line(r, TraceEntry.RecipientEvent.DEFERRED, cause));
      if (notify) {
        notified.add(new NotifiedRecipient(NoticeKind.DELAYED, next, null));
      }
    }

    private static FailureCause expired(FailureCause last) {
      return new FailureCause(
          last.reason(),
          EnhancedStatus.of("5.4.7"),
          "The message could not be delivered in time. The last error was: " + last.text(),
          last.host(),
          last.reply(),
          last.scope());
    }

    void failed(Recipient r, FailureCause cause) {
      if (!hasSender()) {
        hold(
            r,
            new FailureCause(
                DOUBLE_BOUNCE,
                cause.status(),
                "A notification could not be delivered: " + cause.text(),
                cause.host(),
                cause.reply(),
                cause.scope()));
        return;
      }
      if (r.holdOnRefusal()) {
        hold(r, cause);
        return;
      }
      traces.add(line(r, TraceEntry.RecipientEvent.BOUNCED, cause));
      if (r.dsn().wants(DsnRequest.NotifyEvent.FAILURE)) {
        notified.add(
            new NotifiedRecipient(NoticeKind.FAILED, r.waitingFor(cause, r.delayNotified()), null));
      }
    }

    private void hold(Recipient r, FailureCause cause) {
      held.add(r.waitingFor(cause, r.delayNotified()));
      traces.add(line(r, TraceEntry.RecipientEvent.HELD, cause));
    }

    private static TraceEntry.RecipientTrace line(
        Recipient r, TraceEntry.RecipientEvent event, FailureCause c) {
      return new TraceEntry.RecipientTrace(
          r.target().toString(),
          event,
          c.reason(),
          c.status().toString(),
          c.text(),
          c.host() == null ? "" : c.host(),
          "",
          c.reply() == null ? "" : c.reply().toString());
    }

    StepResult result(RecipientGroup base, Instant due) {
      return new StepResult(
          waiting.isEmpty() ? null : new RetryLater(base.with(waiting), due),
          held.isEmpty() ? null : base.with(held),
          List.copyOf(notified),
          List.copyOf(traces));
    }
  }
}
