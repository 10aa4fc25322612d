package org.sealwax.router.reports;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsFailure;
import org.sealwax.mail.http.HttpsRequest;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.mail.tlsrpt.ReportAddress;
import org.sealwax.mail.tlsrpt.ReportingPolicy;
import org.sealwax.mail.tlsrpt.SessionCounts;
import org.sealwax.mail.tlsrpt.SessionResult;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsSessionListener;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.queue.Intake;

/**
 * Counts sessions and reports them (RFC 8460). Thread-safe.
 *
 * <p>Counts live in memory and go to disk every minute; after the end of a period its file is what
 * is left to be sent, and each report is taken out of it when it was handed over, or was not
 * wanted, or has been refused for a day (RFC 8460 section 5.6).
 */
public final class TlsReporter implements TlsSessionListener, Closeable {
  /** Longest wait for a report that is being sent when the reporter is closed. */
  private static final Duration END = Duration.ofSeconds(10);

  /** How long counts may be in memory only. */
  private static final Duration KEEP_AT_LEAST_EVERY = Duration.ofMinutes(1);

  /** How long a report is offered (RFC 8460 section 5.6). */
  private static final Duration OFFERED = Duration.ofHours(24);

  /** Between two tries at what could not be handed over. */
  private static final Duration AGAIN = Duration.ofHours(1);

  /** For one POST with everything before it. */
  private static final Duration POST_TIME = Duration.ofSeconds(60);

  /** Bytes of an answer to a POST: only its status counts. */
  private static final int ANSWER = 4_096;

  private final ReportSettings settings;
  private final Resolver resolver;
  private final HttpsClient https;
  private final Intake intake;
  private final StsPolicyTexts stsPolicies;
  private final Clock clock;
  private final RandomSource random;
  private final MailLog log;
  private final CountDownLatch ending = new CountDownLatch(1);
  private final Map<Domain, SessionCounts> tallies = new HashMap<>();
  private Instant begin;
  private boolean dirty;
  private Instant kept;
  private Instant nextSending;
  private Thread thread = Thread.currentThread();

  /** Knows the lines of the MTA-STS policy that applies to a domain. */
  @FunctionalInterface
  public interface StsPolicyTexts {
    /** The lines; empty when there is none. */
    List<String> of(Domain domain);
  }

  /**
   * Takes up what an earlier process counted.
   *
   * @param resolver for {@code _smtp._tls} records
   * @param https with the public roots and a guarded dialer: others name the hosts
   * @param intake of the queue, for reports by mail
   * @param stsPolicies the text of the MTA-STS policies in force
   * @throws IOException when the folder cannot be used
   */
  public TlsReporter(
      ReportSettings settings,
      Resolver resolver,
      HttpsClient https,
      Intake intake,
      StsPolicyTexts stsPolicies,
      Clock clock,
      RandomSource random,
      MailLog log)
      throws IOException {
    this.settings = settings;
    this.resolver = resolver;
    this.https = https;
    this.intake = intake;
    this.stsPolicies = stsPolicies;
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.kept = clock.now();
    this.nextSending = kept;
    this.begin = periodOf(kept, settings.period());
    Files.createDirectories(settings.folder());
    for (SessionCountFile.Due due : SessionCountFile.of(settings.folder(), begin).read()) {
      TlsReport report = due.report();
      SessionCounts tally = new SessionCounts(report.domain());
      report.sums().forEach(tally::add);
      tallies.put(report.domain(), tally);
    }
  }

  /** Begins to keep and to send. */
  public synchronized void start() {
    // A platform thread, because it signs: no session waits for its carrier meanwhile.
    thread = Supervisor.startPlatform("tlsrpt", () -> ending.getCount() == 0, this::run);
  }

  @Override
  public void session(Domain domain, List<SessionResult> results) {
    if (results.isEmpty()) {
      return;
    }
    List<SessionResult> reported = results.stream().map(this::withText).toList();
    synchronized (this) {
      turn(clock.now());
      SessionCounts tally = tallies.get(domain);
      if (tally == null) {
        if (tallies.size() >= settings.domains()) {
          return;
        }
        tally = new SessionCounts(domain);
        tallies.put(domain, tally);
      }
      for (SessionResult result : reported) {
        tally.add(result, 1);
      }
      dirty = true;
    }
  }

