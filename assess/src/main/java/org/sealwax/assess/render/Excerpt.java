package org.sealwax.assess.render;

/** The beginning of a text from another host, which may be longer than a report. */
public final class Excerpt {
  private Excerpt() {}

  /**
   * At most {@code most} characters of a text; the rest is counted.
   *
   * @param most at least 1
   */
  public static String of(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(most - 1)) ? most - 1 : most;
    return text.substring(0, end) + "… (" + (text.length() - end) + " more characters)";
  }
}
