package org.sealwax.mail.cli;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The arguments of a command, read against its {@link Usage}.
 *
 * @param options given options by name; of an option without argument the value is empty
 * @param operands the rest, in order
 */
public record Arguments(Map<String, String> options, List<String> operands) {
  /** Copies. */
  public Arguments {
    options = Map.copyOf(options);
    operands = List.copyOf(operands);
  }

  /** The arguments do not fit; the message is one plain sentence. */
  public static final class UsageError extends Exception {
    private static final long serialVersionUID = 1L;

    public UsageError(String message) {
      super(message);
    }
  }

  public boolean has(String option) {
    return options.containsKey(option);
  }

  public Optional<String> value(String option) {
    return Optional.ofNullable(options.get(option));
  }

  /** The first operand of a command that needs one. */
  public String operand() {
    return operands.getFirst();
  }

  /**
   * A number from 1 on.
   *
   * @param most inclusive
   */
  public Optional<Integer> number(String option, int most) throws UsageError {
    Optional<String> text = value(option);
    return text.isEmpty() ? Optional.empty() : Optional.of(number(option, text.get(), most));
  }

  /** A number from 1 to {@code most} within an option's value. */
  public static int number(String option, String text, int most) throws UsageError {
    if (text.matches("[0-9]{1,9}")) {
      int number = Integer.parseInt(text);
      if (number >= 1 && number <= most) {
        return number;
      }
    }
    throw new UsageError(option + " is a number from 1 to " + most);
  }

  private static final Pattern TIME = Pattern.compile("([1-9][0-9]{0,5})([smh]?)");

  /** A time: {@code 90}, {@code 90s}, {@code 5m}, {@code 1h}. */
  public Optional<Duration> time(String option) throws UsageError {
    Optional<String> text = value(option);
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Matcher matcher = TIME.matcher(text.get());
    if (!matcher.matches()) {
      throw new UsageError(option + " is a time: 90s, 5m, 1h");
    }
    long count = Long.parseLong(matcher.group(1));
    return Optional.of(
        switch (matcher.group(2)) {
          case "m" -> Duration.ofMinutes(count);
          case "h" -> Duration.ofHours(count);
          default -> Duration.ofSeconds(count);
        });
  }
}
