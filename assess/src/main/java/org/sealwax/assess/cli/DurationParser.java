package org.sealwax.assess.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.sealwax.mail.cli.Arguments;

/** Times on the command line: {@code 90}, {@code 90s}, {@code 5m}, {@code 1h}. */
final class DurationParser {
  private static final Pattern FORM = Pattern.compile("([0-9]{1,6})([smh]?)");

  private DurationParser() {}

  static Duration read(String option, String text) throws Arguments.UsageError {
    Matcher matcher = FORM.matcher(text);
    if (matcher.matches()) {
      long n = Long.parseLong(matcher.group(1));
      if (n > 0) {
        return switch (matcher.group(2)) {
          case "m" -> Duration.ofMinutes(n);
          case "h" -> Duration.ofHours(n);
          default -> Duration.ofSeconds(n);
        };
      }
    }
    throw new Arguments.UsageError(option + " is a time: 90s, 5m, 1h");
  }
}
