package org.sealwax.assess;

import java.util.List;
import java.util.Optional;

/**
 * A letter and how it came about.
 *
 * @param letter the worse of the score's letter and the caps
 * @param uncertain something that counts was inconclusive: shown as {@code B?}
 * @param score of 100
 * @param parts points by category
 * @param caps that apply, the worst first
 * @param missing what is not fulfilled for A+; empty only for A+
 */
public record Grade(
    Letter letter,
    boolean uncertain,
    int score,
    List<Part> parts,
    List<Cap> caps,
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
  public record Part(String category, int points, int most) {}

  /**
   * A cap that applies.
   *
   * @param most the best letter that is left
   * @param reason in words
   * @param finding on which it rests
   */
  public record Cap(Letter most, String reason, Finding finding) {}

  /** {@code A+}, {@code B?}. */
  public String text() {
    return letter.text() + (uncertain ? "?" : "");
  }

  /** The cap that decides the letter, if a cap does. */
  public Optional<Cap> decisive() {
    return caps.stream().findFirst().filter(c -> c.most() == letter);
  }
}
