package org.sealwax.app;

import java.io.PrintStream;
import java.time.Duration;
import org.sealwax.log.MailLog;
import org.sealwax.world.Supervisor;
import org.sealwax.world.Threads;

/**
 * Ends the process when a thread that it cannot work without has ended: with a last log line and
 * exit code 70, on which a service manager starts it again. Nothing is closed in order; the store
 * is made for an end at any moment.
 */
final class ProcessEnd {
  /** How long the last line may take. */
  private static final Duration LAST_LINE = Duration.ofSeconds(1);

  private ProcessEnd() {}

  /** Sets it for a process without a log. */
  static void whenThreadsEnd(PrintStream err) {
    Supervisor.onEnd(
        end -> {
          try {
            print(end, err);
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            Runtime.getRuntime().halt(Exit.SOFTWARE);
          }
        });
  }

  /** Perhaps nobody reads, so for a moment only. */
  private static void print(Supervisor.End end, PrintStream err) throws InterruptedException {
    Threads.startPlatform("last line", () -> err.println("sealwax: " + end.text())).join(LAST_LINE);
  }

  /**
   * Sets it for this process.
   *
   * @param flush writes out what the log still holds; bounded in time
   * @param err where the last line goes too when the log itself has ended
   */
  static void whenThreadsEnd(MailLog log, Runnable flush, PrintStream err) {
    Supervisor.onEnd(
        end -> {
          try {
            if (end.thread().equals("log")) {
              print(end, err);
            } else {
              if (end.why() != null) {
                log.bug("thread " + end.thread(), end.why());
              }
              log.warning("app", end.text());
              flush.run();
            }
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          } finally {
            // Whatever the last line met, out of memory among it.
            Runtime.getRuntime().halt(Exit.SOFTWARE);
          }
        });
  }
}
