package org.sealwax.router.pipe;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.settings.InvalidSetting;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.settings.SettingsRecord;

/**
 * A command that takes mail.
 *
 * @param name by which alias files and routes refer to it
 * @param command program and arguments; an argument that is {@code {recipient}}, {@code {local}},
 *     {@code {domain}}, {@code {extension}}, {@code {sender}} or {@code {id}} as a whole is
 *     replaced; the program is an absolute path
 * @param wrapper program and arguments that run the command as another user ({@code sudo -n -u
 *     tracker --}); empty: as our own user
 * @param directory in which it runs
 * @param environment all of it
 * @param lineEnd what the message's lines end with
 * @param mboxFrom whether a {@code From sender date} line goes first
 * @param delimiter between a name and its extension
 * @param timeout from start to exit; positive
 * @param concurrency runs at a time, 1 to {@link #MAX_CONCURRENCY}
 */
@SettingTable(name = "pipe", rows = true, purpose = "Command that receives mail.")
public record PipeSettings(
    @Setting(
            example = "bugs",
            required = true,
            unique = true,
            doc = "Name for alias files: pipe:name.")
        String name,
    @Setting(
            example = {"/usr/local/bin/tracker-gateway", "{recipient}"},
            required = true,
            filled = true,
            doc =
                "Absolute path of the program, and its arguments; no shell. An argument {recipient}, {local}, {domain}, {extension}, {sender} or {id} is replaced.")
        List<String> command,
    @Setting(
            doc =
                "Program with arguments that runs the command as another user, such as [\"/usr/bin/sudo\", \"-n\", \"-u\", \"tracker\", \"--\"]. Empty: the router's own user, which must not be root.")
        List<String> wrapper,
    @Setting(fallback = "/", doc = "Working directory.") Path directory,
    @Setting(
            fallback = "PATH=/usr/local/bin:/usr/bin:/bin",
            doc = "Complete environment, each entry as NAME=value.")
        List<String> environment,
    @Setting(fallback = "lf", doc = "Line ends of the message.") LineEnd lineEnd,
    @Setting(fallback = "false", doc = "Write a line \"From sender date\" first.") boolean mboxFrom,
    RecipientDelimiter delimiter,
    @Setting(fallback = "5m", least = "1s", doc = "Time limit; then the command is killed.")
        Duration timeout,
    @Setting(
            name = "concurrent",
            fallback = "4",
            max = MAX_CONCURRENCY,
            doc = "Maximum number of concurrent commands.")
        int concurrency) {
  /** Three threads and three descriptors each. */
  public static final int MAX_CONCURRENCY = 100;

  /** What the program and its arguments may be in all; far below the system's limit. */
  public static final int MAX_ARGUMENTS = 100;

  /** What may stand for an argument. */
  public static final Set<String> PLACEHOLDERS =
      Set.of("{recipient}", "{local}", "{domain}", "{extension}", "{sender}", "{id}");

  /** Line ends on the command's standard input. */
  public enum LineEnd {
    /** As programs of this system expect. */
    LF,
    /** As on the wire. */
    CRLF
  }

  /**
   * Copies and checks.
   *
   * @throws IllegalArgumentException with a sentence for the admin
   */
  public PipeSettings {
    command = List.copyOf(command);
    wrapper = List.copyOf(wrapper);
    environment = List.copyOf(environment);
    require(!name.isBlank(), "a pipe needs a name");
    require(!command.isEmpty(), "a pipe needs a command");
    require(command.size() <= MAX_ARGUMENTS, "at most " + MAX_ARGUMENTS + " arguments");
    require(command.getFirst().startsWith("/"), "the command must begin with an absolute path");
    require(
        wrapper.isEmpty() || wrapper.getFirst().startsWith("/"),
        "the wrapper must begin with an absolute path");
    for (String argument : command) {
      for (String placeholder : new TreeSet<>(PLACEHOLDERS)) {
        require(
            argument.equals(placeholder) || !argument.contains(placeholder),
            placeholder + " must be a whole argument, not a part of \"" + argument + "\"");
      }
      boolean braces = argument.startsWith("{") && argument.endsWith("}");
      require(
          !braces || PLACEHOLDERS.contains(argument),
          argument + " is not one of " + String.join(", ", new TreeSet<>(PLACEHOLDERS)));
    }
    for (String variable : environment) {
      InvalidSetting.because("not a variable: " + variable)
          .of("environment")
          .help("write NAME=value")
          .throwIf(variable.indexOf('=') < 1);
    }
    require(timeout.isPositive(), "the timeout must be positive");
    require(
        concurrency >= 1 && concurrency <= MAX_CONCURRENCY,
        "concurrency is 1 to " + MAX_CONCURRENCY);
  }

  /** A command with everything else at its default. */
  public static PipeSettings of(String name, List<String> command) {
    return SettingsRecord.defaults(
        PipeSettings.class,
        Map.of("name", name, "command", command, "delimiter", RecipientDelimiter.PLUS));
  }

  /** Its environment, by name. */
  Map<String, String> variables() {
    Map<String, String> all = new HashMap<>();
    for (String variable : environment) {
      int equals = variable.indexOf('=');
      all.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return all;
  }

  private static void require(boolean holds, String sentence) {
    if (!holds) {
      throw new IllegalArgumentException(sentence);
    }
  }
}
