package org.sealwax.router.simulation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.queue.RetrySchedule;

/** Many seeded years of a domain's life: the promises of docs/policy.md about the ledger. */
@Tag("long")
final class DomainLifeTest {
  /** At most one interval with its jitter. */
  private static final Duration RETRY =
      RetrySchedule.defaults().waits().getLast().multipliedBy(12).dividedBy(10);

  /** The hold, and the retry on which its end falls. */
  private static final Duration LONGEST_WAIT =
      LedgerSettings.DEFAULT_HOLD.plus(RETRY).plus(Duration.ofMinutes(1));

  @Test
  void noPlaintextAgainstARequirementAndNoDomainStuckInManyYears() {
    lives(1, 25);
  }

  @Test
  @Tag("slow")
  void norInAThousandYears() {
    DomainLife.SimulationCounts counts = lives(10_000, 1_000);
    System.out.println("1,000 years: " + counts);
  }

  private static DomainLife.SimulationCounts lives(long first, int count) {
    DomainLife.SimulationCounts all = new DomainLife.SimulationCounts();
    for (long seed = first; seed < first + count; seed++) {
      DomainLife life = new DomainLife(seed, false);
      try {
        life.run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      assertEquals(
          0, life.counts.plaintextUnderRequirement, "seed " + seed + ": an attacker got a level");
      assertTrue(
          life.counts.longestStuck.compareTo(LONGEST_WAIT) <= 0,
          "seed " + seed + ": an honest domain waited " + life.counts.longestStuck);
      // Plaintext needs every fallback step to have failed lately, and a delivery has three
      // connections to a host: the steps may take one retry more.
      assertTrue(
          life.counts.longestBroken.compareTo(LONGEST_WAIT.plus(RETRY)) <= 0,
          "seed " + seed + ": a domain with broken TLS waited " + life.counts.longestBroken);
      all.add(life.counts);
    }
    // Years in which nothing happened would prove nothing.
    String text = all.toString();
    assertTrue(all.promoted > count / 2 && all.accepted > count / 8, text);
    assertTrue(all.healed > count && all.hostsAccepted > count / 20, text);
    assertTrue(all.attacks > count && all.attackLike > count && all.forgeries > count, text);
    assertTrue(all.underAttack > 10 * count && all.plaintext > count, text);
    assertTrue(all.renewals > 2 * count && all.keyChanges > count, text);
    assertTrue(all.carelessChanges > count / 8 && all.underDane > 10 * count, text);
    assertTrue(all.bogus > count / 10, text);
    assertTrue(all.longestStuck.compareTo(LedgerSettings.DEFAULT_HOLD) >= 0, text);
    return all;
  }

  /** docs/policy.md, Tradeoffs: and so the check above can see a trick. */
  @Test
  void attackOnAllPathsForTheWholeHoldLooksLikeTheDomain() {
    DomainLife.SimulationCounts all = new DomainLife.SimulationCounts();
    for (long seed = 1; seed <= 15; seed++) {
      DomainLife life = new DomainLife(seed, true);
      life.run();
      all.add(life.counts);
    }
    assertTrue(all.plaintextUnderRequirement > 0, all.toString());
  }
}
