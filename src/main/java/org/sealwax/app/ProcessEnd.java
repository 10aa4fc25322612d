package org.sealwax.app;

import java.io.PrintStream;
import org.sealwax.log.MailLog;
import org.sealwax.world.Supervisor;

/**
 * Ends the process when a thread that it cannot work without has ended: with a last log line and
 * exit code 70, on which a service manager starts it again. Nothing is closed in order; the store
 * is made for an end at any moment.
 */
final class ProcessEnd {
  private ProcessEnd() {}

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
              err.println("sealwax: " + end.text());
            } else {
              if (end.why() != null) {
                log.bug("thread " + end.thread(), end.why());
              }
              log.warning("app", end.text());
              flush.run();
            }
          } finally {
            // Whatever the last line met, out of memory among it.
            Runtime.getRuntime().halt(Exit.SOFTWARE);
          }
        });
  }
}
