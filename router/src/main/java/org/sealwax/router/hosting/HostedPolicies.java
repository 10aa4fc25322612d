package org.sealwax.router.hosting;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RepeatedWork;
import org.sealwax.mail.net.SteadyClock;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.sts.StsRecord;
import org.sealwax.router.hosting.HostedState.GradedAssessment;
import org.sealwax.router.hosting.HostingFacts.ModeSetting;
import org.sealwax.router.hosting.HostingFacts.MxFacts;
import org.sealwax.router.hosting.PolicyPages.HostedPage;
import org.sealwax.router.log.MailLog;

/**
 * Keeps the state of each hosted domain: looks up its records, stores what {@link HostingMachine}
 * derives before it is served, and has the domain assessed. Thread-safe.
 */
public final class HostedPolicies implements Closeable {
  /** In the log. */
  private static final String SERVICE = "mta-sts";

  private static final Duration TURN = Duration.ofSeconds(5);

  /** Between two look-ups of a domain for which nothing is pending. */
  private static final Duration USUAL = Duration.ofHours(1);

  /** Between two look-ups while a record or a wait is pending, or after a failure. */
  private static final Duration PENDING = Duration.ofMinutes(5);

  /** Between two assessments: a little more than the conditions demand. */
  private static final Duration ASSESSED = PromotionConditions.WEEK.plus(Duration.ofHours(1));

  /** After an assessment that gave no grade. */
  private static final Duration AGAIN = Duration.ofHours(12);

  /** Reads received reports. */
  @FunctionalInterface
  public interface ReportSource {
    /**
     * {@return what the reports say about a domain}
     *
     * @param since the first day that counts
     * @param today the last day that counts
     */
    PromotionEvidence about(Domain domain, LocalDate since, LocalDate today);
  }

  private final Path stateFolder;
  private final Domain own;
  private final Resolver resolver;
  private final ReportSource reports;
  private final SteadyClock clock;
  private final RandomSource random;
  private final MailLog log;
  private final Supplier<List<HostedDomainRow>> rows;
  private final Map<Domain, HostedDomain> domains = new ConcurrentHashMap<>();
  private final RepeatedWork turns = new RepeatedWork(TURN, this::turn, this::failed);
  private final RepeatedWork assessing =
      new RepeatedWork(Duration.ofMinutes(1), this::assess, this::failed);
  private volatile DomainAssessor assessor = DomainAssessor.NONE;

  /** One domain. */
  private static final class HostedDomain {
    /** In force and stored; null: it cannot be read. */
    private volatile @Nullable HostedState state;

    /** Whether the MX records were looked up since the start. */
    private volatile boolean lookedUp;

    private volatile @Nullable Instant due;
    private volatile @Nullable Instant assessDue;
    private String reported = "";
  }

  /**
   * Nothing is read yet.
   *
   * @param stateFolder of the router
   * @param rows of the configuration in force
   * @param own the host name of this server
   * @param resolver of the records
   * @param reports received ones
   */
  public HostedPolicies(
      Path stateFolder,
      Supplier<List<HostedDomainRow>> rows,
      Domain own,
      Resolver resolver,
      ReportSource reports,
      SteadyClock clock,
      RandomSource random,
      MailLog log) {
    this.stateFolder = stateFolder;
    this.rows = rows;
    this.own = own;
    this.resolver = resolver;
    this.reports = reports;
    this.clock = clock;
    this.random = random;
    this.log = log;
  }

  /** Has domains assessed from now on. */
  public void assessBy(DomainAssessor by) {
    assessor = by;
  }

  /** Begins the look-ups and assessments. */
  public void start() {
    turns.start("mta-sts");
    turns.wake();
    assessing.start("mta-sts assessments");
  }

  /** Takes domains of another configuration. */
  public void reload() {
    domains.values().forEach(domain -> domain.due = null);
    turns.wake();
  }

  private void failed(Throwable e) {
    log.bug("hosted MTA-STS policies", e);
  }

