package org.sealwax.assess.serve;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.sealwax.assess.baseline.BaselineComparison;
import org.sealwax.assess.baseline.BaselineReport;
import org.sealwax.assess.baseline.ComparisonText;
import org.sealwax.assess.baseline.MalformedBaseline;
import org.sealwax.assess.model.AssessmentReport;
import org.sealwax.assess.render.AssessmentReportJson;
import org.sealwax.assess.render.ReportPage;
import org.sealwax.assess.survey.ProviderLimiter;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.BoundedMap;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RateLimit;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.net.TcpListener;

/**
 * The queue of scans, their limits, and their results. Everything but the results is in memory and
 * bounded: a restart forgets who waits, and who has asked how often. Thread-safe.
 */
public final class ScanService implements Closeable {
  /** Clients and addresses whose requests are counted; the longest unseen are forgotten first. */
  static final int MAX_COUNTED = 10_000;

  /** Domains without a result whose reason is remembered. */
  static final int MAX_DECLINED = 1_000;

  /** For how long a reason stands, so that it is read before it is looked for again. */
  static final Duration DECLINED_TIME = Duration.ofMinutes(5);

  /** Of a result with its evidence; a character has three bytes at most, two have four. */
  private static final int MAX_CHARACTERS = ResultStore.MAX_RESULT / 3;

  /** Makes one scan. */
  @FunctionalInterface
  public interface DomainScan {
    /**
     * The report; empty when no domain can be judged now. Ends within the time of a scan, whatever
     * the target does.
     */
    Optional<AssessmentReport> of(Domain domain) throws InterruptedException;
  }

  /** The state of a domain. */
  public sealed interface DomainState {
    /** There is a result. */
    record HasResult(Instant at) implements DomainState {}

    /**
     * A scan waits.
     *
     * @param position 1 is the next one
     * @param waiting scans that wait in all
     */
    record Waits(int position, int waiting) implements DomainState {}

    /** A scan is in progress. */
    record Runs() implements DomainState {}

    /**
     * There was no scan.
     *
     * @param reason a sentence
     */
    record Declined(String reason) implements DomainState {}

    /** No client has asked for it, or its result was deleted. */
    record Unknown() implements DomainState {}
  }

  /** The answer to a request for a scan. */
  public sealed interface ScanRequestResult {
    /** The page of the domain shows what there is. */
    record SeePage() implements ScanRequestResult {}

    /**
     * The client, or all clients, have asked too often.
     *
     * @param reason a sentence
     * @param forAll the queue is full for all clients
     */
    record TooMany(String reason, boolean forAll) implements ScanRequestResult {}
  }

  private record WaitingScan(Domain domain, String client) {}

  private record DeclinedScan(String reason, Instant at) {}

  private final ScanServiceSettings settings;
  private final TargetApproval approval;
  private final ApprovedDialer dialer;
  private final DomainScan scan;
  private final ResultStore store;
  private final Clock clock;
  private final Consumer<String> log;
  private final ScanCounters counters = new ScanCounters();
  private final Map<Domain, WaitingScan> waiting = new LinkedHashMap<>();
  private final Map<Domain, WaitingScan> running = new LinkedHashMap<>();
  private final Map<Domain, DeclinedScan> declined = BoundedMap.byUse(MAX_DECLINED);
  private final Map<String, RateLimit> clients = BoundedMap.byUse(MAX_COUNTED);
  private final Map<InetAddress, RateLimit> hosts = BoundedMap.byUse(MAX_COUNTED);
  private final List<Thread> workers = new ArrayList<>();
  private volatile boolean closed;

  /**
   * Starts it.
   *
   * @param dialer by which the scans connect
   * @param log gets a line for each scan that ended
   */
  public ScanService(
      ScanServiceSettings settings,
      TargetApproval approval,
      ApprovedDialer dialer,
      DomainScan scan,
      ResultStore store,
      Clock clock,
      Consumer<String> log) {
    this.settings = settings;
    this.approval = approval;
    this.dialer = dialer;
    this.scan = scan;
    this.store = store;
    this.clock = clock;
    this.log = log;
    for (int i = 0; i < settings.scans(); i++) {
      workers.add(Supervisor.start("scan-" + i, () -> closed, this::work));
    }
  }

