package org.sealwax.router.reports.inbox;

import org.sealwax.router.queue.Consignment;

/** Takes the report out of a message. */
@FunctionalInterface
public interface ReportReader {
  /** The result of a message. */
  sealed interface ReadingResult {
    /**
     * The report was taken.
     *
     * @param before it had been taken before
     * @param text for the log
     */
    record Taken(boolean before, String text) implements ReadingResult {}

    /** There is not a report in it, or none that counts. */
    record NoReport(String why) implements ReadingResult {}

    /** It cannot be judged or stored now. */
    record Later(String why) implements ReadingResult {}
  }

  /**
   * Reads one message.
   *
   * @param message at most {@link ReportInbox#MAX_MESSAGE} bytes
   * @throws InterruptedException while it waits
   */
  ReadingResult read(Consignment consignment, byte[] message) throws InterruptedException;
}
