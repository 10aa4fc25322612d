package org.sealwax.mail.net;

import java.util.Locale;

/** A number with its noun in a text for people: {@code 1 message}, {@code 2 messages}. */
public final class CountText {
  private static final String BAR = " | ";
  private static final int STEP = 1_024;
  private static final String UNITS = " KMGTPE";

  private CountText() {}

  /**
   * {@return the number and the words that fit it}
   *
   * @param count how many
   * @param words a noun in the singular whose plural has one more {@code s}; or the words for one
   *     and those for any other number, with a bar between them: {@code "key is | keys are"}
   */
  public static String of(long count, String words) {
    int bar = words.indexOf(BAR);
    String one = bar < 0 ? words : words.substring(0, bar);
    String several = bar < 0 ? words + "s" : words.substring(bar + BAR.length());
    return count + " " + (count == 1 ? one : several);
  }

  /**
   * {@return a size in its largest unit, by powers of 1,024 as in the configuration: {@code 1.5
   * MB}}
   *
   * @param bytes the size, not negative
   */
  public static String bytes(long bytes) {
    if (bytes < STEP) {
      return of(bytes, "byte");
    }
    double size = bytes;
    int unit = 0;
    while (size >= STEP) {
      size /= STEP;
      unit++;
    }
    String form = size < 10 ? "%.1f %cB" : "%.0f %cB";
    return String.format(Locale.ROOT, form, size, UNITS.charAt(unit));
  }
}
