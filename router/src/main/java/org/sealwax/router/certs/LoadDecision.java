package org.sealwax.router.certs;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether a pair replaces the one in force.
 *
 * @param choice what is in force from now on
 * @param because defects of the new pair that the former one does not have
 */
record LoadDecision(Choice choice, Set<PairDefect> because) {
  /** The new pair has no defect that the former one does not have. */
  static final LoadDecision LOAD = new LoadDecision(Choice.LOAD, Set.of());

  /** What is in force from now on. */
  enum Choice {
    /** The new pair. */
    LOAD,
    /** The new pair, which does less harm than the former one at its end; an admin must act. */
    LOAD_WITH_ALARM,
    /** The former pair. */
    KEEP,
    /** The former pair, although it ends soon: an admin must act. */
    KEEP_WITH_ALARM
  }

  /** With less time left than this, the former pair is compared as after its end. */
  static final Duration SHORT = Duration.ofDays(3);

  /**
   * DANE first: a sender with DANE defers where no record matches, and of the others most deliver
   * without a valid certificate.
   */
  private static final Comparator<Set<PairDefect>> HARM =
      Comparator.<Set<PairDefect>>comparingLong(d -> count(d, true))
          .thenComparingLong(d -> count(d, false));

  /**
   * A pair as senders judge it.
   *
   * @param ends the end of the certificate
   * @param now its defects now
   * @param atEnd its defects after its end, when nothing else changes
   */
  record JudgedPair(Instant ends, Set<PairDefect> now, Set<PairDefect> atEnd) {
    /** Copies. */
    JudgedPair {
      now = Set.copyOf(now);
      atEnd = Set.copyOf(atEnd);
    }
  }

  private static long count(Set<PairDefect> defects, boolean dane) {
    return defects.stream().filter(d -> d instanceof PairDefect.NoTlsaMatch == dane).count();
  }

  /**
   * The decision. A defect that both have does not keep the former one. With less than {@link
   * #SHORT} left, the former pair is compared as it will be after its end.
   *
   * @param former in force; null: there is none
   * @param fresh the new one
   */
  static LoadDecision of(@Nullable JudgedPair former, JudgedPair fresh, Instant now) {
    if (former == null) {
      return LOAD;
    }
    Set<PairDefect> more = PairDefect.without(fresh.now(), former.now());
    if (more.isEmpty()) {
      return LOAD;
    }
    if (now.plus(SHORT).isBefore(former.ends())) {
      return new LoadDecision(Choice.KEEP, more);
    }
    boolean less = HARM.compare(fresh.now(), former.atEnd()) < 0;
    return new LoadDecision(less ? Choice.LOAD_WITH_ALARM : Choice.KEEP_WITH_ALARM, more);
  }

  /** {@return whether the new pair is put in force} */
  boolean isLoaded() {
    return choice == Choice.LOAD || choice == Choice.LOAD_WITH_ALARM;
  }

  /** {@return whether an admin must act: each choice does harm, now or soon} */
  boolean isAlarm() {
    return choice == Choice.LOAD_WITH_ALARM || choice == Choice.KEEP_WITH_ALARM;
  }

  /** {@return the defects in words} */
  String reasons() {
    List<String> texts = because.stream().map(PairDefect::text).sorted().toList();
    return texts.stream().limit(MAX_REASONS).collect(Collectors.joining("; "))
        + (texts.size() > MAX_REASONS ? "; and " + (texts.size() - MAX_REASONS) + " more" : "");
  }

  private static final int MAX_REASONS = 4;
}
