package org.sealwax.mail.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A subcommand's arguments, read against its options.
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

  /** Reads {@code words}; {@code --} ends the options, {@code --name=value} is known. */
  public static Arguments read(Subcommand command, List<String> words) throws UsageError {
    List<Subcommand.Option> known = new ArrayList<>(command.options());
    known.add(new Subcommand.Option("--config", "FILE", ""));
    known.add(new Subcommand.Option("--help", null, ""));
    Map<String, String> options = new HashMap<>();
    List<String> operands = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--")) {
        operands.addAll(words.subList(i + 1, words.size()));
        break;
      }
      if (!word.startsWith("-") || word.equals("-")) {
        operands.add(word);
        continue;
      }
      int equals = word.indexOf('=');
      String name = equals < 0 ? word : word.substring(0, equals);
      Subcommand.Option option =
          known.stream()
              .filter(o -> o.name().equals(name))
              .findFirst()
              .orElseThrow(() -> new UsageError(command.name() + " has no option " + name));
      if (option.argument() == null) {
        if (equals >= 0) {
          throw new UsageError(name + " takes no value");
        }
        options.put(name, "");
      } else if (equals >= 0) {
        options.put(name, word.substring(equals + 1));
      } else if (++i < words.size()) {
        options.put(name, words.get(i));
      } else {
        throw new UsageError(name + " needs " + option.argument());
      }
    }
    return new Arguments(options, operands);
  }

  public boolean has(String option) {
    return options.containsKey(option);
  }

  public Optional<String> value(String option) {
    return Optional.ofNullable(options.get(option));
  }
}
