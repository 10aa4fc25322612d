package org.sealwax.router.simulation;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Many seeded worlds, each checked at its end. */
final class SimulationTest {
  @Test
  void noLossAndNoUnexplainedDuplicateInManyRuns() {
    run(1, 400);
  }

  @Test
  @Tag("slow")
  void noLossInVeryManyRuns() {
    run(10_000, 20_000);
  }

  private static void run(long first, int count) {
    int crashes = 0;
    int bounces = 0;
    int heldBack = 0;
    int twice = 0;
    int refused = 0;
    int inFlight = 0;
    int dropped = 0;
    for (long seed = first; seed < first + count; seed++) {
      RouterSimulation simulation = new RouterSimulation(seed);
      try {
        simulation.run();
      } catch (RuntimeException | AssertionError e) {
        throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
      }
      crashes += simulation.crashes();
      bounces += simulation.bouncesSeen();
      heldBack += simulation.heldSeen();
      twice += simulation.duplicates();
      refused += simulation.refusedSeen();
      inFlight += simulation.inFlightSeen();
      dropped += simulation.droppedSeen();
    }
    // Worlds in which nothing happened would prove nothing.
    assertTrue(crashes > count / 2, "crashes " + crashes);
    assertTrue(bounces > count / 4, "bounces " + bounces);
    assertTrue(refused > count / 20, "refused to clients that waited " + refused);
    assertTrue(inFlight > count / 20, "queued in flight " + inFlight);
    assertTrue(dropped > count / 20, "dropped " + dropped);
    assertTrue(heldBack > 0, "held " + heldBack);
    assertTrue(twice > 0, "the simulation must be able to see a duplicate: " + twice);
  }
}
