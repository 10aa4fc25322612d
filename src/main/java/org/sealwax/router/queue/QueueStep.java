package org.sealwax.router.queue;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.smtp.EnhancedStatus;

/**
 * What follows from an event for a group of recipients: pure, without clock, chance, store or
 * thread.
 *
 * <p>Invariants, whatever the event: every recipient of the group appears exactly once among those
 * who wait, are held, or are done; nobody is done except by delivery, by a refusal or the end of
 * the lifetime with its notification (or because the sender wanted none), or by a person; what only
 * our memory of a domain keeps back is held, never bounced; the null sender is never told anything.
 */
public final class QueueStep {
  /** The queue's word for a message whose failure cannot be told to anybody. */
  public static final String DOUBLE_BOUNCE = "double-bounce";

  /** The queue's word for what a person held. */
  public static final String BY_HAND = "by-hand";

  /** The queue's word for a message that was under way when the process ended, twice. */
  public static final String ENDED_PROCESS = "ended-process";

  /** Reason of shares that are held because a fault of this program met them twice. */
  public static final String OUR_FAULT = "internal-fault";

  private QueueStep() {}

  /**
   * What is known of the message.
   *
   * @param sender who would be told
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
    record Ended(Map<Long, Outcome> outcomes) implements Event {}

    /**
     * Its turn came, and its next hop is left alone now.
     *
     * @param cause why
     * @param until when the next hop may be tried
     */
    record Shut(Cause cause, Instant until) implements Event {}

