package org.sealwax.assess.model;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * A letter and how it was computed.
 *
 * @param letter the worse of the score's letter and the caps: what is sure
 * @param atBest the letter if everything passed that this depth leaves out; equal where it leaves
 *     out nothing that counts
 * @param doubts what counts and was inconclusive, a few words each; any are shown as {@code B?}
 * @param score of 100
 * @param open points of checks that this depth leaves out: neither earned nor lost
 * @param parts points by category
 * @param caps that apply, the worst first
 * @param missing what is not fulfilled for A+; empty only for A+
 */
public record Grade(
    GradeLetter letter,
    GradeLetter atBest,
    List<String> doubts,
    int score,
    int open,
    List<CategoryScore> parts,
    List<GradeCap> caps,
    List<String> missing) {
  /**
   * By letter, then by the worst cap, then by score: the weakest comes first, because an attacker
   * chooses it.
   */
  public static final Comparator<Grade> WEAKEST_FIRST =
      Comparator.comparing(Grade::letter, Comparator.reverseOrder())
          .thenComparing(
              g -> g.caps().isEmpty() ? GradeLetter.A_PLUS : g.caps().getFirst().most(),
              Comparator.reverseOrder())
          .thenComparingInt(Grade::score);

  /** Doubts that an explanation names. */
  private static final int MAX_DOUBTS = 5;

  /** Copies. */
  public Grade {
    doubts = List.copyOf(doubts);
    parts = List.copyOf(parts);
    caps = List.copyOf(caps);
    missing = List.copyOf(missing);
  }

  /**
   * Points of one category.
   *
   * @param category its name
   * @param points earned
   * @param most that can be earned
   */
  public record CategoryScore(String category, int points, int most) {}

  /**
   * A cap that applies.
   *
   * @param most the best letter that is left
   * @param reason in words
   * @param finding on which it rests
   */
  public record GradeCap(GradeLetter most, String reason, Finding finding) {}

  /**
   * {@code A+}, {@code B?}; {@code C to B} where what was not tested decides: what is not tested is
   * neither good nor bad.
   */
  public String text() {
    String mark = uncertain() ? "?" : "";
    return letter == atBest ? letter.text() + mark : letter.text() + " to " + atBest.text() + mark;
  }

  /** Whether something that counts was inconclusive. */
  public boolean uncertain() {
    return !doubts.isEmpty();
  }

  /** The same with more doubts. */
  public Grade doubting(List<String> more) {
    List<String> all = new ArrayList<>(doubts);
    more.stream().filter(doubt -> !all.contains(doubt)).forEach(all::add);
    return new Grade(letter, atBest, all, score, open, parts, caps, missing);
  }

  /** Whether the letter is worse than that of the score, because of the worst cap. */
  public boolean capped() {
    return !caps.isEmpty() && caps.getFirst().most().compareTo(GradeLetter.of(score)) > 0;
  }

  /**
   * How the letter comes about, in one sentence: {@code C: 56 points; B from 65; at most B because
   * of TLS 1.0}.
   */
  public String explanation() {
    GradeLetter byScore = GradeLetter.of(score);
    StringBuilder out = new StringBuilder(text()).append(": ").append(score).append(" points");
    if (capped()) {
      out.append(", enough for ").append(byScore.text());
    } else if (byScore != GradeLetter.A) {
      GradeLetter better = GradeLetter.values()[byScore.ordinal() - 1];
      better = better == GradeLetter.A_MINUS ? GradeLetter.A : better;
      out.append("; ").append(better.text()).append(" from ").append(better.least());
    }
    if (!caps.isEmpty()) {
      GradeLetter most = caps.getFirst().most();
      List<String> reasons =
          caps.stream().filter(c -> c.most() == most).map(GradeCap::reason).distinct().toList();
      out.append("; at most ").append(most.text()).append(" because of ");
      out.append(listed(reasons));
    }
    if (letter != atBest) {
      out.append("; ").append(atBest.text()).append(" if all checks that were not tested pass (");
      out.append(open).append(" points)");
    }
    if (uncertain()) {
      List<String> named = doubts.stream().limit(MAX_DOUBTS).toList();
      out.append("; the question mark stands for ").append(listed(named));
      if (doubts.size() > MAX_DOUBTS) {
        out.append(" and ").append(doubts.size() - MAX_DOUBTS).append(" more");
      }
    }
    return out.toString();
  }

  /**
   * As the result of steps: {@code With these: B, 86 points.}
   *
   * @param steps how many; they are what the sentence begins with
   */
  public String afterSteps(int steps) {
    return (steps == 1 ? "With this: " : "With these: ") + text() + ", " + score + " points.";
  }

  private static String listed(List<String> words) {
    return words.size() < 2
        ? String.join("", words)
        : String.join(", ", words.subList(0, words.size() - 1)) + " and " + words.getLast();
  }
}