  private SessionResult withText(SessionResult result) {
    AppliedPolicy policy = result.policy();
    if (policy.type() != AppliedPolicy.PolicyType.STS || !policy.strings().isEmpty()) {
      return result;
    }
    return new SessionResult(
        new AppliedPolicy(
            policy.type(), policy.domain(), stsPolicies.of(policy.domain()), policy.mxHosts()),
        result.failure());
  }

  private static Instant periodOf(Instant now, Duration period) {
    return Instant.ofEpochSecond(
        Math.floorDiv(now.getEpochSecond(), period.toSeconds()) * period.toSeconds());
  }

  /** Into the next period, when it has come; the old one's counts go to disk first. */
  private synchronized void turn(Instant now) {
    Instant current = periodOf(now, settings.period());
    // A clock that was set back counts into the period that has begun.
    if (current.isAfter(begin)) {
      keep();
      tallies.clear();
      begin = current;
      nextSending = current.plusMillis((long) (random.fraction() * settings.spread().toMillis()));
    }
  }

  private synchronized void keep() {
    kept = clock.now();
    if (!dirty) {
      return;
    }
    List<SessionCountFile.Due> reports = new ArrayList<>();
    tallies.values().forEach(t -> reports.add(SessionCountFile.Due.toAll(report(t))));
    try {
      SessionCountFile.of(settings.folder(), begin).write(reports);
      dirty = false;
    } catch (IOException e) {
      log.warning(
          "report", "the session counts for TLS reports cannot be stored: " + FailureText.of(e));
    }
  }

  private TlsReport report(SessionCounts tally) {
    return new TlsReport(
        settings.organization(),
        settings.contact().toString(),
        begin.getEpochSecond() + "." + tally.domain() + "@" + settings.submitter(),
        tally.domain(),
        begin,
        begin.plus(settings.period()).minusSeconds(1),
        tally.sums());
  }