  /**
   * Serves the metrics at an address of their own.
   *
   * @param onProblem gets a sentence when accept fails
   * @throws IOException when the address is not available
   */
  public TcpListener listenForMetrics(InetSocketAddress address, Consumer<String> onProblem)
      throws IOException {
    return new HttpService(
            HttpService.HttpLimits.SMALL,
            HttpHandler.readOnly(
                path ->
                    path.equals("/metrics")
                        ? HttpResponse.of(200, ScanCounters.TYPE, counters.text(this))
                        : HttpResponse.text(404, "/metrics\n")))
        .listen("metrics", address, onProblem);
  }

  /** Its limits. */
  ScanServiceSettings settings() {
    return settings;
  }

  /** What was counted. */
  ScanCounters counters() {
    return counters;
  }

  /** The stored results. */
  ResultStore store() {
    return store;
  }

  /**
   * Asks for a scan. A result that is younger than the cache time, a scan that waits, runs or was
   * declined just now stands for a new one.
   *
   * @param from address of the client
   */
  synchronized ScanRequestResult request(Domain domain, InetAddress from) {
    boolean fresh =
        store
            .time(domain)
            .filter(at -> clock.now().isBefore(at.plus(settings.cache())))
            .isPresent();
    if (fresh || isPending(domain) || declinedNow(domain).isPresent()) {
      return new ScanRequestResult.SeePage();
    }
    if (approval.isListed(domain)) {
      // The page shows it.
      return new ScanRequestResult.SeePage();
    }
    String client = ProviderLimiter.block(from);
    long own =
        waiting.values().stream().filter(w -> w.client().equals(client)).count()
            + running.values().stream().filter(w -> w.client().equals(client)).count();
    if (own >= settings.waitingEach()) {
      counters.refused();
      return new ScanRequestResult.TooMany(
          "Your network has " + CountText.of(own, "scan") + " in the queue. Wait for its end.",
          false);
    }
    if (waiting.size() >= settings.waiting()) {
      counters.refused();
      return new ScanRequestResult.TooMany(
          CountText.of(waiting.size(), "scan is | scans are")
              + " waiting. Try again in some minutes.",
          true);
    }
    if (!taken(clients, client, settings.clientHour())) {
      counters.refused();
      return new ScanRequestResult.TooMany(
          "Your network has started "
              + CountText.of(settings.clientHour(), "scan")
              + " within an hour. Try again later.",
          false);
    }
    waiting.put(domain, new WaitingScan(domain, client));
    notifyAll();
    return new ScanRequestResult.SeePage();
  }

  private boolean isPending(Domain domain) {
    return waiting.containsKey(domain) || running.containsKey(domain);
  }

  private <K> boolean taken(Map<K, RateLimit> rates, K key, int hour) {
    return rates
        .computeIfAbsent(key, k -> RateLimit.of(hour, Duration.ofHours(1), clock))
        .tryTake();
  }

  private Optional<String> declinedNow(Domain domain) {
    DeclinedScan last = declined.get(domain);
    return last == null || clock.now().isAfter(last.at().plus(DECLINED_TIME))
        ? Optional.empty()
        : Optional.of(last.reason());
  }

  /** The state of a domain. A scan that is pending counts before an older result. */
  synchronized DomainState state(Domain domain) {
    if (approval.isListed(domain)) {
      return new DomainState.Declined("The owner of this domain has opted out of scans.");
    }
    if (running.containsKey(domain)) {
      return new DomainState.Runs();
    }
    int position = 1;
    for (Domain each : waiting.keySet()) {
      if (each.equals(domain)) {
        return new DomainState.Waits(position, waiting.size());
      }
      position++;
    }
    // A result stays readable, whatever the last request for another one met with.
    Optional<Instant> at = store.time(domain);
    if (at.isPresent()) {
      return new DomainState.HasResult(at.get());
    }
    Optional<String> reason = declinedNow(domain);
    return reason.isPresent() ? new DomainState.Declined(reason.get()) : new DomainState.Unknown();
  }

  /** Scans that wait. */
  synchronized int waiting() {
    return waiting.size();
  }

