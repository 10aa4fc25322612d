package org.sealwax.router.reports.received;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.EnhancedStatus;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliveryAgent;
import org.sealwax.router.queue.FailureCause;
import org.sealwax.router.queue.Outcome;

/**
 * Stores reports that come by mail (RFC 8460 section 5.3), as the last step of a delivery: the
 * message was accepted and stored like any other, and is finished when the report is in the store.
 * What is not a report is put aside with a line in the log, and is done with too; it is never
 * refused, since a refusal after acceptance is a message to the apparent sender. Thread-safe; one
 * message at a time is in memory.
 */
public final class ReportInbox implements DeliveryAgent {
  /** Bytes of a message: the largest report in Base64, with its header. */
  static final int MAX_MESSAGE = 16 << 20;

  /** In outcomes and the log. */
  public static final String HOST = "tlsrpt";

  private final ReentrantLock one = new ReentrantLock(true);
  private final ReportIntake intake;
  private final Resolver resolver;
  private final PublicSuffixList suffixes;
  private final Clock clock;
  private final MailLog log;
  private final RejectedMailFolder aside;
  private final Duration patience;

  /**
   * An inbox.
   *
   * @param settings where what is not a report is put aside: a folder in the store's
   * @param patience how long a message waits for the DNS or the disk; shorter than the queue's
   *     lifetime, at whose end it would be bounced
   * @param resolver for the keys of signatures
   * @param suffixes public suffixes, for the domains of one organisation
   */
  public ReportInbox(
      ReceivedReportSettings settings,
      Duration patience,
      ReportIntake intake,
      Resolver resolver,
      PublicSuffixList suffixes,
      Clock clock,
      MailLog log) {
    this.intake = intake;
    this.resolver = resolver;
    this.suffixes = suffixes;
    this.clock = clock;
    this.log = log;
    this.patience = patience;
    this.aside = new RejectedMailFolder(settings.folder().resolve("aside"));
  }

  @Override
  public Map<Long, Outcome> deliver(Consignment consignment) throws InterruptedException {
    one.lockInterruptibly();
    Outcome outcome;
    try {
      outcome = take(consignment);
    } finally {
      one.unlock();
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
      return switch (ReportExtraction.in(message)) {
        case ReportExtraction.ExtractionResult.NoReportFound none ->
            aside(consignment, message, none.why());
        case ReportExtraction.ExtractionResult.ReportFound report ->
            take(consignment, message, report);
      };
    } catch (RuntimeException | StackOverflowError e) {
      // The boundary for bugs in Sealwax: the message is kept, and waits for a fixed version.
      log.bug("report " + consignment.id(), e);
      return later(consignment, message, "internal error of Sealwax; see its log");
    }
  }

  private Outcome take(
      Consignment consignment, byte[] message, ReportExtraction.ExtractionResult.ReportFound report)
      throws InterruptedException {
    return switch (DkimVerification.of(message, resolver, suffixes, clock.now())) {
      case DkimVerification.NotSigned not -> aside(consignment, message, not.why());
      case DkimVerification.KeyLookupFailed not -> later(consignment, message, not.why());
      case DkimVerification.Signed signed -> {
        ReportOrigin origin =
            new ReportOrigin(ReportOrigin.ReportTransport.MAIL, signed.by().name());
        yield switch (intake.accept(report.bytes(), report.packed(), origin)) {
          case ReportIntakeResult.Stored stored -> {
            String what = ReceivedReportLog.kept(stored);
            log.note("tlsrpt", consignment.id() + ": " + what);
            yield delivered("kept");
          }
          case ReportIntakeResult.Duplicate d -> {
            log.note("tlsrpt", consignment.id() + ": a report that was received before");
            yield delivered("received before");
          }
          case ReportIntakeResult.Refused refused -> aside(consignment, message, refused.why());
          case ReportIntakeResult.StoreUnavailable not -> later(consignment, message, not.why());
        };
      }
    };
  }

  private Outcome later(Consignment consignment, byte[] message, String why) {
    boolean waited = Duration.between(consignment.arrived(), clock.now()).compareTo(patience) >= 0;
    return waited ? aside(consignment, message, why) : deferred("tlsrpt", why);
  }

  private Outcome aside(Consignment consignment, byte[] message, String why) {
    try {
      aside.put(consignment.id().text(), message);
    } catch (IOException e) {
      return deferred("tlsrpt", why + "; it cannot be put aside: " + FailureText.of(e));
    }
    log.warning(
        "tlsrpt", consignment.id() + " from <" + consignment.sender() + "> is put aside: " + why);
    return delivered("put aside: " + why);
  }

  private static Outcome delivered(String reply) {
    return new Outcome.Delivered(HOST, reply, "none", false, true);
  }

  private static Outcome deferred(String reason, String why) {
    return new Outcome.Deferred(
        new FailureCause(
            reason, EnhancedStatus.of(4, 3, 0), why, null, null, FailureCause.Extent.MESSAGE));
  }
}
