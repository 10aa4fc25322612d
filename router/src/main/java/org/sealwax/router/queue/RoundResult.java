package org.sealwax.router.queue;

import java.util.Collection;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The result of a round for its next hop, independent of the result for the mail. */
public sealed interface RoundResult {
  /** The next hop answered. */
  record Answered() implements RoundResult {}

  /** Nothing was learned: a look-up failed, or the round did not run. */
  record NothingLearned() implements RoundResult {}

  /** Every address had as many rounds as one address may have: the mail was not tried. */
  record Busy() implements RoundResult {}

  /** No mail can be delivered there now. */
  record NextHopUnreachable(FailureCause cause) implements RoundResult {}

  /**
   * The host greeted us and failed after MAIL.
   *
   * @param recipients the recipients concerned
   */
  record FailedAfterMail(FailureCause cause, Set<String> recipients) implements RoundResult {
    /** Copies. */
    public FailedAfterMail {
      recipients = Set.copyOf(recipients);
    }
  }

  /** The next hop slows down the sender's domain. */
  record SenderSlowed(FailureCause cause) implements RoundResult {}

  /**
   * The result of a round.
   *
   * @param recipients those it was for
   * @param outcomes theirs, by key
   * @param greeted whether a host greeted us in it
   */
  static RoundResult of(
      Collection<Recipient> recipients, Map<Long, Outcome> outcomes, boolean greeted) {
    boolean answered = greeted;
    boolean busy = true;
    boolean unreachable = true;
    @Nullable FailureCause last = null;
    @Nullable FailureCause slowed = null;
    @Nullable FailureCause afterMail = null;
    Set<String> concerned = new HashSet<>(0);
    for (Recipient r : recipients) {
      FailureCause cause = cause(outcomes.get(r.key()));
      if (cause == null) {
        answered |= outcomes.containsKey(r.key());
        busy = false;
        unreachable = false;
        continue;
      }
      answered |= cause.reply() != null;
      busy &= cause.isBusy();
      last = cause;
      switch (cause.scope()) {
        case NEXT_HOP -> {}
        case RECIPIENT, MESSAGE -> unreachable = false;
        case SENDER -> {
          unreachable = false;
          slowed = cause;
        }
        case TRANSACTION -> {
          unreachable = false;
          afterMail = cause;
          concerned.add(r.target().toString());
        }
      }
    }
    if (last == null) {
      return answered ? new Answered() : new NothingLearned();
    }
    if (busy) {
      return new Busy();
    }
    if (unreachable) {
      return new NextHopUnreachable(last);
    }
    if (slowed != null) {
      return new SenderSlowed(slowed);
    }
    if (afterMail != null) {
      return new FailedAfterMail(afterMail, concerned);
    }
    return answered ? new Answered() : new NothingLearned();
  }

  /** Why it was not delivered, or null when the next hop took or refused it. */
  private static @Nullable FailureCause cause(@Nullable Outcome outcome) {
    return switch (outcome) {
      case null -> null;
      case Outcome.Deferred d -> d.cause();
      case Outcome.Held h -> h.cause();
      case Outcome.Refused r -> null;
      case Outcome.Delivered d -> null;
    };
  }
}