  private void run() {
    long tick =
        Math.clamp(settings.period().toMillis() / 10, 1_000, KEEP_AT_LEAST_EVERY.toMillis());
    try {
      while (!ending.await(tick, TimeUnit.MILLISECONDS)) {
        try {
          tick(clock.now());
        } catch (RuntimeException | StackOverflowError | LinkageError | AssertionError e) {
          log.bug("report", e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tick(Instant now) throws InterruptedException {
    turn(now);
    boolean due;
    synchronized (this) {
      if (!now.isBefore(kept.plus(KEEP_AT_LEAST_EVERY))) {
        keep();
      }
      due = !now.isBefore(nextSending);
    }
    if (due) {
      send(now);
    }
  }

  /** Offers the reports of all periods that are over. */
  void send(Instant now) throws InterruptedException {
    boolean left = false;
    try {
      for (SessionCountFile file : SessionCountFile.in(settings.folder())) {
        Instant end = file.begin().plus(settings.period());
        if (end.isAfter(now)) {
          continue;
        }
        left |= offer(file, now.isBefore(end.plus(settings.spread()).plus(OFFERED)));
      }
    } catch (IOException e) {
      left = true;
      log.warning("report", "TLS reports wait: " + FailureText.of(e));
    }
    Duration pause = settings.period().compareTo(AGAIN) < 0 ? settings.period() : AGAIN;
    synchronized (this) {
      nextSending = left ? now.plus(pause) : begin.plus(settings.period().multipliedBy(2));
    }
  }

  /**
   * Offers the reports of one period; what is left of them is in the file afterwards, also when we
   * are stopped meanwhile: no domain gets a report twice for it.
   *
   * @param again whether what is refused now is offered again
   * @return whether anything is left
   */
  private boolean offer(SessionCountFile file, boolean again)
      throws IOException, InterruptedException {
    Deque<SessionCountFile.Due> waiting = new ArrayDeque<>(file.read());
    List<SessionCountFile.Due> left = new ArrayList<>();
    try {
      while (!waiting.isEmpty()) {
        Optional<SessionCountFile.Due> rest = rest(waiting.getFirst());
        waiting.removeFirst();
        boolean stopped = Thread.interrupted();
        if (again || stopped) {
          rest.ifPresent(left::add);
        }
        if (stopped) {
          throw new InterruptedException("shutting down");
        }
      }
    } finally {
      left.addAll(waiting);
      if (left.isEmpty()) {
        file.delete();
      } else {
        file.write(left);
      }
    }
    return !left.isEmpty();
  }

  /** Hands a report over; what is left to do for it, or empty. */
  private Optional<SessionCountFile.Due> rest(SessionCountFile.Due due) {
    TlsReport report = due.report();
    Optional<Domain> name = Domain.parse("_smtp._tls." + report.domain());
    if (name.isEmpty()) {
      return Optional.empty();
    }
    DnsAnswer<String> answer = resolver.txt(name.get());
    if (answer.kind() == DnsAnswer.Kind.UNKNOWN) {
      return Optional.of(due);
    }
    return switch (ReportingPolicy.of(answer.records())) {
      case ReportingPolicy.None n -> Optional.empty();
      case ReportingPolicy.Several s -> {
        log.note(
            "report", report.domain() + " gets no TLS report: it has " + s.records() + " records");
        yield Optional.empty();
      }
      case ReportingPolicy.Invalid i -> {
        log.note("report", report.domain() + " gets no TLS report: its record has " + i.why());
        yield Optional.empty();
      }
      case ReportingPolicy.Wanted wanted -> rest(due, wanted.addresses());
    };
  }

  private Optional<SessionCountFile.Due> rest(
      SessionCountFile.Due due, List<ReportAddress> wanted) {
    Set<String> handedOver = new HashSet<>(due.handedOver());
    boolean all = true;
    for (ReportAddress address : wanted) {
      if (handedOver.contains(address.toString())) {
        continue;
      }
      try {
        if (sendTo(due.report(), address)) {
          handedOver.add(address.toString());
        } else {
          all = false;
        }
      } catch (InterruptedException e) {
        // Receivers that have the report must not get it again.
        Thread.currentThread().interrupt();
        all = false;
        break;
      }
    }
    return all ? Optional.empty() : Optional.of(new SessionCountFile.Due(due.report(), handedOver));
  }

  private boolean sendTo(TlsReport report, ReportAddress address) throws InterruptedException {
    return switch (address) {
      case ReportAddress.ByMail mail -> mail(report, mail);
      case ReportAddress.ByPost post -> post(report, post);
    };
  }

  private boolean post(TlsReport report, ReportAddress.ByPost address) throws InterruptedException {
    HttpsExchange exchange;
    try {
      exchange =
          https.exchange(
              new HttpsRequest(
                  address.host(),
                  address.port(),
                  address.path(),
                  Optional.of(
                      new HttpsRequest.RequestContent(
                          "application/tlsrpt+gzip", TlsReportMessage.compressed(report))),
                  HttpsRequest.CertificateUse.DEMANDED,
                  new HttpsRequest.Limits(ANSWER, POST_TIME)));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e); // writing to memory
    }
    HttpsFailure failure = exchange.failure();
    int status = exchange.reply() == null ? 0 : exchange.reply().status();
    // RFC 8460 §5.6: any answer of the 200s is a receipt.
    boolean taken = status >= 200 && status < 300;
    String outcome =
        taken ? "handed over" : failure == null ? "answered " + status : failure.text();
    log.note(
        "report",
        "TLS report "
            + report.id()
            + " for "
            + report.domain()
            + " to https://"
            + address.host()
            + ": "
            + outcome);
    return taken;
  }

  private boolean mail(TlsReport report, ReportAddress.ByMail address) {
    List<DkimSigningKey> keys = settings.signer().apply(clock.now());
    if (keys.isEmpty()) {
      log.note(
          "report",
          "no TLS report for "
              + report.domain()
              + " by mail: there is no [[dkim]] key of the contact's domain to sign it");
      return true;
    }
    String unique = HexFormat.of().formatHex(random.bytes(12));
    try {
      byte[] message =
          TlsReportMessage.write(
              report,
              settings.contact(),
              address.mailbox(),
              settings.submitter(),
              keys,
              unique,
              clock.now());
      String id = ReportQueueing.queue(intake, settings.contact(), address, message);
      log.note(
          "report",
          "TLS report "
              + report.id()
              + " for "
              + report.domain()
              + " to "
              + address.mailbox()
              + ": queued as "
              + id);
      return true;
    } catch (IOException e) {
      log.warning("report", "TLS report " + report.id() + " waits: " + FailureText.of(e));
      return false;
    }
  }

  /** Keeps what was counted and ends. */
  @Override
  public void close() {
    ending.countDown();
    Thread own;
    synchronized (this) {
      own = thread;
      keep();
    }
    if (own != Thread.currentThread()) {
      own.interrupt();
      try {
        // What it has handed over is taken off the list: else it is sent again after a restart.
        own.join(END);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
