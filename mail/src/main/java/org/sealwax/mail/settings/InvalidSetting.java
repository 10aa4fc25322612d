package org.sealwax.mail.settings;

import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** A value that its type does not accept, or values that do not go together; and why. */
public final class InvalidSetting extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private @Nullable String key;
  private int character = -1;
  private @Nullable String help;

  private InvalidSetting(String message) {
    super(message);
  }

  /**
   * {@return a refusal of a value or of a record}
   *
   * @param message one sentence; empty where the form of the type is enough
   */
  public static InvalidSetting because(String message) {
    return new InvalidSetting(message);
  }

  /**
   * {@return this, found at one character of a value}
   *
   * @param at from 0; the length of the text when something is missing
   */
  public InvalidSetting at(int at) {
    character = at;
    return this;
  }

  /**
   * {@return this, of one key of a record}
   *
   * @param name of the key, as it stands in the file
   */
  public InvalidSetting of(String name) {
    key = name;
    return this;
  }

  /**
   * {@return this, with what to do}
   *
   * @param advice shown to the admin; of a value, it replaces the form of the type
   */
  public InvalidSetting help(String advice) {
    help = advice;
    return this;
  }

  /**
   * Throws it.
   *
   * @param wrong whether the values are those that it refuses
   */
  public void throwIf(boolean wrong) {
    if (wrong) {
      throw this;
    }
  }

  /** {@return the sentence, or an empty one} */
  public String text() {
    return String.valueOf(getMessage());
  }

  /** {@return the key of the record, or null} */
  public @Nullable String key() {
    return key;
  }

  /** {@return the character of the value, from 0; empty: the whole value} */
  public OptionalInt character() {
    return character < 0 ? OptionalInt.empty() : OptionalInt.of(character);
  }

  /** {@return what to do, or null} */
  public @Nullable String help() {
    return help;
  }
}
