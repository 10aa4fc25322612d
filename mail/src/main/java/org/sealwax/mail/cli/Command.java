package org.sealwax.mail.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.settings.SpellingSuggestion;

/**
 * A command, or a group of commands. {@link Usage} shows how its page declares it. Options may
 * stand before and after the names of commands; {@code --} ends them. {@code -h} and {@code --help}
 * count wherever they stand.
 */
public final class Command {
  private static final List<String> HELP = List.of("-h", "--help");
  private static final Arguments NONE = new Arguments(Map.of(), List.of());

  private final String page;
  private final String path;
  private final List<Command> commands;
  private final Action action;
  private final WordReading reading;

  /** What a command does. */
  @FunctionalInterface
  public interface Action {
    /** The exit code, of {@link ExitStatus}. */
    int run(Arguments arguments) throws IOException, InterruptedException;
  }

  /** The words after its name. */
  private enum WordReading {
    /** Options, operands, or the name of a command in it. */
    OWN,
    /** Operands all of them. */
    RAW,
    /** Options, and the name of a command in it. */
    GROUP
  }

  private Command(String page, List<Command> commands, Action action, WordReading reading) {
    this.page = page;
    this.path = Usage.pathOf(page);
    this.commands = List.copyOf(commands);
    this.action = action;
    this.reading = reading;
  }

  /** A command. */
  public static Command of(String page, Action action) {
    return of(page, action, List.of());
  }

  /** A command that has operands, and commands of its own besides: their names are not operands. */
  public static Command of(String page, Action action, List<Command> commands) {
    return new Command(page, commands, action, WordReading.OWN);
  }

  /** A command that reads its options itself: all words after its name are operands. */
  public static Command raw(String page, Action action) {
    return new Command(page, List.of(), action, WordReading.RAW);
  }

  /**
   * A group. Where its page states {@code [COMMAND]}, the first command is the one that runs when
   * none is named.
   */
  public static Command group(String page, List<Command> commands) {
    return new Command(
        page,
        commands,
        arguments -> {
          throw new IllegalStateException(page);
        },
        WordReading.GROUP);
  }

  /** How it is used; read from the page at each call. */
  public Usage usage() {
    return Usage.of(page);
  }

  /** The commands of a group. */
  public List<Command> commands() {
    return commands;
  }

  /** This command and all commands in it. */
  public Stream<Command> all() {
    return Stream.concat(Stream.of(this), commands.stream().flatMap(Command::all));
  }

  /** Runs what the words name, or prints its help. */
  public int run(ProcessEnvironment process, List<String> words)
      throws IOException, InterruptedException {
    CommandLineReader reader = new CommandLineReader(this);
    try {
      Arguments arguments = reader.read(words);
      if (!reader.help) {
        return reader.command.action.run(arguments);
      }
    } catch (Arguments.UsageError e) {
      throw e.of(reader.command.path);
    }
    reader.command.printHelp(process.out(), process);
    return ExitStatus.OK;
  }

  /** Prints the help, wrapped for the terminal. */
  public void printHelp(PrintStream out, ProcessEnvironment process) {
    out.print(HelpText.of(this, Terminal.width(process)));
  }

  /**
   * The command that the words name, by names of commands alone.
   *
   * @throws Arguments.UsageError when there is none
   */
  public Command find(List<String> names) throws Arguments.UsageError {
    Command found = this;
    for (String name : names) {
      found = found.named(name);
    }
    return found;
  }

  /**
   * Reads the words without running anything.
   *
   * @throws Arguments.UsageError when they do not fit
   */
  public Arguments read(List<String> words) throws Arguments.UsageError {
    return new CommandLineReader(this).read(words);
  }

  private boolean isNamed(String name) {
    return path.endsWith(" " + name);
  }

  private Command named(String name) throws Arguments.UsageError {
    return within(name).orElseThrow(() -> unknown(name));
  }

  private Arguments.UsageError unknown(String name) {
    Optional<String> near =
        SpellingSuggestion.to(name, shown().map(Usage::name).toList())
            .map(word -> path + " " + word)
            .or(
                () ->
                    commands.stream()
                        .flatMap(Command::all)
                        .map(each -> each.path)
                        .filter(other -> other.endsWith(" " + name))
                        .findFirst());
    return new Arguments.UsageError(
        path
            + " has no command \""
            + Printable.of(name)
            + near.map(other -> "\"; did you mean " + other + "?")
                .orElseGet(
                    () ->
                        "\"; its commands: "
                            + shown().map(Usage::name).collect(Collectors.joining(", "))));
  }

