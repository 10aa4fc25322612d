package org.sealwax.router.config;

import java.util.regex.Pattern;
import org.tomlj.TomlParseError;

/**
 * An error of the parser in our words: its own are about tokens of the grammar.
 *
 * @param sentence what is wrong
 * @param help what a line looks like
 */
record TomlSyntaxError(String sentence, String help) {
  private static final Pattern DUPLICATE =
      Pattern.compile("(?i).*(?:previously defined|already defined|redefin).*");

  /**
   * The words for an error.
   *
   * @param error of the parser
   * @param line the line in which it is
   */
  static TomlSyntaxError of(TomlParseError error, String line) {
    String text = String.valueOf(error.getMessage()).replace('\n', ' ');
    String written = line.strip();
    if (DUPLICATE.matcher(text).matches()) {
      return wrong(Character.toLowerCase(text.charAt(0)) + text.substring(1))
          .withHelp(
              "a key stands once in its table; a table that may be there several times is [[listener]]");
    }
    if (written.startsWith("[")) {
      return wrong("this is not the name of a table")
          .withHelp("a table is [server], a list of tables [[listener]]");
    }
    int equals = written.indexOf('=');
    // A line of a list that goes over several.
    if (written.startsWith("\"")) {
      return notAList();
    }
    if (equals < 0) {
      return wrong("this line is neither a key with its value nor a table")
          .withHelp("a line is key = value, [server], [[listener]] or # comment");
    }
    String value = written.substring(equals + 1).strip();
    if (value.startsWith("\"") && value.indexOf('"', 1) < 0) {
      return wrong("the quote at the end is missing").withHelp("a text is \"text\"");
    }
    if (value.startsWith("[")) {
      return notAList();
    }
    if (value.contains("\",")) {
      return wrong("more than one value").withHelp("several values are a list: [\"a\", \"b\"]");
    }
    return value.isEmpty()
        ? wrong("the value is missing").withHelp("a line is key = value")
        : wrong("this is not a value")
            .withHelp(
                "a text, an address or a time is in quotes: key = \"value\"; numbers, true and false"
                    + " are not");
  }

  private static TomlSyntaxError notAList() {
    return wrong("this is not a list")
        .withHelp("a list is [\"a\", \"b\"], with a comma between its values");
  }

  private static TomlSyntaxError wrong(String sentence) {
    return new TomlSyntaxError(sentence, "");
  }

  private TomlSyntaxError withHelp(String text) {
    return new TomlSyntaxError(sentence, text);
  }
}
