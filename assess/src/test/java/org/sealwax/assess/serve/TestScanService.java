package org.sealwax.assess.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.model.SampleReports;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.ManualClock;
import org.sealwax.testkit.net.MemoryWire;

/** A service whose scans wait until the test lets them go on, and whose DNS is a table. */
final class TestScanService implements AutoCloseable {
  static final String PROXY = "10.9.8.7";

  final ManualClock clock = new ManualClock(Clock.system().now());
  final Semaphore mayEnd = new Semaphore(0);
  final List<Domain> begun = new CopyOnWriteArrayList<>();
  final AtomicInteger together = new AtomicInteger();
  final AtomicInteger mostTogether = new AtomicInteger();
  final List<InetSocketAddress> dialled = new CopyOnWriteArrayList<>();
  final List<String> lines = new CopyOnWriteArrayList<>();
  final ApprovedDialer dialer =
      new ApprovedDialer(
          (to, from, timeout) -> {
            dialled.add(to);
            throw new IOException("nothing is there");
          });
  final ScanService service;
  final ScanWebSite site;
  volatile AssessmentReport report = SampleReports.good();
  volatile OptOut list = OptOut.none();
  volatile @Nullable RuntimeException fault;

  TestScanService(Path folder, FixedResolver zones, ScanServiceSettings settings)
      throws IOException {
    this.service =
        new ScanService(
            settings,
            new TargetApproval(zones, RandomSource.seeded(1), () -> list),
            dialer,
            this::scan,
            ResultStore.open(folder, settings.diskBytes()),
            clock,
            lines::add);
    this.site =
        new ScanWebSite(
            service,
            new ScanWebSite.SiteSettings(
                Optional.of("https://assess.example"),
                List.of(Cidr.parse(PROXY).orElseThrow()),
                false));
  }

  /** Two scans at a time, five that wait, two of one client, four an hour. */
  static ScanServiceSettings settings() {
    return new ScanServiceSettings(2, 5, 2, 4, 3, Duration.ofHours(1), 64L << 20);
  }

  /** Domains d0.example.org to d49.example.org with an MX host each. */
  static FixedResolver.Builder zones() {
    FixedResolver.Builder zones = FixedResolver.builder();
    for (int i = 0; i < 50; i++) {
      zones
          .mx("d" + i + ".example.org", 10, "mx.d" + i + ".example.org")
          .address("mx.d" + i + ".example.org", "198.41.0." + (i + 1));
    }
    return zones;
  }

  private Optional<AssessmentReport> scan(Domain domain) throws InterruptedException {
    begun.add(domain);
    mostTogether.accumulateAndGet(together.incrementAndGet(), Math::max);
    try {
      mayEnd.acquire();
      RuntimeException now = fault;
      if (now != null) {
        throw now;
      }
      return Optional.of(report);
    } finally {
      together.decrementAndGet();
    }
  }

  static Domain domain(int number) {
    return Domain.of("d" + number + ".example.org");
  }

  static InetAddress client(int network) {
    return InetAddress.ofLiteral("193.0." + network + ".1");
  }

  /** Waits until nothing waits or runs; scans may end. */
  void settle() throws InterruptedException {
    mayEnd.release(1_000);
    while (service.waiting() > 0 || service.running() > 0) {
      Thread.sleep(5);
    }
    mayEnd.drainPermits();
  }

  /** Waits until so many scans have begun. */
  void begun(int count) throws InterruptedException {
    while (begun.size() < count) {
      Thread.sleep(5);
    }
  }

  /** One request from a client's network, and everything that comes back. */
  String send(int network, String request) throws IOException, InterruptedException {
    return send(client(network), request);
  }

  String send(InetAddress from, String request) throws IOException, InterruptedException {
    MemoryWire.MemoryWirePair pair =
        MemoryWire.pair(
            new InetSocketAddress(from, 40_000),
            new InetSocketAddress(InetAddress.ofLiteral("198.51.100.1"), 443));
    Thread server =
        Threads.start(
            "site",
            () -> {
              try (var wire = pair.server()) {
                site.serve(wire);
              } catch (IOException e) {
                // The test sees a response that ends early.
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            });
    pair.client().out().write(request.getBytes(StandardCharsets.UTF_8));
    String out = new String(pair.client().in().readAllBytes(), StandardCharsets.UTF_8);
    server.join();
    return out;
  }

  String get(String path) throws IOException, InterruptedException {
    return send(1, "GET " + path + " HTTP/1.1\r\nHost: assess.example\r\n\r\n");
  }

  /** A form, with further header lines. */
  String post(int network, String form, String more) throws IOException, InterruptedException {
    return send(
        network,
        "POST /scan HTTP/1.1\r\nHost: assess.example\r\n"
            + "Content-Type: application/x-www-form-urlencoded\r\n"
            + more
            + "Content-Length: "
            + form.getBytes(StandardCharsets.UTF_8).length
            + "\r\n\r\n"
            + form);
  }

  /** The API. */
  String api(int network, String json) throws IOException, InterruptedException {
    return send(
        network,
        "POST /api/v1/scans HTTP/1.1\r\nHost: assess.example\r\n"
            + "Content-Type: application/json\r\nContent-Length: "
            + json.getBytes(StandardCharsets.UTF_8).length
            + "\r\n\r\n"
            + json);
  }

  /** A dialer that never refuses, to see what the rules before it do. */
  static Dialer refusing() {
    return (to, from, timeout) -> {
      throw new IOException("refused");
    };
  }

  @Override
  public void close() {
    service.close();
  }
}
