package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.HeapBudget;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;

/** The limits are added up, and what does not fit the heap is found before it is needed. */
final class MemoryPlanTest {
  @TempDir private Path folder = Path.of("");

  private RouterSettings settings(String more) throws Exception {
    Path file = Files.writeString(folder.resolve("sealwax.toml"), "[server]\n" + more);
    Configuration read =
        Configuration.read(file, new MachineDefaults(Domain.of("mx.example.org"), folder));
    return ((Configuration.ValidConfiguration) read).settings();
  }

  @Test
  void defaultLimitsFitTheLaunchersHeap() throws Exception {
    HeapBudget here = MemoryPlan.of(settings(""));
    long launcher = 512L << 20;
    long fixed = here.sum() - MemoryPlan.forSessions();
    assertTrue(fixed + launcher / 3 <= launcher, here.text());
    assertTrue(Files.readString(Path.of("sealwax")).contains("-Xmx512m"));
  }

  @Test
  void limitsThatDoNotFitAreNamed() throws Exception {
    RouterSettings many = settings("[queue]\ndeliveries = 10000\n[limits]\nsessions = 1000000\n");
    HeapBudget plan = MemoryPlan.of(many);
    assertFalse(plan.fits());
    assertTrue(plan.text().contains("[queue] deliveries 3750 MB"), plan.text());
    assertEquals(
        2,
        ConfiguredFilesCheck.of(many, Clock.system()).stream()
            .filter(f -> f.place().equals("memory") || f.place().equals("[limits] sessions"))
            .count());
  }
}
