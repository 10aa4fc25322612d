package org.sealwax.mail.cli;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The arguments of a command, read against its {@link Usage}.
 *
 * @param options given options by name; of an option without argument the value is empty
 * @param operands the rest, in order
 */
public record Arguments(Map<String, String> options, List<String> operands) {
  private static final Pattern TIME = Pattern.compile("([1-9][0-9]{0,5})([smh]?)");

  /** Copies. */
  public Arguments {
    options = Map.copyOf(options);
    operands = List.copyOf(operands);
  }

  /** The arguments do not fit; the message is one plain sentence. */
  public static final class UsageError extends IOException {
    private static final long serialVersionUID = 1L;

    private String command = "sealwax";

    public UsageError(String message) {
      super(message);
    }

    /** The same of a command. */
    UsageError of(String words) {
      command = words;
      return this;
    }

    /** The words of the command. */
    public String command() {
      return command;
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
   * What {@code reader} makes of an option's value; empty when the option is not given.
   *
   * @param expected what the value is: {@code a domain: example.org}
   * @throws UsageError when the reader makes nothing of it
   */
  public <T> Optional<T> read(String option, Function<String, Optional<T>> reader, String expected)
      throws UsageError {
    Optional<String> text = value(option);
    Optional<T> read = text.flatMap(reader);
    if (read.isEmpty() && text.isPresent()) {
      throw new UsageError(option + " is " + expected);
    }
    return read;
  }

  /**
   * A number from 1 on.
   *
   * @param most inclusive
   */
  public Optional<Integer> number(String option, int most) throws UsageError {
    return read(option, text -> parseNumber(text, most), "a number from 1 to " + most);
  }

  private static Optional<Integer> parseNumber(String text, int most) {
    return Optional.of(text)
        .filter(t -> t.matches("[0-9]{1,9}"))
        .map(Integer::valueOf)
        .filter(n -> n >= 1 && n <= most);
  }

  /** A number from 1 to {@code most} within an option's value. */
  public static int number(String what, String text, int most) throws UsageError {
    return parseNumber(text, most)
        .orElseThrow(() -> new UsageError(what + " is a number from 1 to " + most));
  }

  /** A time: {@code 90}, {@code 90s}, {@code 5m}, {@code 1h}. */
  public Optional<Duration> time(String option) throws UsageError {
    return read(option, Arguments::parseTime, "a time: 90s, 5m, 1h");
  }

  private static Optional<Duration> parseTime(String text) {
    Matcher matcher = TIME.matcher(text);
    if (!matcher.matches()) {
      return Optional.empty();
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
