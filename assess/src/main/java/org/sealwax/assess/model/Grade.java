package org.sealwax.assess.model;

import java.util.List;

/**
 * A letter and how it was computed.
 *
 * @param letter the worse of the score's letter and the caps: what is sure
 * @param atBest the letter if everything passed that this depth leaves out; equal where it leaves
 *     out nothing that counts
 * @param uncertain something that counts was inconclusive: shown as {@code B?}
 * @param score of 100
 * @param open points of checks that this depth leaves out: neither earned nor lost
 * @param parts points by category
 * @param caps that apply, the worst first
 * @param missing what is not fulfilled for A+; empty only for A+
 */
public record Grade(
    GradeLetter letter,
    GradeLetter atBest,
    boolean uncertain,
    int score,
    int open,
    List<CategoryScore> parts,
    List<GradeCap> caps,
    List<String> missing) {
  /** Copies. */
  public Grade {
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
    String mark = uncertain ? "?" : "";
    return letter == atBest ? letter.text() + mark : letter.text() + " to " + atBest.text() + mark;
  }

  /** The same with a doubt. */
  public Grade markUncertain() {
    return new Grade(letter, atBest, true, score, open, parts, caps, missing);
  }
}
