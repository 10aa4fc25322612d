package org.sealwax.router.wiring;

import java.io.IOException;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.sealwax.router.ledger.LedgerEvent;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.Counters;

/** The ledger on the metrics endpoint. */
public final class LedgerMetrics {
  private LedgerMetrics() {}

  public static void show(Counters counters, Supplier<PersistentLedger> ledger) {
    gauge(counters, ledger, "none", f -> f.domains() - f.withLevel());
    gauge(counters, ledger, "encrypt", PersistentLedger.Figures::encrypt);
    gauge(counters, ledger, "verify", PersistentLedger.Figures::verify);
    counters.gauge(
        "sealwax_ledger_violations",
        "Domains that show less than their level now",
        () -> read(ledger, PersistentLedger.Figures::violated));
    for (LedgerEvent event : LedgerEvent.values()) {
      counters.count(
          "sealwax_ledger_events_total",
          "Changes of ledger levels since the start",
          "event",
          event.word(),
          () -> ledger.get().count(event));
    }
  }

  private static void gauge(
      Counters counters,
      Supplier<PersistentLedger> ledger,
      String level,
      ToIntFunction<PersistentLedger.Figures> figure) {
    counters.gauge(
        "sealwax_ledger_domains",
        "Domains that the ledger remembers, by level",
        "level",
        level,
        () -> read(ledger, figure));
  }

  /** A ledger that cannot be read is reported elsewhere; the other figures must not miss for it. */
  private static long read(
      Supplier<PersistentLedger> ledger, ToIntFunction<PersistentLedger.Figures> figure) {
    try {
      return figure.applyAsInt(ledger.get().figures());
    } catch (IOException e) {
      return -1;
    }
  }
}
