package org.sealwax.router.feedback;

import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.LocalPart;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.RefusalClass;
import org.sealwax.router.queue.TargetReplies;

/**
 * Targets of aliases that answer "unknown user" every day: dead ones after {@link #DAYS}
 * consecutive days. Only replies count that this server received as a client, and a delivery ends
 * the run. Thread-safe.
 */
public final class DeadTargets implements TargetReplies {
  /** Consecutive days with the reply, in UTC. */
  public static final int DAYS = 7;

  /** Runs that are kept apart: a catch-all alias has as many names as senders think of. */
  static final int MOST = 10_000;

  private final Clock clock;
  private final MailLog log;
  private final Map<AliasTarget, DailyRun> runs = new HashMap<>();
  private final Set<AliasTarget> changed = new TreeSet<>();

  /**
   * Consecutive days.
   *
   * @param first day
   * @param last day
   */
  public record DailyRun(LocalDate first, LocalDate last) {
    /** How many days. */
    public long days() {
      return last.toEpochDay() - first.toEpochDay() + 1;
    }

    /** Whether it has lasted long enough, and still lasts. */
    boolean isDead(LocalDate today) {
      return days() >= DAYS && isRunning(today);
    }

    private boolean isRunning(LocalDate today) {
      return !last.plusDays(1).isBefore(today);
    }
  }

  /** Nothing known yet. */
  public DeadTargets(Clock clock, MailLog log) {
    this.clock = clock;
    this.log = log;
  }

  private LocalDate today() {
    return LocalDate.ofInstant(clock.now(), ZoneOffset.UTC);
  }

  /** Adds the runs of the process before. */
  public synchronized void load(Map<AliasTarget, DailyRun> stored) {
    stored.forEach(runs::putIfAbsent);
  }

  private static AliasTarget key(Recipient recipient) {
    Mailbox alias = recipient.original();
    return AliasTarget.alias(LocalPart.folded(alias.localPart()) + "@" + alias.domain())
        .to(recipient.target().mailbox().toString());
  }

  @Override
  public void delivered(Recipient recipient) {
    if (recipient.target() instanceof DeliveryTarget.Remote) {
      end(key(recipient));
    }
  }

  private synchronized void end(AliasTarget key) {
    if (!runs.isEmpty() && runs.remove(key) != null) {
      changed.add(key);
    }
  }

  @Override
  public void refused(Recipient recipient, Reply reply) {
    if (recipient.target() instanceof DeliveryTarget.Remote
        && reply.isPermanent()
        && RefusalClass.of(reply) == RefusalClass.UNKNOWN_USER) {
      note(key(recipient), today());
    }
  }

  private synchronized void note(AliasTarget key, LocalDate today) {
    DailyRun former = runs.get(key);
    if (former != null && !former.last().isBefore(today)) {
      return;
    }
    if (former == null && runs.size() >= MOST) {
      runs.values().removeIf(run -> !run.isRunning(today));
      if (runs.size() >= MOST) {
        return;
      }
    }
    LocalDate first = former != null && former.isRunning(today) ? former.first() : today;
    DailyRun run = new DailyRun(first, today);
    runs.put(key, run);
    changed.add(key);
    if (run.days() == DAYS) {
      log.warning("feedback", sentence(key, run));
    }
  }

  /** What changed since the last call, to be stored; a run that ended is null. */
  public synchronized Map<AliasTarget, @Nullable DailyRun> takeChanged() {
    Map<AliasTarget, @Nullable DailyRun> taken = new HashMap<>();
    changed.forEach(key -> taken.put(key, runs.get(key)));
    changed.clear();
    return taken;
  }

  /** They could not be stored. */
  public synchronized void changedAgain(Set<AliasTarget> keys) {
    changed.addAll(keys);
  }

  /** Whether there is something to store. */
  public synchronized boolean isChanged() {
    return !changed.isEmpty();
  }

  /** Dead targets now. */
  public synchronized long count() {
    LocalDate today = today();
    return runs.values().stream().filter(run -> run.isDead(today)).count();
  }

  /** A sentence for each dead target now, by alias. */
  public synchronized List<String> sentences() {
    return sentences(runs, today());
  }

  static List<String> sentences(Map<AliasTarget, DailyRun> runs, LocalDate today) {
    List<Map.Entry<AliasTarget, DailyRun>> dead = new ArrayList<>(runs.entrySet());
    dead.removeIf(one -> !one.getValue().isDead(today));
    dead.sort(Map.Entry.comparingByKey());
    return dead.stream().map(one -> sentence(one.getKey(), one.getValue())).toList();
  }

  private static String sentence(AliasTarget key, DailyRun run) {
    return "dead alias: "
        + key.alias()
        + " leads to "
        + key.target()
        + ", which has answered \"unknown user\" on "
        + run.days()
        + " consecutive days, since "
        + run.first()
        + "; remove it from the aliases";
  }
}
