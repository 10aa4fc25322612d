package org.sealwax.router.queue;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.sealwax.router.queue.DeliverySlots.MxAddresses;
import org.sealwax.router.spool.BatchKey;
import org.sealwax.router.spool.DueBatch;

/**
 * The next hops that the scheduler remembers, and those for which the store has more. Those with
 * nothing in line and in rounds have their bound, {@link Scheduler#MOST_HOPS}, of which {@link
 * Scheduler#MOST_PAUSED} may be paused; the one that was not asked about for longest is forgotten
 * first. Pure and mutable; part of {@link Scheduler}.
 */
final class KnownNextHops {
  /**
   * A next hop as the scheduler knows it: its mail in line, its rounds, and what they showed. Pure
   * and mutable.
   */
  static final class NextHopState {
    final String key;
    final NextHopPauses pauses = new NextHopPauses();
    @Nullable NextHopBacklog own;
    @Nullable NextHopBacklog nullSender;
    int ready;
    int running;
    int limit = Scheduler.FIRST_ROUNDS;
    boolean greeted;
    boolean answered;
    // Until it has answered a round in time: a host that greets at once may be slow later.
    boolean slow = true;
    boolean moreInStore;

    /** Rounds that have lasted long. */
    int aged;

    /** Rounds for which a client waits. */
    int cutThrough;

    MxAddresses.@Nullable MxAddress busy;
    MxAddresses.@Nullable MxAddress woken;

    /** The other line toward the same next hop ({@link SchedulingKey}); the limit is for both. */
    @Nullable NextHopState besides;

    NextHopState(String key) {
      this.key = key;
    }

    /** The backlog that mail of a sender is in, or null. */
    @Nullable NextHopBacklog backlog(String sender) {
      return sender.isEmpty() ? nullSender : own;
    }

    NextHopBacklog backlogFor(String sender) {
      NextHopBacklog backlog = backlog(sender);
      if (backlog != null) {
        return backlog;
      }
      NextHopBacklog fresh = new NextHopBacklog(this, sender.isEmpty());
      if (fresh.nullSender) {
        nullSender = fresh;
      } else {
        own = fresh;
      }
      return fresh;
    }

    boolean isIdle() {
      return ready == 0 && running == 0;
    }

    int runningTowardIt() {
      NextHopState other = besides;
      return other == null ? running : running + other.running;
    }
  }

  /**
   * Mail in line for one next hop, whose senders have turns: mail with a sender and mail with the
   * null sender are two backlogs.
   */
  static final class NextHopBacklog {
    final NextHopState hop;
    final boolean nullSender;
    private final LinkedHashMap<String, ArrayDeque<DueBatch>> bySender = new LinkedHashMap<>(2);
    int ready;

    /** Since when mail is in line without a break. */
    Instant since = Instant.MIN;

    /** Whether it went ahead as new mail, and has its turns like the others since. */
    boolean served;

    // Where it stands, which NextHopTurns keeps.
    @Nullable LinkedHashSet<NextHopBacklog> place;
    @Nullable SlotClass placedAs;
    String domain = "";
    boolean isParked;
    boolean isArrival;

    NextHopBacklog(NextHopState hop, boolean nullSender) {
      this.hop = hop;
      this.nullSender = nullSender;
    }

    /** Batches of one sender. */
    int ready(String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      return ofSender == null ? 0 : ofSender.size();
    }

    /** The sender whose turn it is. */
    String firstSender() {
      return bySender.firstEntry().getKey();
    }

    void add(DueBatch batch) {
      bySender.computeIfAbsent(batch.sender(), k -> new ArrayDeque<>(2)).add(batch);
      count(1);
    }

    /** Puts the batch that was added last before the others of its sender. */
    void moveToFront(String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      if (ofSender != null && ofSender.size() > 1) {
        ofSender.addFirst(ofSender.removeLast());
      }
    }

    /** Takes the batch whose turn it is. */
    DueBatch removeFirst() {
      Map.Entry<String, ArrayDeque<DueBatch>> next =
          Objects.requireNonNull(bySender.pollFirstEntry());
      DueBatch batch = next.getValue().remove();
      if (!next.getValue().isEmpty()) {
        bySender.putLast(next.getKey(), next.getValue());
      }
      count(-1);
      return batch;
    }

    /** Takes the batch that would wait longest. */
    DueBatch removeLast() {
      Map.Entry<String, ArrayDeque<DueBatch>> last = bySender.lastEntry();
      DueBatch batch = last.getValue().removeLast();
      if (last.getValue().isEmpty()) {
        bySender.remove(last.getKey());
      }
      count(-1);
      return batch;
    }

    /** Takes one batch; false when it is not there. */
    boolean remove(BatchKey key, String sender) {
      ArrayDeque<DueBatch> ofSender = bySender.get(sender);
      if (ofSender == null || !ofSender.removeIf(r -> r.key().equals(key))) {
        return false;
      }
      if (ofSender.isEmpty()) {
        bySender.remove(sender);
      }
      count(-1);
      return true;
    }

