package org.sealwax.mail.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.sealwax.mail.net.FailureText;

/** A file that a command writes at its end, checked before its work: that may take minutes. */
public final class OutputFile {
  private OutputFile() {}

  /**
   * Checks that a file can be written.
   *
   * @param process resolves the name
   * @param arguments of the command
   * @param option that names the file, for example {@code --html}
   * @throws CommandFailed when it cannot, with the reason
   */
  public static void check(ProcessEnvironment process, Arguments arguments, String option)
      throws CommandFailed {
    Optional<Path> file = arguments.value(option).map(process::path);
    if (file.isPresent()) {
      Optional<String> problem = problem(file.get());
      if (problem.isPresent()) {
        throw new CommandFailed(ExitStatus.DATA, option + ": " + file.get() + ": " + problem.get());
      }
    }
  }

  private static Optional<String> problem(Path file) {
    if (Files.isDirectory(file)) {
      return Optional.of("it is a folder, not a file");
    }
    Path folder = file.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return Optional.of("there is no such folder");
    }
    return Files.isWritable(Files.exists(file) ? file : folder)
        ? Optional.empty()
        : Optional.of(FailureText.known("permission denied").orElse("permission denied"));
  }
}
