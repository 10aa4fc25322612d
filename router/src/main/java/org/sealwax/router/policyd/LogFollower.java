package org.sealwax.router.policyd;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.log.MailLog;

/** Follows Postfix's log and lets the ledger learn from it. */
public final class LogFollower implements Closeable {
  private final LogTail tail;

  private LogFollower(LogTail tail) {
    this.tail = tail;
  }

  /**
   * Begins at the end of {@code file}, which may be missing for now.
   *
   * @param ledger that learns, up to {@code encrypt}
   * @param resolver for the MX hosts of recipients' domains
   */
  public static LogFollower start(
      Path file, Ledger ledger, Resolver resolver, Clock clock, RandomSource random, MailLog log) {
    LogLearner learner = new LogLearner(ledger, resolver, clock, random);
    LogTail tail = new LogTail(file, learner::line, log);
    tail.start();
    return new LogFollower(tail);
  }

  @Override
  public void close() throws IOException {
    tail.close();
  }
}
