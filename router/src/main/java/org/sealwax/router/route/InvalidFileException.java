package org.sealwax.router.route;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.UnsafeCharacters;

/** A file of aliases, recipients or secrets is not valid; the exception has all its errors. */
public final class InvalidFileException extends IOException {
  private final List<FileError> flaws;

  InvalidFileException(List<FileError> flaws) {
    super(flaws.stream().map(FileError::toString).collect(Collectors.joining("\n")));
    this.flaws = List.copyOf(flaws);
  }

  /** At least one. */
  public List<FileError> flaws() {
    return flaws;
  }

  /**
   * An error in a file that an admin wrote.
   *
   * @param file which
   * @param line from 1
   * @param column from 1
   * @param text the line itself
   * @param problem one sentence
   * @param help what to do, or null
   */
  public record FileError(
      Path file, int line, int column, String text, String problem, @Nullable String help) {
    private static final int MAX_LISTED = 120;

    /** As the configuration's errors look: place, sentence, the line with a caret, help. */
    @Override
    public String toString() {
      // A window of the line around the place; tabs would move the caret.
      int from = column > MAX_LISTED ? column - MAX_LISTED / 2 : 0;
      int to = Math.min(text.length(), from + MAX_LISTED);
      StringBuilder shown = new StringBuilder(to - from);
      for (int i = from; i < to; i++) {
        char c = text.charAt(i);
        shown.append(UnsafeCharacters.contains(c) ? ' ' : c);
      }
      String out =
          file
              + ":"
              + line
              + ":"
              + column
              + ": "
              + problem
              + "\n    "
              + shown
              + "\n    "
              + " ".repeat(Math.max(0, column - 1 - from))
              + "^";
      return help == null ? out : out + "\n  help: " + help;
    }
  }
}
