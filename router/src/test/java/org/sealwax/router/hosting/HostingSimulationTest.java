package org.sealwax.router.hosting;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.router.hosting.SimulatedHosting.Failure;
import org.sealwax.router.hosting.SimulatedHosting.Mutation;

/** Domains over years: no sender meets an MX host that its policy does not list. */
final class HostingSimulationTest {
  private static final int HOURS = 24 * 365;

  @Test
  void noSenderMeetsAHostThatItsPolicyDoesNotList() {
    live(5, Mutation.NONE);
  }

  @Test
  @Tag("long")
  void noSenderMeetsOneInThirtyYears() {
    live(30, Mutation.NONE);
  }

  @Test
  @Tag("slow")
  void noSenderMeetsOneInAThousandYears() {
    live(1_000, Mutation.NONE);
  }

  /** Each rule is needed: without it, the simulation fails. */
  @ParameterizedTest
  @Tag("long")
  @EnumSource(
      names = {"NONE"},
      mode = EnumSource.Mode.EXCLUDE)
  void eachRuleIsNeeded(Mutation mutation) {
    assertThrows(Failure.class, () -> live(200, mutation));
  }

  private static void live(int domains, Mutation mutation) {
    int changes = 0;
    int restores = 0;
    for (long seed = 0; seed < domains; seed++) {
      SimulatedHosting domain = new SimulatedHosting(seed, mutation);
      try {
        domain.live(HOURS);
      } catch (Failure e) {
        throw (Failure) new Failure("domain " + seed + ": " + e.getMessage()).initCause(e);
      }
      changes += domain.changes;
      restores += domain.restores;
      assertTrue(domain.deliveries > 1_000, "senders deliver");
    }
    assertTrue(changes >= 10 * domains, changes + " changes of MX records");
    assertTrue(restores >= 2 * domains, restores + " backups restored");
  }
}
