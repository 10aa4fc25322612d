package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.spool.BatchKey;

/**
 * The pauses of one next hop, or of mail of one sender's domain to it, with reason and end. Pure
 * and mutable; part of {@link Scheduler}.
 */
final class NextHopPauses {
  /** Sender domains that one next hop may slow down; beyond it the first is forgotten. */
  static final int MOST_SLOWED = 16;

  /** Failures are forgotten this long after the pause. */
  static final Duration REMEMBER = Duration.ofHours(1);

  private static final int MOST_FAILURES = 30;

  private int failures;
  private @Nullable Instant until;
  private Duration length = Duration.ZERO;
  private @Nullable FailureCause cause;
  private @Nullable BatchKey oldest;
  private @Nullable Instant lastAnswer;
  private @Nullable SuspectMessage suspect;
  private @Nullable Map<String, SlowedSender> slowed;

  /** A message that failed after MAIL. */
  private record SuspectMessage(String domain, RoundResult.FailedAfterMail failure, Instant at) {}

  /** A sender's domain that is slowed down. */
  private record SlowedSender(int failures, Admission.Paused pause) {}

  /** Whether the next hop is left alone, or its probe is awaited. */
  boolean isPaused() {
    return until != null;
  }

  /** Whether it is still left alone then. */
  boolean isPaused(Instant then) {
    return until != null && until.isAfter(then);
  }

  /** Failures in a row. */
  int failures() {
    return failures;
  }

  /** Whether nothing is known that matters later. */
  boolean isForgettable() {
    return failures == 0 && until == null && slowed == null && suspect == null;
  }

  /** The pause that is in force for mail of this sender, or null. */
  Admission.@Nullable Paused of(String sender, Instant now) {
    Instant end = until;
    FailureCause why = cause;
    if (end != null && why != null && end.isAfter(now)) {
      return new Admission.Paused(end, length, why);
    }
    SlowedSender pair = slowed == null ? null : slowed.get(domain(sender));
    return pair != null && pair.pause.until().isAfter(now) ? pair.pause : null;
  }

  /** The wait for what a probe finds. */
  Admission.Paused forProbe(Instant now) {
    return new Admission.Paused(
        now.plus(Scheduler.PROBE_WAIT), Scheduler.PROBE_WAIT, Objects.requireNonNull(cause));
  }

  /** Notes a batch that waits for the end of the pause. */
  void addWaiting(BatchKey key) {
    if (until != null && (oldest == null || isOlder(key, oldest))) {
      oldest = key;
    }
  }

  /** The oldest batch that is known to wait for the end of the pause, or null. */
  @Nullable BatchKey oldest() {
    return oldest;
  }

  /** The oldest one is gone. */
  void batchRemoved(BatchKey key) {
    if (key.equals(oldest)) {
      oldest = null;
    }
  }

  private static boolean isOlder(BatchKey a, BatchKey b) {
    int messages = a.message().compareTo(b.message());
    return messages < 0 || messages == 0 && a.number() < b.number();
  }

  /** The next hop answered: true when that ends a pause. */
  boolean answered(String sender, Instant now) {
    failures = 0;
    suspect = null;
    lastAnswer = now;
    if (slowed != null) {
      slowed.remove(domain(sender));
      slowed = slowed.isEmpty() ? null : slowed;
    }
    return end();
  }

  /** Ends the pause: true when there was one. What it has failed so far is remembered. */
  boolean end() {
    boolean was = until != null;
    until = null;
    cause = null;
    oldest = null;
    return was;
  }

  /** Whether it answered any connection since then. */
  boolean isAnsweredSince(Instant then) {
    return lastAnswer != null && !lastAnswer.isBefore(then);
  }

  /**
   * Begins a pause, unless one is in force.
   *
   * @param why its end ends the pause, when that is sooner
   */
  void begin(FailureCause why, QueueSettings settings, Instant now, double chance) {
    suspect = null;
    if (isPaused(now)) {
      return;
    }
    failures = Math.min(failures + 1, MOST_FAILURES);
    length = length(failures, settings, chance);
    Instant known = why.until();
    if (known != null && known.isAfter(now) && known.isBefore(now.plus(length))) {
      length = Duration.between(now, known);
    }
    until = now.plus(length);
    cause = why;
  }

  private static Duration length(int failures, QueueSettings settings, double chance) {
    long most = settings.deadSiteMost().toMillis();
    long wait = settings.deadSiteFirst().toMillis();
    for (int i = 1; i < failures && wait < most; i++) {
      wait *= 2;
    }
    return Duration.ofMillis(Math.max(1, (long) (Math.min(wait, most) * (0.8 + 0.4 * chance))));
  }

  /**
   * A message failed after MAIL.
   *
   * @param began when its round began
   * @return whether an unrelated message failed in the same way before and none got through since,
   *     so that it is not the message
   */
  boolean isNextHopAtFault(
      String sender,
      RoundResult.FailedAfterMail failure,
      Instant began,
      QueueSettings settings,
      Instant now) {
    SuspectMessage before = suspect;
    String domain = domain(sender);
    if (before == null || !before.at.plus(settings.deadSiteMost()).isAfter(now)) {
      suspect = new SuspectMessage(domain, failure, now);
      return false;
    }
    return !isAnsweredSince(began)
        && !before.domain.equals(domain)
        && failure.recipients().stream().noneMatch(before.failure.recipients()::contains);
  }

  /** The host slows down the domain of this sender. */
  Admission.Paused slow(
      String sender, FailureCause why, QueueSettings settings, Instant now, double chance) {
    if (slowed == null) {
      slowed = new LinkedHashMap<>(2);
    }
    SlowedSender before = slowed.remove(domain(sender));
    SlowedSender next;
    if (before != null && before.pause.until().isAfter(now)) {
      next = before;
    } else {
      int times = before == null ? 1 : Math.min(before.failures + 1, MOST_FAILURES);
      Duration wait = length(times, settings, chance);
      next = new SlowedSender(times, new Admission.Paused(now.plus(wait), wait, why));
    }
    slowed.put(domain(sender), next);
    if (slowed.size() > MOST_SLOWED) {
      slowed.remove(slowed.keySet().iterator().next());
    }
    return next.pause;
  }

  /** Of a sender's address; the null sender's is empty. */
  static String domain(String sender) {
    return sender.substring(sender.lastIndexOf('@') + 1);
  }

  /** An admin wants it tried now. */
  void wake(Instant now) {
    slowed = null;
    if (until != null) {
      until = now;
      oldest = null;
    }
  }

  /** Forgets what is too old to matter: true when that ends a pause. */
  boolean removeOld(QueueSettings settings, boolean isIdle, Instant now) {
    if (slowed != null) {
      slowed.values().removeIf(s -> s.pause.until().plus(REMEMBER).isBefore(now));
      slowed = slowed.isEmpty() ? null : slowed;
    }
    if (suspect != null && suspect.at.plus(settings.deadSiteMost()).isBefore(now)) {
      suspect = null;
    }
    if (isIdle && until != null && until.plus(REMEMBER).isBefore(now)) {
      failures = 0;
      return end();
    }
    return false;
  }
}
