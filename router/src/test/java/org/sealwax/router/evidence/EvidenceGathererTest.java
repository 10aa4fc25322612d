package org.sealwax.router.evidence;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.PolicySubject;
import org.sealwax.mail.policy.TlsLevel;

/** Sources are asked in parallel, and not at all by threads when all is in memory. */
final class EvidenceGathererTest {
  private static final PolicySubject SUBJECT =
      new PolicySubject(Domain.of("example.org"), Domain.of("mx.example.org"), true);

  private static List<Evidence> says(TlsLevel level) {
    return List.of(new Evidence.Default(level));
  }

  private static EvidenceSource inMemory(List<Evidence> evidence) {
    return new EvidenceSource() {
      @Override
      public List<Evidence> evidenceFor(PolicySubject subject) {
        throw new AssertionError("it had everything at hand");
      }

      @Override
      public Optional<List<Evidence>> ifCached(PolicySubject subject) {
        return Optional.of(evidence);
      }
    };
  }

  @Test
  void cachedEvidenceStartsNoThread() throws Exception {
    EvidenceGatherer gatherer =
        new EvidenceGatherer(
            List.of(inMemory(says(TlsLevel.MAY)), inMemory(says(TlsLevel.ENCRYPT))));
    assertEquals(
        List.of(new Evidence.Default(TlsLevel.MAY), new Evidence.Default(TlsLevel.ENCRYPT)),
        gatherer.gather(SUBJECT));
  }

  @Test
  void sourcesAreQueriedInParallelAndKeepTheirOrder() throws Exception {
    // Each of the two waits for the other: one after the other they would never come back.
    CyclicBarrier both = new CyclicBarrier(2);
    EvidenceSource first =
        subject -> {
          await(both);
          return says(TlsLevel.MAY);
        };
    EvidenceSource last =
        subject -> {
          await(both);
          return says(TlsLevel.SECURE);
        };
    EvidenceGatherer gatherer =
        new EvidenceGatherer(List.of(first, inMemory(says(TlsLevel.ENCRYPT)), last));
    assertEquals(
        List.of(
            new Evidence.Default(TlsLevel.MAY),
            new Evidence.Default(TlsLevel.ENCRYPT),
            new Evidence.Default(TlsLevel.SECURE)),
        gatherer.gather(SUBJECT));
  }

  private static void await(CyclicBarrier barrier) {
    try {
      barrier.await(20, TimeUnit.SECONDS);
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void oneMissingSourceIsQueriedOnTheCallingThread() throws Exception {
    List<Thread> asked = new ArrayList<>();
    EvidenceSource missing =
        subject -> {
          asked.add(Thread.currentThread());
          return says(TlsLevel.MAY);
        };
    new EvidenceGatherer(List.of(inMemory(says(TlsLevel.ENCRYPT)), missing)).gather(SUBJECT);
    assertSame(Thread.currentThread(), asked.getFirst());
  }

  @Test
  void failingSourceIsNotAnEmptySource() {
    EvidenceSource broken =
        subject -> {
          throw new IllegalStateException("the store cannot be read");
        };
    EvidenceSource slow = subject -> says(TlsLevel.MAY);
    for (List<EvidenceSource> sources :
        List.of(List.of(broken), List.of(broken, slow), List.of(slow, broken))) {
      assertThrows(
          IllegalStateException.class, () -> new EvidenceGatherer(sources).gather(SUBJECT));
    }
  }

  @Test
  void beginsEverySourceOnce() {
    List<Domain> begun = new ArrayList<>();
    EvidenceSource source =
        new EvidenceSource() {
          @Override
          public List<Evidence> evidenceFor(PolicySubject subject) {
            return List.of();
          }

          @Override
          public void prefetch(Domain nextHop) {
            begun.add(nextHop);
          }
        };
    new EvidenceGatherer(List.of(source, inMemory(List.of()))).prefetch(Domain.of("example.org"));
    assertEquals(List.of(Domain.of("example.org")), begun);
    assertTrue(source.ifCached(SUBJECT).isEmpty());
  }
}
