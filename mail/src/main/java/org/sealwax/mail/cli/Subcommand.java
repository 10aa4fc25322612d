package org.sealwax.mail.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One subcommand as data; help, the manual page and the reading of arguments come from it.
 *
 * @param name name on the command line
 * @param operands what may follow, as help shows it
 * @param purpose one line
 * @param text the manual's paragraph
 * @param options in addition to {@code --config} and {@code --help}, which every subcommand has
 * @param hidden not shown: for the launcher, or with a command line of its own
 */
public record Subcommand(
    String name,
    String operands,
    String purpose,
    String text,
    List<Option> options,
    boolean hidden) {
  /**
   * One option.
   *
   * @param name with its dashes
   * @param argument the word for its argument, or null for none
   * @param purpose one line
   */
  public record Option(String name, @Nullable String argument, String purpose) {}
}
