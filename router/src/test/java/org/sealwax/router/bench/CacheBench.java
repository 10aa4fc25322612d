package org.sealwax.router.bench;

import java.time.Duration;
import java.util.Locale;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.sts.StsPolicyCache;

/**
 * What many domains cost in memory once all of them have been asked about (MX, {@code _mta-sts},
 * policy, ledger), and how long a restart takes until the first answer of ledger and policies. The
 * name server of the bench is in the same process and was there before.
 *
 * <p>Arguments: domains (100000).
 */
public final class CacheBench {
  private CacheBench() {}

  /** Prints both. */
  public static void main(String[] args) throws Exception {
    int domains = args.length > 0 ? Integer.parseInt(args[0]) : 100_000;
    Clock clock = Clock.system();
    // The zone is not signed: signing is not what is measured, and answers are kept alike.
    try (WarmCaches caches = new WarmCaches(domains, false)) {
      caches.gatherer.gather(caches.subject(0));
      long before = used();
      caches.warm();
      // As the router does it: uses are noted on disk and leave the memory.
      caches.policies.start();
      Thread.sleep(Duration.ofSeconds(10));
      long after = used();
      System.out.printf(
          Locale.ROOT,
          "%d domains asked about: heap %.1f MB before, %.1f MB after, %.1f MB more%n",
          domains,
          before / 1e6,
          after / 1e6,
          (after - before) / 1e6);
      caches.ledger.close();
      caches.policies.close();
      for (int i = 0; i < 3; i++) {
        long start = clock.nanoTime();
        try (PersistentLedger ledger =
                PersistentLedger.open(
                    caches.folder.resolve("ledger.db"),
                    LedgerSettings.defaults(),
                    clock,
                    new RecordingMailLog().log(),
                    (d, h) -> false);
            StsPolicyCache policies = caches.openPolicies()) {
          boolean known =
              ledger.evidenceFor(caches.domains.getLast()).isPresent()
                  && policies.inForce(caches.domains.getLast()).isPresent();
          Duration ready = Duration.ofNanos(clock.nanoTime() - start);
          System.out.printf(Locale.ROOT, "restart: ready in %d ms (%s)%n", ready.toMillis(), known);
        }
      }
    }
  }

  private static long used() throws InterruptedException {
    for (int i = 0; i < 4; i++) {
      System.gc();
      Thread.sleep(200);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }
}
