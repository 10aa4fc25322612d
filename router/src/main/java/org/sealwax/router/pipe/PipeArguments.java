package org.sealwax.router.pipe;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.address.ReversePath;

/** A command line with its placeholders filled. */
sealed interface PipeArguments {
  /** Ready. */
  record Filled(List<String> argv) implements PipeArguments {}

  /** A value would be read as an option by the command. */
  record OptionLike(String placeholder) implements PipeArguments {}

  /** A value has characters that this process's locale cannot hand over. */
  record NotEncodable(String placeholder) implements PipeArguments {}

  /** The values of one run. */
  record Values(Mailbox recipient, ReversePath sender, String id, RecipientDelimiter delimiter) {
    private String of(String placeholder) {
      String local = recipient.localPart();
      int at = delimiter.endOfName(local);
      return switch (placeholder) {
        case "{recipient}" -> recipient.toString();
        case "{local}" -> local;
        case "{domain}" -> recipient.domain().toString();
        case "{extension}" -> at < 0 ? "" : local.substring(at + 1);
        case "{sender}" -> sender.toString();
        case "{id}" -> id;
        default -> throw new IllegalStateException("not a placeholder: " + placeholder);
      };
    }
  }

  /** Fills. After a literal {@code --} a value may begin with a dash: the command knows then. */
  static PipeArguments fill(List<String> command, Values values, boolean unicode) {
    List<String> argv = new ArrayList<>(command.size());
    boolean afterDashes = false;
    for (String argument : command) {
      if (!PipeSettings.PLACEHOLDERS.contains(argument)) {
        afterDashes |= argument.equals("--");
        argv.add(argument);
        continue;
      }
      String value = values.of(argument);
      if (value.startsWith("-") && !afterDashes) {
        return new OptionLike(argument);
      }
      boolean ascii = StandardCharsets.US_ASCII.newEncoder().canEncode(value);
      if (value.indexOf('\0') >= 0 || (!ascii && !unicode)) {
        return new NotEncodable(argument);
      }
      argv.add(value);
    }
    return new Filled(List.copyOf(argv));
  }
}
