package org.sealwax.mail.net;

/**
 * Characters that are never shown as they are in text from outside: they steer a terminal, turn the
 * direction of the text, end a line, are not seen, or have no meaning that two programs share. Each
 * writer escapes them in the notation of its format.
 */
public final class UnsafeCharacters {
  private static final int REPLACEMENT = 0xfffd;

  private UnsafeCharacters() {}

  /**
   * Whether a character is unsafe: a control or format character, a separator of lines, half of a
   * character, private or unassigned, or the mark of bytes that were not UTF-8.
   *
   * @param c a code point
   * @return whether it is to be escaped
   */
  public static boolean contains(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> c == REPLACEMENT;
    };
  }
}