    /** Takes the batches of one sender's domain, or all when it is null. */
    void removeAll(@Nullable String domain, List<DueBatch> into) {
      Iterator<Map.Entry<String, ArrayDeque<DueBatch>>> entries = bySender.entrySet().iterator();
      while (entries.hasNext()) {
        Map.Entry<String, ArrayDeque<DueBatch>> entry = entries.next();
        if (domain == null || NextHopPauses.domain(entry.getKey()).equals(domain)) {
          into.addAll(entry.getValue());
          count(-entry.getValue().size());
          entries.remove();
        }
      }
    }

    private void count(int more) {
      ready += more;
      hop.ready += more;
    }
  }

  private final LinkedHashMap<String, NextHopState> hops = new LinkedHashMap<>(64, 0.75f, true);
  private final LinkedHashSet<NextHopState> toRefill = new LinkedHashSet<>();
  private int paused;
  private int active;

  int size() {
    return hops.size();
  }

  int paused() {
    return paused;
  }

  List<NextHopState> all() {
    return List.copyOf(hops.values());
  }

  /** One that is known, or null. */
  @Nullable NextHopState find(String key) {
    return hops.get(key);
  }

  /** One that is known from now on. */
  NextHopState get(String key) {
    NextHopState known = hops.get(key);
    if (known == null) {
      known = new NextHopState(key);
      NextHopState other = hops.get(SchedulingKey.besides(key));
      if (other != null) {
        known.besides = other;
        other.besides = known;
      }
      hops.put(key, known);
      if (hops.size() > Scheduler.MOST_HOPS + active) {
        forgetOne(known, false);
      }
    }
    return known;
  }

  /** A next hop gets its first batch, or loses its last one. */
  void activity(boolean begins) {
    active += begins ? 1 : -1;
  }

  void paused(NextHopState hop) {
    if (++paused > Scheduler.MOST_PAUSED) {
      forgetOne(hop, true);
    }
  }

  void pauseEnded() {
    paused--;
  }

  private void forgetOne(NextHopState but, boolean isPaused) {
    for (NextHopState hop : hops.values()) {
      if (hop != but && hop.isIdle() && (!isPaused || hop.pauses.isPaused())) {
        forget(hop);
        return;
      }
    }
  }

  void forget(NextHopState hop) {
    hops.remove(hop.key);
    toRefill.remove(hop);
    NextHopState other = hop.besides;
    if (other != null) {
      other.besides = null;
    }
    if (hop.pauses.isPaused()) {
      paused--;
    }
  }

  /** Notes whether mail is to be fetched for it. */
  void refill(NextHopState hop, boolean needed) {
    if (needed) {
      toRefill.add(hop);
    } else {
      toRefill.remove(hop);
    }
  }

  /** Those for which mail is to be fetched, in turns. */
  List<String> toRefill(int most) {
    if (toRefill.isEmpty()) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    for (int i = Math.min(most, toRefill.size()); i > 0; i--) {
      NextHopState hop = toRefill.removeFirst();
      toRefill.addLast(hop);
      found.add(hop.key);
    }
    return found;
  }

  /**
   * The pauses of one next hop, or of mail of one sender's domain to it, with reason and end. Pure
   * and mutable; part of {@link Scheduler}.
   */
  static final class NextHopPauses {
    /** Sender domains that one next hop may slow down; beyond it the first is forgotten. */
    static final int MOST_SLOWED = 16;

    /** Failures are forgotten this long after the pause. */
    static final Duration REMEMBER = Duration.ofHours(1);

    /** How long the others wait for what a probe finds. */
    static final Duration PROBE_WAIT = Duration.ofMinutes(2);

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
      return new Admission.Paused(now.plus(PROBE_WAIT), PROBE_WAIT, Objects.requireNonNull(cause));
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
     * @return whether an unrelated message failed in the same way before and none got through
     *     since, so that it is not the message
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

    /** An admin orders an attempt now. */
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

  /**
   * The line that mail stands in: the key of its next hop, and apart from it for mail with {@code
   * TLS-Required: No}. What keeps the rest of the mail from a next hop is most often its policy
   * (DANE fails, a certificate ran out), and such mail passes that policy (RFC 8689 section 3): it
   * must neither wait out a pause that others earned, nor end theirs by getting through. So it is
   * with our own TLS reports, which are wanted most where TLS is broken.
   */
  static final class SchedulingKey {
    /** No key of a next hop ends so: no name has a space. */
    private static final String APART = " tls-optional";

    private SchedulingKey() {}

    /** The line toward a next hop. */
    static String of(NextHop hop, MailOptions.TlsOption tls) {
      return switch (tls) {
        case UNSPECIFIED, REQUIRED -> hop.key();
        case OPTIONAL, REPORT -> hop.key() + APART;
      };
    }

    /** The other line toward the same next hop. */
    static String besides(String line) {
      String hop = hop(line);
      return hop.equals(line) ? hop + APART : hop;
    }

    /** The next hop's key alone, for display. */
    static String hop(String line) {
      return line.endsWith(APART) ? line.substring(0, line.length() - APART.length()) : line;
    }
  }
}
