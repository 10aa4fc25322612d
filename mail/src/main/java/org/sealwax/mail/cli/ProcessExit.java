package org.sealwax.mail.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.util.function.Consumer;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.Threads;

/**
 * Ends the process when a thread that it cannot work without has ended: with a last log line and
 * exit code 70, on which a service manager starts it again. Nothing is closed in order; the store
 * is made for an end at any moment.
 */
public final class ProcessExit {
  /** How long the last line may take. */
  private static final Duration LAST_LINE = Duration.ofSeconds(1);

  private ProcessExit() {}

  /** Sets it for a process without a log. */
  public static void exitWhenThreadEnds(PrintStream err) {
    Supervisor.onEnd(
        end -> {
          try {
            print(end, err);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            Runtime.getRuntime().halt(ExitStatus.SOFTWARE);
          }
        });
  }

  /** Prints the last line. Waits only a short time, because standard error may block. */
  private static void print(Supervisor.ThreadEnd end, PrintStream err) throws InterruptedException {
    Threads.startPlatform("last line", () -> err.println("sealwax: " + end.text())).join(LAST_LINE);
  }

  /**
   * Sets it for a process with a log.
   *
   * @param log writes the last log line; bounded in time
   * @param err where the last line goes when the log itself has ended
   */
  public static void exitWhenThreadEnds(Consumer<Supervisor.ThreadEnd> log, PrintStream err) {
    Supervisor.onEnd(
        end -> {
          try {
            if (end.thread().equals("log")) {
              print(end, err);
            } else {
              log.accept(end);
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            // Any failure to write the last line, including lack of memory.
            Runtime.getRuntime().halt(ExitStatus.SOFTWARE);
          }
        });
  }
}
