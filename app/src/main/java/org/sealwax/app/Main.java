package org.sealwax.app;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.StandardOutput;

/** The program. */
public final class Main {
  private Main() {}

  /** Runs a subcommand and ends with its exit code. */
  public static void main(String[] args) {
    // Lines of the log are flushed by the log itself, in batches.
    PrintStream out = new StandardOutput();
    PrintStream err =
        new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            System.getenv(),
            System.in,
            out,
            err,
            System.getProperty("user.name", ""),
            ProcessEnvironment.home(System.getenv(), System.getProperty("user.home", "/")),
            Path.of("").toAbsolutePath());
    int code = new CommandLine(around).run(args);
    out.flush();
    System.exit(code);
  }
}
