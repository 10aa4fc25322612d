package org.sealwax.router.certs.rollover;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.router.certs.rollover.SimulatedDomain.Mutation;

/** Domains over years: no sender ever defers mail, and no key is gone early. */
final class RolloverSimulationTest {
  private static final int YEARS = 5;

  @Test
  void noSenderDefersMail() {
    live(6, Mutation.NONE);
  }

  @Test
  @Tag("slow")
  void noSenderDefersMailInAThousandYears() {
    live(200, Mutation.NONE);
  }

  @Test
  @Tag("long")
  void withoutRestoresNoRecordNeedsToStayForBackups() {
    live(12, Mutation.WITHOUT_RESTORES);
  }

  /** Each rule is needed: without it, the simulation fails. */
  @ParameterizedTest
  @Tag("long")
  @EnumSource(
      names = {"NONE", "WITHOUT_RESTORES"},
      mode = EnumSource.Mode.EXCLUDE)
  void eachRuleIsNeeded(Mutation mutation) {
    assertThrows(SimulatedDomain.Failure.class, () -> live(20, mutation));
  }

  private static void live(int domains, Mutation mutation) {
    int ended = 0;
    int crashes = 0;
    int restores = 0;
    for (long seed = 0; seed < domains; seed++) {
      SimulatedDomain domain = new SimulatedDomain(seed, mutation);
      try {
        domain.live(Duration.ofDays(365L * YEARS));
      } catch (SimulatedDomain.Failure e) {
        throw (SimulatedDomain.Failure)
            new SimulatedDomain.Failure("domain " + seed + ": " + e.getMessage()).initCause(e);
      }
      ended += domain.ended;
      crashes += domain.crashes;
      restores += domain.restores;
    }
    assertTrue(ended >= 2 * domains, ended + " rollovers ended");
    assertTrue(crashes > domains, crashes + " crashes");
    assertTrue(restores > domains || mutation == Mutation.WITHOUT_RESTORES, restores + " restores");
  }
}
