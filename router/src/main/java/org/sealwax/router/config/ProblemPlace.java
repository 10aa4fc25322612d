package org.sealwax.router.config;

import java.util.List;

/**
 * A place of a file that is read, for what is wrong there.
 *
 * @param reader collects the problems
 * @param position within its file
 */
record ProblemPlace(ConfigurationReader reader, SourcePosition position) {
  /** A problem that was reported, or none. */
  interface Reported {
    /** Adds what to do about it. */
    void help(String advice);
  }

  /** The line, from 1; 0 for none. */
  int line() {
    return position.line();
  }

  /** Reports an error. */
  Reported error(String text) {
    return reader.add(new ConfigurationProblem(true, position, text, List.of(), List.of()));
  }

  /** Reports an error where {@code wrong}. */
  Reported error(boolean wrong, String text) {
    return wrong ? error(text) : advice -> {};
  }

  /** Reports a warning. */
  Reported warning(String text) {
    return reader.add(new ConfigurationProblem(false, position, text, List.of(), List.of()));
  }

  /** Reports a warning where {@code doubtful}. */
  Reported warning(boolean doubtful, String text) {
    return doubtful ? warning(text) : advice -> {};
  }
}
