package org.sealwax.mail.cli;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The environment of the process: read once in the main method, a parameter everywhere else.
 *
 * @param environment environment variables
 * @param in standard input
 * @param out standard output
 * @param err standard error
 * @param user the user's name
 * @param home the user's home folder
 * @param folder the working folder
 */
public record ProcessEnvironment(
    Map<String, String> environment,
    InputStream in,
    PrintStream out,
    PrintStream err,
    String user,
    Path home,
    Path folder) {
  /** Copies; text to the two streams is made printable. */
  public ProcessEnvironment {
    environment = Map.copyOf(environment);
    out = PrintableStream.over(out);
    err = PrintableStream.over(err);
  }

  /**
   * The user's home: {@code HOME} as for every other program, else the account's, which the JVM
   * alone would look at.
   */
  public static Path home(Map<String, String> environment, String account) {
    String home = environment.getOrDefault("HOME", "");
    return Path.of(home.startsWith("/") ? home : account);
  }

  /** The same process with another standard input, and output and errors in one place. */
  public ProcessEnvironment with(String input, PrintStream output) {
    InputStream read = new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8));
    return new ProcessEnvironment(environment, read, output, output, user, home, folder);
  }

  /** A variable that is set and not empty. */
  public Optional<String> variable(String name) {
    return Optional.ofNullable(environment.get(name)).filter(v -> !v.isEmpty());
  }

  /** Whether this is the superuser, who gets the system's folders. */
  public boolean root() {
    return user.equals("root");
  }

  /** A path as the user wrote it, against the working folder. */
  public Path path(String text) {
    return folder.resolve(text).normalize();
  }
}
