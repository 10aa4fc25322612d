package org.sealwax.router.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.cli.Arguments;

/**
 * The arguments of {@code sendmail}, as local programs have given them for forty years: every
 * option of Sendmail is known, those that mean nothing here are taken without effect.
 *
 * @param mode what is asked for
 * @param recipientsFromHeader {@code -t}
 * @param dotIsData {@code -i}, {@code -oi}: a lone dot does not end the message
 * @param from {@code -f}, {@code -r}: the envelope sender, {@code ""} for the null path, or null
 * @param fullName {@code -F}
 * @param notifyWhen {@code -N}: NOTIFY of RFC 3461, or null
 * @param envelopeId {@code -V}: ENVID, or null
 * @param returnContent {@code -R}: RET, or null
 * @param configuration {@code -C} or {@code --config}, or null
 * @param recipients the operands
 */
public record SendmailArguments(
    Mode mode,
    boolean recipientsFromHeader,
    boolean dotIsData,
    @Nullable String from,
    @Nullable String fullName,
    @Nullable String notifyWhen,
    @Nullable String envelopeId,
    @Nullable String returnContent,
    @Nullable String configuration,
    List<String> recipients) {
  /** The mode of operation. */
  public enum Mode {
    /** {@code -bm}: take a message from standard input. */
    MESSAGE,
    /** {@code -bs}: speak SMTP on standard input and output. */
    SMTP,
    /** {@code -bp}, or called as mailq: list the queue. */
    QUEUE,
    /** {@code -bi}, {@code -q}, {@code -I}: Sealwax does that by itself. */
    NOTHING
  }

  /** Copies. */
  public SendmailArguments {
    recipients = List.copyOf(recipients);
  }

  /** Options that take an argument, in the same word or the next. */
  private static final String WITH_ARGUMENT = "BCDFNRVXfrhpOLAoqb";

  /** Options without argument that mean nothing here. */
  private static final String WITHOUT_EFFECT = "GUmnvxIs";

  /** Of those with an argument, the ones whose argument is only ever in the same word. */
  private static final String SAME_WORD_ONLY = "oqbAd";

  /**
   * Reads the words.
   *
   * @throws Arguments.UsageError when they mean something that this program does not do
   */
  public static SendmailArguments read(List<String> words) throws Arguments.UsageError {
    OptionReader reader = new OptionReader();
    int i = 0;
    for (; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--")) {
        i++;
        break;
      }
      if (word.equals("--config") && i + 1 < words.size()) {
        reader.configuration = words.get(++i);
        continue;
      }
      if (word.startsWith("--config=")) {
        reader.configuration = word.substring("--config=".length());
        continue;
      }
      if (!word.startsWith("-") || word.length() < 2) {
        reader.recipients.add(word);
        continue;
      }
      i += reader.readOptions(word, i + 1 < words.size() ? words.get(i + 1) : null);
    }
    reader.recipients.addAll(words.subList(Math.min(i, words.size()), words.size()));
    return reader.done();
  }

  private static final class OptionReader {
    private Mode mode = Mode.MESSAGE;
    private boolean fromHeader;
    private boolean dotIsData;
    private @Nullable String from;
    private @Nullable String fullName;
    private @Nullable String notify;
    private @Nullable String envelopeId;
    private @Nullable String returnContent;
    private @Nullable String configuration;
    private final List<String> recipients = new ArrayList<>();

    /** One word of options, {@code -ti} being two; how many further words it took. */
    private int readOptions(String word, @Nullable String next) throws Arguments.UsageError {
      for (int at = 1; at < word.length(); at++) {
        char c = word.charAt(at);
        if (c == 't') {
          fromHeader = true;
          continue;
        }
        if (c == 'i') {
          dotIsData = true;
          continue;
        }
        if (c == 'd') {
          return 0; // -d0.1: debugging of Sendmail, the rest of the word is its argument
        }
        if (WITH_ARGUMENT.indexOf(c) >= 0) {
          String rest = word.substring(at + 1);
          if (!rest.isEmpty() || SAME_WORD_ONLY.indexOf(c) >= 0) {
            applyOption(c, rest);
            return 0;
          }
          if (next == null) {
            throw new Arguments.UsageError("-" + c + " needs an argument");
          }
          applyOption(c, next);
          return 1;
        }
        if (WITHOUT_EFFECT.indexOf(c) < 0) {
          throw new Arguments.UsageError("sendmail has no option -" + c);
        }
        if (c == 'I') {
          mode = Mode.NOTHING;
        }
      }
      return 0;
    }

    private void applyOption(char option, String argument) throws Arguments.UsageError {
      switch (option) {
        case 'f', 'r' -> from = argument.equals("<>") ? "" : argument;
        case 'F' -> fullName = argument;
        case 'N' -> notify = notifyOf(argument);
        case 'V' -> envelopeId = argument;
        case 'R' -> returnContent = returnOf(argument);
        case 'C' -> configuration = argument;
        case 'o' -> dotIsData |= argument.equals("i");
        case 'O' -> {
          String name = argument.toLowerCase(java.util.Locale.ROOT).replace(" ", "");
          dotIsData |= name.equals("ignoredots") || name.equals("ignoredots=true");
        }
        case 'q' -> mode = Mode.NOTHING;
        case 'b' -> mode = modeOf(argument);
        default -> {
          // -B -D -X -h -p -L -A: nothing of this is decided here.
        }
      }
    }

    private static Mode modeOf(String argument) throws Arguments.UsageError {
      return switch (argument) {
        case "m" -> Mode.MESSAGE;
        case "s" -> Mode.SMTP;
        case "p" -> Mode.QUEUE;
        case "i" -> Mode.NOTHING;
        case "d", "D" -> throw new Arguments.UsageError("start the server with: sealwax serve");
        default -> throw new Arguments.UsageError("sendmail -b" + argument + " is not supported");
      };
    }

    /** RFC 3461 4.1. */
    private static String notifyOf(String argument) throws Arguments.UsageError {
      List<String> words = List.of(argument.toUpperCase(java.util.Locale.ROOT).split(",", -1));
      boolean known =
          words.equals(List.of("NEVER"))
              || List.of("SUCCESS", "FAILURE", "DELAY").containsAll(words);
      if (!known) {
        throw new Arguments.UsageError("-N takes never, or success, failure, delay");
      }
      return String.join(",", words);
    }

    /** RFC 3461 4.3. */
    private static String returnOf(String argument) throws Arguments.UsageError {
      return switch (argument.toLowerCase(java.util.Locale.ROOT)) {
        case "full" -> "FULL";
        case "hdrs" -> "HDRS";
        default -> throw new Arguments.UsageError("-R takes full or hdrs");
      };
    }

    private SendmailArguments done() {
      return new SendmailArguments(
          mode,
          fromHeader,
          dotIsData,
          from,
          fullName,
          notify,
          envelopeId,
          returnContent,
          configuration,
          recipients);
    }
  }
}
