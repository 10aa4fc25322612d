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
import org.sealwax.mail.policy.Level;
import org.sealwax.mail.policy.Subject;

/** Sources are asked side by side, and not at all by threads when all is in memory. */
final class GathererTest {
  private static final Subject SUBJECT =
      new Subject(Domain.of("example.org"), Domain.of("mx.example.org"), true);

  private static List<Evidence> says(Level level) {
    return List.of(new Evidence.Default(level));
  }

  private static Source inMemory(List<Evidence> evidence) {
    return new Source() {
      @Override
      public List<Evidence> about(Subject subject) {
        throw new AssertionError("it had everything at hand");
      }

      @Override
      public Optional<List<Evidence>> atHand(Subject subject) {
        return Optional.of(evidence);
      }
    };
  }

  @Test
  void asksNobodyWhatIsInMemory() throws Exception {
    Gatherer gatherer =
        new Gatherer(List.of(inMemory(says(Level.MAY)), inMemory(says(Level.ENCRYPT))));
    assertEquals(
        List.of(new Evidence.Default(Level.MAY), new Evidence.Default(Level.ENCRYPT)),
        gatherer.gather(SUBJECT));
  }

  @Test
  void asksTheOthersSideBySideAndKeepsTheOrderOfTheSources() throws Exception {
    // Each of the two waits for the other: one after the other they would never come back.
    CyclicBarrier both = new CyclicBarrier(2);
    Source first =
        subject -> {
          await(both);
          return says(Level.MAY);
        };
    Source last =
        subject -> {
          await(both);
          return says(Level.SECURE);
        };
    Gatherer gatherer = new Gatherer(List.of(first, inMemory(says(Level.ENCRYPT)), last));
    assertEquals(
        List.of(
            new Evidence.Default(Level.MAY),
            new Evidence.Default(Level.ENCRYPT),
            new Evidence.Default(Level.SECURE)),
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
  void asksTheOnlyOneThatIsMissingOnTheThreadThatWaits() throws Exception {
    List<Thread> asked = new ArrayList<>();
    Source missing =
        subject -> {
          asked.add(Thread.currentThread());
          return says(Level.MAY);
        };
    new Gatherer(List.of(inMemory(says(Level.ENCRYPT)), missing)).gather(SUBJECT);
    assertSame(Thread.currentThread(), asked.getFirst());
  }

  @Test
  void aSourceThatFailsIsNotOneThatHasNothingToSay() {
    Source broken =
        subject -> {
          throw new IllegalStateException("the store cannot be read");
        };
    Source slow = subject -> says(Level.MAY);
    for (List<Source> sources :
        List.of(List.of(broken), List.of(broken, slow), List.of(slow, broken))) {
      assertThrows(IllegalStateException.class, () -> new Gatherer(sources).gather(SUBJECT));
    }
  }

  @Test
  void beginsEverySourceOnce() {
    List<Domain> begun = new ArrayList<>();
    Source source =
        new Source() {
          @Override
          public List<Evidence> about(Subject subject) {
            return List.of();
          }

          @Override
          public void begin(Domain nextHop) {
            begun.add(nextHop);
          }
        };
    new Gatherer(List.of(source, inMemory(List.of()))).begin(Domain.of("example.org"));
    assertEquals(List.of(Domain.of("example.org")), begun);
    assertTrue(source.atHand(SUBJECT).isEmpty());
  }
}