  private Optional<Command> within(String name) {
    return commands.stream().filter(each -> each.isNamed(name)).findFirst();
  }

  private Stream<Usage> shown() {
    return commands.stream().map(Command::usage).filter(Usage::shown);
  }

  /** One command line. */
  private static final class CommandLineReader {
    private Command command;
    private int at;
    private boolean help;
    private final Map<String, String> given = new HashMap<>();
    private final List<String> operands = new ArrayList<>();

    CommandLineReader(Command first) {
      this.command = first;
    }

    /** Where help is asked for, nothing else is expected of the words. */
    private Arguments read(List<String> words) throws Arguments.UsageError {
      try {
        return parse(words);
      } catch (Arguments.UsageError e) {
        help |= words.stream().skip(at).takeWhile(w -> !w.equals("--")).anyMatch(HELP::contains);
        if (help) {
          return NONE;
        }
        throw e;
      }
    }

    private Arguments parse(List<String> words) throws Arguments.UsageError {
      for (; at < words.size(); at++) {
        String word = words.get(at);
        if (command.reading == WordReading.RAW) {
          operands.addAll(words.subList(at, words.size()));
          // It may have a -h of its own.
          help = operands.size() == 1 && HELP.contains(word);
          break;
        }
        if (word.equals("--")) {
          operands.addAll(words.subList(at + 1, words.size()));
          break;
        }
        if (HELP.contains(word)) {
          help = true;
        } else if (word.startsWith("-") && word.length() > 1) {
          option(word, at + 1 < words.size() ? words.get(at + 1) : null);
        } else if (command.reading == WordReading.GROUP) {
          command = command.named(word);
        } else if (operands.isEmpty() && command.within(word).isPresent()) {
          command = command.within(word).get();
        } else {
          operands.add(word);
        }
      }
      if (help) {
        return NONE;
      }
      Usage usage = command.usage();
      if (command.reading == WordReading.GROUP) {
        if (!usage.operands().startsWith("[")) {
          throw new Arguments.UsageError(
              command.path
                  + " needs one of "
                  + command.shown().map(Usage::name).collect(Collectors.joining(", ")));
        }
        command = command.commands.getFirst();
        usage = command.usage();
      }
      for (String name : given.keySet()) {
        if (option(name, usage).isEmpty()) {
          throw unknownOption(name, usage);
        }
      }
      if (command.reading != WordReading.RAW) {
        usage.checkOperands(operands);
      }
      return new Arguments(given, operands);
    }

    /** Reads one option, and the next word where that is its value. */
    private void option(String word, @Nullable String next) throws Arguments.UsageError {
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      Usage.Option option =
          command
              .all()
              .flatMap(c -> option(name, c.usage()).stream())
              .findFirst()
              .orElseThrow(() -> unknownOption(name, command.usage()));
      String value = equals < 0 ? next : word.substring(equals + 1);
      boolean separate = equals < 0 && option.argument() != null;
      if (option.argument() == null) {
        if (equals >= 0) {
          throw new Arguments.UsageError(name + " takes no value");
        }
        value = "";
      } else if (value == null || separate && value.startsWith("-") && value.length() > 1) {
        throw new Arguments.UsageError(name + " needs " + option.argument());
      }
      if (given.put(name, value) != null) {
        throw new Arguments.UsageError(name + " is given twice");
      }
      at += separate ? 1 : 0;
    }

    private static Arguments.UsageError unknownOption(String name, Usage usage) {
      List<String> known =
          Stream.concat(Usage.COMMON.stream(), usage.options().stream())
              .map(Usage.Option::name)
              .toList();
      Optional<String> near =
          name.matches("-[a-z]")
              ? known.stream().filter(o -> o.startsWith("-" + name)).findFirst()
              : SpellingSuggestion.to(name, known);
      return new Arguments.UsageError(
          usage.path()
              + " has no option "
              + Printable.of(name)
              + near.map(option -> "; did you mean " + option + "?").orElse(""));
    }

    private static Optional<Usage.Option> option(String name, Usage usage) {
      return Stream.concat(Usage.COMMON.stream(), usage.options().stream())
          .filter(o -> o.name().equals(name))
          .findFirst();
    }
  }
}
