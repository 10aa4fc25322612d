package org.sealwax.app.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.sealwax.testkit.fuzz.FuzzTarget;

/**
 * Entry point for Jazzer, which finds new input by the code that it reaches. Started by {@code
 * bench/fuzz}; the first argument is a target's name, or {@code list FOLDER} to write all seeds.
 */
public final class JazzerEntry {
  private static FuzzTarget target = new FuzzTarget("none", java.util.List.of(), input -> {});

  private JazzerEntry() {}

  /** Called once by Jazzer with its target arguments. */
  public static void fuzzerInitialize(String[] arguments) {
    target = FuzzTargets.named(arguments[0]);
  }

  /** Called by Jazzer with every input. */
  public static void fuzzerTestOneInput(byte[] input) throws Exception {
    target.property().on(input);
  }

  /** Writes the seeds of all targets, a folder each, and prints their names. */
  public static void main(String[] arguments) throws IOException {
    for (FuzzTarget each : FuzzTargets.all()) {
      Path folder = Files.createDirectories(Path.of(arguments[0]).resolve(each.name()));
      for (int i = 0; i < each.seeds().size(); i++) {
        Files.write(folder.resolve("seed-" + i), each.seeds().get(i));
      }
      System.out.println(each.name());
    }
  }
}
