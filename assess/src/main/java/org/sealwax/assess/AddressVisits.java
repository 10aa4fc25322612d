package org.sealwax.assess;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Scope;

/**
 * Visits to the addresses of targets: each address gets all probes, one after the other, and a
 * limited number of addresses is visited at a time. Thread-safe.
 */
public final class AddressVisits {
  /** Addresses of one target visited at a time: most domains have four or fewer. */
  public static final int PARALLEL = 4;

  private final List<Probe> probes;
  private final int parallel;
  private final VisitLimiter limiter;
  private final Clock clock;

  /**
   * Visits.
   *
   * @param probes for each address, in this order
   * @param parallel addresses of one target visited at a time
   * @param limiter passed before each address
   * @throws IllegalArgumentException when {@code parallel} is less than 1
   */
  public AddressVisits(List<Probe> probes, int parallel, VisitLimiter limiter, Clock clock) {
    if (parallel < 1) {
      throw new IllegalArgumentException(parallel + " at a time");
    }
    this.probes = List.copyOf(probes);
    this.parallel = parallel;
    this.limiter = limiter;
    this.clock = clock;
  }

  /** A visit and what its probes found. */
  record VisitResult(AddressVisit visit, List<Finding> findings) {}

  /** Connections that the probes reserve at one address. */
  int reserve(ScanDepth depth) {
    return probes.stream().mapToInt(p -> p.reserve(depth)).sum();
  }

  /**
   * Makes all visits, several at a time.
   *
   * @throws InterruptedException when the thread is interrupted
   */
  List<VisitResult> all(List<AddressVisit> visits, ProgressListener progress)
      throws InterruptedException {
    Semaphore turns = new Semaphore(parallel);
    try (Scope scope = new Scope("assess")) {
      List<Scope.ForkedTask<VisitResult>> tasks = new ArrayList<>();
      for (AddressVisit visit : visits) {
        tasks.add(
            scope.fork(
                () -> {
                  turns.acquire();
                  try {
                    return visited(visit, progress);
                  } finally {
                    turns.release();
                  }
                }));
      }
      scope.join();
      return tasks.stream().map(Scope.ForkedTask::get).toList();
    }
  }

  private VisitResult visited(AddressVisit visit, ProgressListener progress)
      throws InterruptedException {
    InetAddress address = visit.location().address();
    if (address == null) {
      throw new IllegalStateException("a visit goes to an address");
    }
    List<Finding> findings = new ArrayList<>();
    long asked = clock.nanoTime();
    try (VisitLimiter.VisitPermit _ = limiter.enter(address)) {
      visit.postpone(Duration.ofNanos(clock.nanoTime() - asked));
      int later = reserve(visit.depth());
      for (Probe probe : probes) {
        later -= probe.reserve(visit.depth());
        visit.connections().reserve(later);
        List<Finding> found = runProbe(probe, visit);
        found.forEach(progress::found);
        findings.addAll(found);
      }
    }
    return new VisitResult(visit, withoutTls(findings));
  }

  /** Without an offer of TLS there was nothing that could have been observed under TLS. */
  private static List<Finding> withoutTls(List<Finding> findings) {
    boolean none =
        findings.stream()
            .anyMatch(
                f ->
                    f.code().equals("starttls.offered/missing")
                        && f.outcome() == CheckOutcome.FAIL);
    if (!none) {
      return findings;
    }
    return findings.stream()
        .map(
            f ->
                f.outcome() == CheckOutcome.INCONCLUSIVE && !f.check().id().equals("scan.trouble")
                    ? f.check().at(f.location()).notNeeded("STARTTLS is not offered")
                    : f)
        .toList();
  }

  private static List<Finding> runProbe(Probe probe, AddressVisit visit)
      throws InterruptedException {
    List<Finding> found;
    try {
      found = visit.timeLeft().isPositive() ? probe.run(visit) : List.of();
    } catch (RuntimeException e) {
      // A fault in our code must not look like a pass, and must not take the other probes with it.
      found =
          probe.checks().stream()
              .map(
                  c ->
                      c.at(visit.location()).inconclusive("the probe failed: " + FailureText.of(e)))
              .toList();
    }
    List<Finding> all = new ArrayList<>(found);
    Set<String> reported = new HashSet<>();
    found.forEach(f -> reported.add(f.check().id()));
    for (Check check : probe.checks()) {
      if (!reported.contains(check.id())) {
        all.add(check.at(visit.location()).notTested(unseen(visit)));
      }
    }
    return all;
  }

  private static String unseen(AddressVisit visit) {
    if (!visit.timeLeft().isPositive()) {
      return "the time limit was reached";
    }
    if (visit.connections().remaining() == 0) {
      return "the budget of "
          + CountText.of(visit.connections().opened(), "connection")
          + " is used up";
    }
    return "not part of a " + visit.depth().label() + " assessment, or not applicable";
  }
}
