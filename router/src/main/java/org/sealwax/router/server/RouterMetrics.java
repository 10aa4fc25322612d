package org.sealwax.router.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.metrics.MetricsServer;
import org.sealwax.router.queue.Queue;
import org.sealwax.router.spool.SqliteSpool;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.LedgerMetrics;
import org.sealwax.router.wiring.StartFailure;

/** Figures of the running router, and where they are read. */
final class RouterMetrics {
  private RouterMetrics() {}

  /** Shows them from now on. */
  static void show(
      Counters counters,
      Queue queue,
      SqliteSpool spool,
      DomainStores stores,
      LongSupplier sessions) {
    counters.gauge("sealwax_sessions", "Current client sessions", sessions);
    counters.gauge(
        "sealwax_queue_running", "Current delivery rounds", () -> queue.figures().running());
    counters.gauge(
        "sealwax_queue_ready",
        "Recipient groups waiting for delivery",
        () -> queue.figures().ready());
    counters.gauge(
        "sealwax_queue_dead_sites",
        "Next hops that are paused after failures",
        () -> queue.figures().deadSites());
    counters.gauge(
        "sealwax_store_trouble",
        "1 while no mail is accepted",
        () -> spool.failure() == null ? 0 : 1);
    counters.gauge(
        "sealwax_srs_senders", "Stored senders of forwards, -1: unknown", stores::storedSenders);
    LedgerMetrics.show(counters, stores::ledger);
  }

  /**
   * Answers at an address until it is closed.
   *
   * @param unready why mail is not taken now, or null
   */
  static TcpListener serve(
      InetSocketAddress address, Counters counters, Supplier<@Nullable String> unready, MailLog log)
      throws StartFailure {
    try {
      return MetricsServer.start(
          address, counters, unready, text -> log.warning("app", "metrics: " + text));
    } catch (IOException e) {
      throw StartFailure.toListen(address, e);
    }
  }
}
