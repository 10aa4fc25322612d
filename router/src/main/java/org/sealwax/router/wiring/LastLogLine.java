package org.sealwax.router.wiring;

import java.util.function.Consumer;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.MailLog;

/** The last line in the log of a process that ends because a thread has ended. */
public final class LastLogLine {
  private LastLogLine() {}

  /**
   * Logs the end of a thread, with the stack of its exception.
   *
   * @param flush writes out what the log still holds; bounded in time
   */
  public static Consumer<Supervisor.ThreadEnd> in(MailLog log, Runnable flush) {
    return end -> {
      if (end.why() != null) {
        log.bug("thread " + end.thread(), end.why());
      }
      log.warning("app", end.text());
      flush.run();
    };
  }
}
