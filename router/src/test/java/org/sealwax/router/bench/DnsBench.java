package org.sealwax.router.bench;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.MxRecord;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Scope;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * Domains looked up per second (MX, A and TLSA of each, every one its own signed zone), cold and
 * from the cache. The name server runs in the same process, so its work is in the figures.
 *
 * <p>Arguments: domains (1500), askers (32).
 */
public final class DnsBench {
  private DnsBench() {}

  /** Prints rates and processor time. */
  public static void main(String[] args) throws IOException, InterruptedException {
    int domains = args.length > 0 ? Integer.parseInt(args[0]) : 1500;
    int askers = args.length > 1 ? Integer.parseInt(args[1]) : 32;
    Clock clock = Clock.system();
    List<Zone> zones = new ArrayList<>();
    zones.add(Zone.of("example", "").signed());
    for (int i = 0; i < domains; i++) {
      zones.add(
          Zone.of(
                  "d" + i + ".example",
                  "@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 " + "ab".repeat(32) + "\n")
              .signed());
    }
    try (LoopbackResolver server = LoopbackResolver.start(clock, zones.toArray(new Zone[0]))) {
      DnsSettings settings =
          DnsSettings.defaults()
              .withResolvers(List.of(server.address()))
              .withAnchors(server.anchors())
              .withTimeout(Duration.ofSeconds(5))
              .withTotal(Duration.ofSeconds(30));
      // The server signs a set when it is first asked for it: ask once, so that the second
      // resolver's figures are those of a resolver.
      run(
          "warm-up and signing",
          new CachingResolver(settings, clock, RandomSource.secure()),
          0,
          domains,
          askers);
      CachingResolver cold = new CachingResolver(settings, clock, RandomSource.secure());
      run("cold, validated", cold, 0, domains, askers);
      run("cached", cold, 0, domains, askers);
      run("cached, again", cold, 0, domains, askers);
    }
  }

  private static void run(String what, Resolver resolver, int from, int count, int askers)
      throws InterruptedException {
    AtomicInteger next = new AtomicInteger(from);
    AtomicInteger secure = new AtomicInteger();
    long cpu = processorTime();
    long start = Clock.system().nanoTime();
    try (Scope scope = new Scope("askers")) {
      for (int i = 0; i < askers; i++) {
        scope.fork(
            () -> {
              for (int n = next.getAndIncrement(); n < from + count; n = next.getAndIncrement()) {
                DnsAnswer<MxRecord> mx = resolver.mx(Domain.of("d" + n + ".example"));
                Domain host = mx.records().getFirst().exchange().orElseThrow();
                resolver.addresses(host, Resolver.AddressFamily.IPV4);
                if (resolver.tlsa(Domain.of("_25._tcp." + host)).security()
                    == DnssecStatus.SECURE) {
                  secure.incrementAndGet();
                }
              }
              return null;
            });
      }
      scope.join();
    }
    double seconds = (Clock.system().nanoTime() - start) / 1e9;
    double millis = (processorTime() - cpu) / 1e6;
    System.out.printf(
        "%-20s %6d domains (%d secure) in %5.2f s: %8.0f/s, %.3f ms processor time each%n",
        what, count, secure.get(), seconds, count / seconds, millis / count);
  }

  private static long processorTime() {
    return ((com.sun.management.OperatingSystemMXBean)
            java.lang.management.ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }
}