  /** {@return the states that are in force} */
  public List<HostedState> states() {
    List<HostedState> all = new ArrayList<>();
    for (HostedDomain domain : domains.values()) {
      HostedState state = domain.state;
      if (state != null) {
        all.add(state);
      }
    }
    return all;
  }

  /**
   * {@return what a policy host serves; empty: it is not one of our policy hosts}
   *
   * @param host {@code mta-sts.DOMAIN}
   */
  public Optional<HostedPage> page(Domain host) {
    Domain domain = host.parent().orElse(null);
    if (domain == null
        || !StsRecord.hostFor(domain).equals(Optional.of(host))
        || HostedDomainRow.of(rows.get(), domain).isEmpty()) {
      return Optional.empty();
    }
    HostedDomain hosted = domains.get(domain);
    HostedState state = hosted == null ? null : hosted.state;
    if (hosted == null || state == null) {
      return Optional.of(new HostedPage.PolicyNotKnown());
    }
    if (!hosted.lookedUp && !state.isRecent(clock.civilTime())) {
      return Optional.of(new HostedPage.PolicyNotKnown());
    }
    return Optional.of(
        state
            .policy()
            .<HostedPage>map(policy -> new HostedPage.PolicyFile(policy.text()))
            .orElseGet(HostedPage.NoPolicyFile::new));
  }

  /** Looks up what is due. */
  void turn() throws InterruptedException {
    List<HostedDomainRow> now = rows.get();
    domains.keySet().removeIf(domain -> HostedDomainRow.of(now, domain).isEmpty());
    for (HostedDomainRow row : now) {
      for (Domain domain : row.domains()) {
        // Read before anything is looked up: a slow name server holds no other domain up.
        domains.computeIfAbsent(domain, this::read);
      }
    }
    for (HostedDomainRow row : now) {
      for (Domain domain : row.domains()) {
        HostedDomain hosted = domains.get(domain);
        Instant due = hosted == null ? null : hosted.due;
        if (hosted != null && (due == null || !clock.now().isBefore(due))) {
          lookUp(domain, row, hosted);
        }
        if (turns.isClosed() || Thread.currentThread().isInterrupted()) {
          return;
        }
      }
    }
  }

  private HostedDomain read(Domain domain) {
    HostedDomain hosted = new HostedDomain();
    read(domain, hosted);
    return hosted;
  }

  private void read(Domain domain, HostedDomain hosted) {
    try {
      hosted.state =
          HostedStateFile.read(stateFolder, domain)
              .orElseGet(() -> HostedState.initial(domain, clock.now(), today()));
    } catch (IOException e) {
      report(hosted, domain + ": " + FailureText.of(e));
    }
  }

  private void report(HostedDomain hosted, String problem) {
    if (!problem.equals(hosted.reported)) {
      hosted.reported = problem;
      if (!problem.isEmpty()) {
        log.warning(SERVICE, problem);
      }
    }
  }

  private LocalDate today() {
    return LocalDate.ofInstant(clock.civilTime(), ZoneOffset.UTC);
  }

  private void lookUp(Domain domain, HostedDomainRow row, HostedDomain hosted) {
    if (hosted.state == null) {
      read(domain, hosted);
    }
    HostedState former = hosted.state;
    if (former == null) {
      hosted.due = clock.now().plus(PENDING);
      return;
    }
    HostingFacts facts = HostingFacts.lookUp(domain, row, own, resolver);
    synchronized (hosted) {
      HostedState base = hosted.state == null ? former : hosted.state;
      HostedState next =
          HostingMachine.next(
              base, facts, new HostingMachine.HostingTime(clock.now(), clock.civilTime()));
      if (row.mode() == ModeSetting.AUTO && missing(next).isEmpty()) {
        HostedState promoted = next.in(StsPolicy.Mode.ENFORCE, clock.now(), today());
        next =
            HostingMachine.next(
                promoted, facts, new HostingMachine.HostingTime(clock.now(), clock.civilTime()));
      }
      boolean known = !(facts.mx() instanceof MxFacts.NotKnown);
      if (use(hosted, base, next)) {
        hosted.lookedUp |= known;
        report(
            hosted,
            MxChangeOrder.of(next, clock.now()).steps().stream()
                .filter(step -> step.state() == MxChangeOrder.StepState.WARNING)
                .map(step -> domain + ": " + step.text())
                .findFirst()
                .orElse(""));
      }
      boolean pending = !known || !next.isAnnounced() || isWaiting(next);
      hosted.due = clock.now().plus(jittered(pending ? PENDING : USUAL));
    }
  }

