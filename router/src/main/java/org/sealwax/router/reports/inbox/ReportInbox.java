package org.sealwax.router.reports.inbox;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.reports.inbox.ReportReader.ReadingResult;

/**
 * Reads reports that come by mail, as the last step of a delivery: the message was accepted and
 * stored like any other, and is finished when the report is in the store. What is not a report is
 * put aside with a line in the log, and is done with too; it is never refused, since a refusal
 * after acceptance is a message to the apparent sender. Thread-safe; one message at a time is in
 * memory.
 */
public final class ReportInbox implements DeliveryAgent {
  /** Bytes of a message: the largest report in Base64, with its header. */
  public static final int MAX_MESSAGE = 16 << 20;

  /** For the inboxes of one process: the memory is that of one message. */
  private static final ReentrantLock ONE = new ReentrantLock(true);

  private final String service;
  private final ReportReader reader;
  private final Clock clock;
  private final MailLog log;
  private final RejectedMailFolder aside;
  private final Duration patience;

  /**
   * An inbox.
   *
   * @param service in outcomes and the log
   * @param aside the folder for what is not a report
   * @param patience how long a message waits for the DNS or the disk; shorter than the queue's
   *     lifetime, at whose end it would be bounced
   * @param reader takes the reports
   */
  public ReportInbox(
      String service,
      Path aside,
      Duration patience,
      ReportReader reader,
      Clock clock,
      MailLog log) {
    this.service = service;
    this.reader = reader;
    this.clock = clock;
    this.log = log;
    this.patience = patience;
    this.aside = new RejectedMailFolder(aside);
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    ONE.lockInterruptibly();
    Outcome outcome;
    try {
      outcome = take(consignment);
    } finally {
      ONE.unlock();
    }
    return consignment.outcomes(r -> outcome);
  }

  private Outcome take(Consignment consignment) throws InterruptedException {
    byte[] message;
    try (InputStream in = consignment.content().open()) {
      message = in.readNBytes(MAX_MESSAGE + 1);
    } catch (IOException e) {
      return deferred("store", "the message cannot be read: " + FailureText.of(e));
    }
    if (message.length > MAX_MESSAGE) {
      return aside(consignment, message, "more than " + MAX_MESSAGE + " bytes");
    }
    try {
      return switch (reader.read(consignment, message)) {
        case ReadingResult.Taken taken -> {
          log.note(service, consignment.id() + ": " + taken.text());
          yield delivered(taken.before() ? "received before" : "kept");
        }
        case ReadingResult.NoReport none -> aside(consignment, message, none.why());
        case ReadingResult.Later later -> later(consignment, message, later.why());
      };
    } catch (RuntimeException | StackOverflowError e) {
      // The boundary for bugs in Sealwax: the message is kept, and waits for a fixed version.
      log.bug("report " + consignment.id(), e);
      return later(consignment, message, "internal error of Sealwax; see its log");
    }
  }

  private Outcome later(Consignment consignment, byte[] message, String why) {
    boolean waited = Duration.between(consignment.arrived(), clock.now()).compareTo(patience) >= 0;
    return waited ? aside(consignment, message, why) : deferred(service, why);
  }

  private Outcome aside(Consignment consignment, byte[] message, String why) {
    try {
      aside.put(consignment.id().text(), message);
    } catch (IOException e) {
      return deferred(service, why + "; it cannot be put aside: " + FailureText.of(e));
    }
    log.warning(
        service, consignment.id() + " from <" + consignment.sender() + "> is put aside: " + why);
    return delivered("put aside: " + why);
  }

  private Outcome delivered(String reply) {
    return Outcome.Delivered.locally(service, reply);
  }

  private static Outcome deferred(String reason, String text) {
    return new Outcome.Deferred(
        FailureCause.local(reason, EnhancedStatus.of("4.3.0"), text, FailureCause.Extent.MESSAGE));
  }
}