    /** A person gives it up. */
    record GivenUp(String who) implements Event {}
  }

  /** Why a sender is told something. */
  public enum Notice {
    FAILED,
    DELAYED,
    RELAYED,
    DELIVERED
  }

  /**
   * One recipient that a sender is to be told about.
   *
   * @param notice of which kind
   * @param recipient whom
   * @param cause why it failed or waits, or null when it went on
   * @param delivered how it went on, or null
   */
  public record Told(
      Notice notice,
      QueuedRecipient recipient,
      @Nullable Cause cause,
      Outcome.@Nullable Delivered delivered) {}

  /**
   * A group that waits.
   *
   * @param group who
   * @param due until when
   * @param reason for the queue's list
   */
  public record Again(RecipientGroup group, Instant due, String reason) {}

  /**
   * A group that waits for a person.
   *
   * @param group who; each with its cause
   * @param reason for the queue's list
   */
  public record Kept(RecipientGroup group, String reason) {}

  /**
   * The next state, and what to do.
   *
   * @param again who waits, or null
   * @param held groups that wait for a person, by reason
   * @param told whom to tell what
   * @param lines what happened, for the log and the journey
   */
  public record Result(
      @Nullable Again again, List<Kept> held, List<Told> told, List<Station.Line> lines) {}

  /**
   * The step.
   *
   * @param chance from 0.0 to 1.0, for jitter
   */
  public static Result after(
      RecipientGroup group,
      About about,
      Event event,
      RetrySchedule schedule,
      Instant now,
      double chance) {
    Step step = new Step(about, schedule, now);
    return switch (event) {
      case Event.Ended ended -> {
        RecipientGroup tried =
            new RecipientGroup(
                group.sender(), group.deliveredTo(), group.rounds() + 1, group.recipients());
        for (QueuedRecipient r : group.recipients()) {
          Outcome outcome = ended.outcomes().get(r.key());
          step.outcome(r, outcome == null ? new Outcome.Deferred(unknown()) : outcome);
        }
        yield step.result(tried, schedule.next(tried.rounds(), about.arrived(), now, chance));
      }
      case Event.Shut shut -> {
        for (QueuedRecipient r : group.recipients()) {
          step.outcome(r, new Outcome.Deferred(shut.cause()));
        }
        Instant end = about.arrived().plus(schedule.lifetime());
        Instant due = shut.until().isAfter(end) ? end : shut.until();
        yield step.result(group, due.isAfter(now) ? due : now.plus(RetrySchedule.SHORTEST_WAIT));
      }
      case Event.GivenUp givenUp -> {
        for (QueuedRecipient r : group.recipients()) {
          step.failed(r, givenUp(givenUp.who(), r.last()));
        }
        yield step.result(group, now);
      }
    };
  }

  private static final String GIVEN_UP = "given-up";
  private static final String UNTIL_THEN = " Until then: ";

  /** The end at a person's word, with what was known of the recipient until then. */
  private static Cause givenUp(String who, @Nullable Cause last) {
    String text = "The message was given up by " + who + ".";
    return last == null
        ? new Cause(GIVEN_UP, EnhancedStatus.of(5, 0, 0), text, null, null, Cause.Extent.RECIPIENT)
        : new Cause(
            GIVEN_UP,
            EnhancedStatus.of(5, last.status().subject(), last.status().detail()),
            text + UNTIL_THEN + last.text(),
            last.host(),
            last.reply(),
            Cause.Extent.RECIPIENT);
  }

  /** Whether a person gave it up. */
  static boolean isGivenUp(Cause cause) {
    return cause.reason().equals(GIVEN_UP);
  }

  /** The sentence that says who gave it up. */
  static String whoGaveUp(Cause cause) {
    int end = cause.text().indexOf(UNTIL_THEN);
    return end < 0 ? cause.text() : cause.text().substring(0, end);
  }

  /** A delivery that ended without saying how. */
  static Cause unknown() {
    return new Cause(
        "unknown",
        EnhancedStatus.of(4, 3, 0),
        "The delivery ended without an outcome.",
        null,
        null,
        Cause.Extent.MESSAGE);
  }

  private static final class Step {
    private final About about;
    private final RetrySchedule schedule;
    private final Instant now;
    private final List<QueuedRecipient> waiting = new ArrayList<>();
    private final List<QueuedRecipient> held = new ArrayList<>();
    private final List<Told> told = new ArrayList<>();
    private final List<Station.Line> lines = new ArrayList<>();

    Step(About about, RetrySchedule schedule, Instant now) {
      this.about = about;
      this.schedule = schedule;
      this.now = now;
    }

    void outcome(QueuedRecipient r, Outcome outcome) {
      switch (outcome) {
        case Outcome.Delivered d -> delivered(r, d);
        case Outcome.Deferred d -> deferred(r, d.cause());
        case Outcome.Refused f -> failed(r, f.cause());
        case Outcome.Held h -> hold(r, h.cause());
      }
    }

    private void delivered(QueuedRecipient r, Outcome.Delivered d) {
      lines.add(
          new Station.Line(
              r.target().toString(),
              Station.What.DELIVERED,
              "",
              "",
              "",
              d.host(),
              d.tls(),
              d.reply()));
      boolean wished = r.wish().when().contains(DsnWish.When.SUCCESS);
      if (wished && hasSender() && (d.terminal() || !d.dsnPassedOn())) {
        // RFC 3461 5.2.2, 5.3.1: where DSN ends, we say "relayed"; at the end "delivered".
        told.add(new Told(d.terminal() ? Notice.DELIVERED : Notice.RELAYED, r, null, d));
      }
    }

    private boolean hasSender() {
      return about.sender() instanceof ReversePath.Sender;
    }

    private void deferred(QueuedRecipient r, Cause cause) {
      if (cause.remembered() && schedule.isHoldDue(about.arrived(), now)) {
        // What we remember is our affair: it may delay mail, and never sends it back.
        hold(r, cause);
        return;
      }
      if (schedule.isOver(about.arrived(), now)) {
        failed(r, expired(cause));
        return;
      }
      boolean late = schedule.isLate(about.arrived(), now) && !r.delayTold();
      boolean wanted =
          !r.wish().never()
              && (r.wish().when().isEmpty() || r.wish().when().contains(DsnWish.When.DELAY));
      // Whom we would not tell of a refusal, as the address may be forged, we do not tell of a
      // delay.
      boolean tell = late && wanted && hasSender() && !r.holdOnRefusal();
      QueuedRecipient next = r.waitingFor(cause, r.delayTold() || tell);
      waiting.add(next);
      lines.add(line(r, Station.What.DEFERRED, cause));
      if (tell) {
        told.add(new Told(Notice.DELAYED, next, cause, null));
      }
    }

    private static Cause expired(Cause last) {
      return new Cause(
          last.reason(),
          EnhancedStatus.of(5, 4, 7),
          "The message could not be delivered in time. The last trouble was: " + last.text(),
          last.host(),
          last.reply(),
          last.scope());
    }

    void failed(QueuedRecipient r, Cause cause) {
      if (!hasSender()) {
        hold(
            r,
            new Cause(
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
      lines.add(line(r, Station.What.BOUNCED, cause));
      boolean wanted =
          !r.wish().never()
              && (r.wish().when().isEmpty() || r.wish().when().contains(DsnWish.When.FAILURE));
      if (wanted) {
        told.add(new Told(Notice.FAILED, r, cause, null));
      }
    }

    private void hold(QueuedRecipient r, Cause cause) {
      held.add(r.waitingFor(cause, r.delayTold()));
      lines.add(line(r, Station.What.HELD, cause));
    }

    private static Station.Line line(QueuedRecipient r, Station.What what, Cause c) {
      return new Station.Line(
          r.target().toString(),
          what,
          c.reason(),
          c.status().toString(),
          c.text(),
          c.host() == null ? "" : c.host(),
          "",
          c.reply() == null ? "" : c.reply().toString());
    }

    Result result(RecipientGroup base, Instant due) {
      Again again = waiting.isEmpty() ? null : new Again(base.with(waiting), due, reason(waiting));
      List<Kept> kept =
          held.isEmpty() ? List.of() : List.of(new Kept(base.with(held), reason(held)));
      return new Result(again, kept, List.copyOf(told), List.copyOf(lines));
    }

    private static String reason(List<QueuedRecipient> of) {
      Cause last = of.getFirst().last();
      return last == null ? "" : last.reason();
    }
  }
}