  /** Scans in progress. */
  synchronized int running() {
    return running.size();
  }

  private void work() {
    while (!closed) {
      try {
        Domain domain = next();
        try {
          scan(domain);
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
          // Our fault at one target must not end the service.
          counters.failed();
          log.accept(domain.name() + ": the scan failed: " + e);
          decline(domain, "The scan failed because of a fault in this program.");
        } finally {
          synchronized (this) {
            running.remove(domain);
          }
        }
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private synchronized Domain next() throws InterruptedException {
    while (waiting.isEmpty()) {
      wait();
    }
    WaitingScan first = waiting.values().iterator().next();
    waiting.remove(first.domain());
    running.put(first.domain(), first);
    return first.domain();
  }

  private void scan(Domain domain) throws InterruptedException {
    switch (approval.of(domain)) {
      case TargetApproval.ApprovalResult.ScanDeclined(String reason, boolean byOwner) -> {
        if (byOwner) {
          deleted(domain);
        }
        counters.declined();
        log.accept(domain.name() + ": not scanned: " + reason);
        decline(domain, reason);
      }
      case TargetApproval.ApprovalResult.ScanApproved(var addresses) -> {
        Optional<String> busy = busy(addresses);
        if (busy.isPresent()) {
          counters.declined();
          decline(domain, busy.get());
          return;
        }
        Optional<AssessmentReport> report;
        try (ApprovedDialer.VisitApproval _ = dialer.approve(addresses)) {
          report = scan.of(domain);
        }
        if (report.isPresent()) {
          keep(domain, report.get());
        } else {
          counters.failed();
          log.accept(domain.name() + ": not scanned: our resolver does not let us validate");
          decline(domain, "The resolver of this service does not work now. Try again later.");
        }
      }
    }
  }

  private void deleted(Domain domain) {
    try {
      store.delete(domain);
    } catch (IOException e) {
      log.accept(domain.name() + ": its result cannot be deleted: " + FailureText.of(e));
    }
  }

  /** A host may be that of many domains, and a domain may name the hosts of others. */
  private synchronized Optional<String> busy(Iterable<InetAddress> addresses) {
    for (InetAddress address : addresses) {
      if (!taken(hosts, address, settings.hostHour())) {
        return Optional.of(
            "A host that receives the mail of this domain was scanned "
                + settings.hostHour()
                + " times within an hour. Try again later.");
      }
    }
    return Optional.empty();
  }

  private synchronized void decline(Domain domain, String reason) {
    declined.put(domain, new DeclinedScan(reason, clock.now()));
  }

  private void keep(Domain domain, AssessmentReport report) {
    try {
      String section = comparison(domain, report).map(ComparisonText::section).orElse("");
      String page = ReportPage.of(report, ScanPages.resultBar(domain) + section);
      String json = AssessmentReportJson.of(report);
      if (json.length() + page.length() > MAX_CHARACTERS) {
        // The page is bounded, the evidence in the JSON is not.
        json = AssessmentReportJson.of(report, 0, false);
      }
      boolean kept = store.put(domain, clock.now(), ResultStore.content(json, page));
      if (kept) {
        counters.done();
        log.accept(
            domain.name()
                + ": "
                + report.letter()
                + ", "
                + CountText.of(report.connections(), "connection"));
      } else {
        counters.failed();
        decline(domain, "The report of this domain is too large to be stored.");
      }
    } catch (IOException e) {
      counters.failed();
      log.accept(domain.name() + ": the result cannot be stored: " + FailureText.of(e));
      decline(domain, "The result could not be stored. Try again later.");
    }
  }

  private Optional<ComparisonText> comparison(Domain domain, AssessmentReport report)
      throws IOException {
    Optional<StoredResult> before = store.find(domain);
    if (before.isEmpty()) {
      return Optional.empty();
    }
    try (StoredResult stored = before.get()) {
      return Optional.of(
          new ComparisonText(BaselineComparison.of(BaselineReport.read(stored.json()), report)));
    } catch (MalformedBaseline e) {
      return Optional.empty(); // a result of another version
    }
  }

  /** Ends the scans in progress, and waits for no other. */
  @Override
  public void close() {
    closed = true;
    workers.forEach(Thread::interrupt);
  }
}
