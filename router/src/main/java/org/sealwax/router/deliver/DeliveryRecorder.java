package org.sealwax.router.deliver;

import java.util.function.UnaryOperator;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.ledger.Ledger;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.receipts.Receipts;

/**
 * The records that deliveries leave: log, ledger, memory of hosts, TLS reports (RFC 8460) and
 * receipts. The same for every delivery agent of a process.
 *
 * @param log for TLS facts and bugs; outcomes are logged by the queue
 * @param ledger gets every connection
 * @param memories what hosts have shown; outlives a configuration
 * @param receipts given for every delivered recipient
 * @param sessions gets what every connection shows of the policies that applied
 */
public record DeliveryRecorder(
    MailLog log,
    Ledger ledger,
    HostMemoryCache memories,
    Receipts receipts,
    TlsSessionListener sessions) {
  /** Log and memory of hosts only. */
  public static DeliveryRecorder withoutRecords(MailLog log, HostMemoryCache memories) {
    return new DeliveryRecorder(
        log, Ledger.empty(), memories, Receipts.none(), TlsSessionListener.NONE);
  }

  /** The same, with other receipts around these. */
  public DeliveryRecorder with(UnaryOperator<Receipts> around) {
    return new DeliveryRecorder(log, ledger, memories, around.apply(receipts), sessions);
  }

  /** The same for probes and previews, which are not recorded but in the log. */
  DeliveryRecorder withoutLedgerUpdates() {
    return withoutRecords(log, memories);
  }
}
