package org.sealwax.router.cli;

import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import org.sealwax.mail.cli.Arguments;

/** The option {@code --since}: a UTC day, or a number of days. */
final class DayOption {
  private DayOption() {}

  /**
   * The day that the option names.
   *
   * @param days before today, without the option
   */
  static LocalDate since(Arguments arguments, LocalDate today, int days)
      throws Arguments.UsageError {
    return arguments
        .read("--since", text -> day(text, today), "a day, 2026-11-24, or a number of days: 30d")
        .orElse(today.minusDays(days));
  }

  private static Optional<LocalDate> day(String text, LocalDate today) {
    if (text.matches("[0-9]{1,4}d")) {
      return Optional.of(today.minusDays(Long.parseLong(text.substring(0, text.length() - 1))));
    }
    try {
      return Optional.of(LocalDate.parse(text));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
