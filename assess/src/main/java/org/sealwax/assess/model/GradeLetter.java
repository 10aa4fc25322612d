package org.sealwax.assess.model;

import java.util.Arrays;
import java.util.Optional;

/** Letters, from the best to the worst. */
public enum GradeLetter {
  A_PLUS("A+", 80),
  A("A", 80),
  A_MINUS("A-", 80),
  B("B", 65),
  C("C", 50),
  D("D", 35),
  E("E", 20),
  F("F", 0);

  private final String text;
  private final int least;

  GradeLetter(String text, int least) {
    this.text = text;
    this.least = least;
  }

  /** {@code A+}. */
  public String text() {
    return text;
  }

  /** The score from which on it is given, of 100. */
  public int least() {
    return least;
  }

  /** The letter of a score by itself; A+ is never given by a score. */
  public static GradeLetter of(int score) {
    for (GradeLetter letter : new GradeLetter[] {A, B, C, D, E}) {
      if (score >= letter.least) {
        return letter;
      }
    }
    return F;
  }

  /** The letter so written, in any case. */
  public static Optional<GradeLetter> read(String text) {
    return Arrays.stream(values()).filter(l -> l.text.equalsIgnoreCase(text)).findFirst();
  }

  /** The worse of two. */
  public static GradeLetter worse(GradeLetter a, GradeLetter b) {
    return a.compareTo(b) >= 0 ? a : b;
  }
}
