package org.sealwax.mail.settings;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/**
 * The known word closest to a misspelled one: Damerau-Levenshtein distance, adjacent swaps as one
 * step.
 */
public final class SpellingSuggestion {
  /** Characters of a word that is compared: the time grows with their product. */
  private static final int MAX_LENGTH = 60;

  private SpellingSuggestion() {}

  /**
   * {@return the nearest of the known words, if it is near enough to be worth a suggestion}
   *
   * @param word the misspelled word; upper case does not matter
   * @param known words in lower case
   */
  public static Optional<String> to(String word, Collection<String> known) {
    String written = word.toLowerCase(Locale.ROOT);
    if (written.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    String best = null;
    int least = Math.max(1, written.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(written, candidate);
      if (distance < least) {
        least = distance;
        best = candidate;
      }
    }
    return Optional.ofNullable(best);
  }

  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      d[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      d[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int other = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j] + 1, d[i][j - 1] + 1), d[i - 1][j - 1] + other);
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