  private boolean isWaiting(HostedState state) {
    return state.hosts().values().stream()
        .anyMatch(host -> !host.isSafe(clock.now()) || host.released().isPresent());
  }

  private Duration jittered(Duration time) {
    return time.plusMillis((long) (time.toMillis() * (random.fraction() - 0.5) / 2));
  }

  private List<String> missing(HostedState state) {
    if (state.mode() != StsPolicy.Mode.TESTING) {
      return List.of("not testing");
    }
    return PromotionConditions.missing(
        state, reports.about(state.domain(), state.modeDay().plusDays(1), today()), clock.now());
  }

  /** Stores a state and puts it in force; what cannot be stored is not served. */
  private boolean use(HostedDomain hosted, HostedState former, HostedState next) {
    if (turns.isClosed()) {
      return false;
    }
    if (!next.equals(former) || hosted.state == null) {
      try {
        HostedStateFile.write(stateFolder, next);
      } catch (IOException e) {
        report(hosted, next.domain() + ": the state cannot be stored: " + FailureText.of(e));
        return false;
      }
    }
    Optional<String> id = next.policy().map(ServedPolicy::id);
    if (!id.equals(former.policy().map(ServedPolicy::id)) && id.isPresent()) {
      log.note(
          SERVICE,
          next.domain()
              + ": mode "
              + next.mode().word()
              + ", "
              + CountText.of(next.listed().size(), "host")
              + "; publish at _mta-sts."
              + next.domain()
              + ": "
              + next.record().orElse(""));
    }
    hosted.state = next;
    return true;
  }

  /** Has one domain assessed that is due. */
  void assess() throws InterruptedException {
    for (HostedDomainRow row : rows.get()) {
      for (Domain domain : row.domains()) {
        HostedDomain hosted = domains.get(domain);
        if (hosted != null && row.mode() == ModeSetting.AUTO && isAssessed(hosted)) {
          assess(domain, hosted);
          return;
        }
      }
    }
  }

  private boolean isAssessed(HostedDomain hosted) {
    HostedState state = hosted.state;
    Instant due = hosted.assessDue;
    Instant now = clock.now();
    return state != null
        && state.mode() == StsPolicy.Mode.TESTING
        && state.isAnnounced()
        && (due == null || !now.isBefore(due))
        && (state.assessments().isEmpty()
            || !now.isBefore(state.assessments().getLast().at().plus(ASSESSED)));
  }

  private void assess(Domain domain, HostedDomain hosted) throws InterruptedException {
    // Before it is tried: a fault is not repeated at once.
    hosted.assessDue = clock.now().plus(jittered(AGAIN));
    Optional<DomainAssessor.DomainGrade> grade = assessor.assess(domain);
    Instant now = clock.now();
    if (grade.isEmpty()) {
      return;
    }
    log.note(SERVICE, domain + ": assessed, grade " + grade.get().text());
    synchronized (hosted) {
      HostedState state = hosted.state;
      if (state != null) {
        List<GradedAssessment> all = new ArrayList<>(state.assessments());
        all.add(new GradedAssessment(now, grade.get().text(), grade.get().isGood()));
        use(hosted, state, state.assessed(all));
        hosted.due = null;
      }
    }
    turns.wake();
  }

  @Override
  public void close() {
    turns.closeNow();
    assessing.closeNow();
  }
}
