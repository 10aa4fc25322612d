package org.sealwax.app.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.sealwax.testkit.fuzz.FuzzTarget;
import org.sealwax.testkit.fuzz.InputMutations;

/**
 * Every parser keeps its promise for its seeds, for every input that once broke it ({@code
 * app/src/test/resources/fuzz}), and for seeded mutations: a fixed number in every build, more in
 * the slow form, and {@code -Dsealwax.fuzz.seconds=60} for others in so long a time.
 */
@Tag("long")
final class HostileInputTest {
  /** Mutations in every build: the same on every machine, whatever its speed. */
  private static final int ROUNDS = 1_000;

  /** Mutations in the slow form; the first of them are those of every build. */
  private static final int SLOW_ROUNDS = 20_000;

  private static final Duration HANGS = Duration.ofSeconds(20);

  private static final Path FOUND = Path.of("app/src/test/resources/fuzz");

  @TestFactory
  Stream<DynamicTest> noInputBreaksAParser() {
    double seconds = Double.parseDouble(System.getProperty("sealwax.fuzz.seconds", "0"));
    return FuzzTargets.all().stream()
        .map(t -> DynamicTest.dynamicTest(t.name(), () -> run(t, seconds, ROUNDS)));
  }

  @Tag("slow")
  @TestFactory
  Stream<DynamicTest> noInputOfManyBreaksAParser() {
    return FuzzTargets.all().stream()
        .map(t -> DynamicTest.dynamicTest(t.name(), () -> run(t, 0, SLOW_ROUNDS)));
  }

  @Test
  void namesAreUnique() {
    List<String> names = FuzzTargets.all().stream().map(FuzzTarget::name).toList();
    assertEquals(names.size(), Set.copyOf(names).size());
    try (Stream<Path> folders = Files.exists(FOUND) ? Files.list(FOUND) : Stream.empty()) {
      Set<String> unknown = new HashSet<>(folders.map(f -> f.getFileName().toString()).toList());
      names.forEach(unknown::remove);
      assertEquals(Set.of(), unknown, "input for targets that do not exist");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void run(FuzzTarget target, double seconds, int most) throws Exception {
    for (byte[] seed : target.seeds()) {
      on(target, seed);
    }
    Path found = FOUND.resolve(target.name());
    if (Files.isDirectory(found)) {
      try (Stream<Path> files = Files.list(found)) {
        for (Path file : files.sorted().toList()) {
          on(target, Files.readAllBytes(file));
        }
      }
    }
    long number = seconds > 0 ? System.nanoTime() : target.name().hashCode();
    long end = System.nanoTime() + (long) (seconds * 1e9);
    InputMutations mutations = new InputMutations(target.seeds(), number);
    int rounds = 0;
    while (seconds > 0 ? System.nanoTime() < end : rounds < most) {
      byte[] input = mutations.next();
      rounds++;
      if (rounds % 1_000 == 1) {
        // A hang is a broken promise too; a thread for every input would cost more than the input.
        assertTimeoutPreemptively(HANGS, () -> on(target, input));
      } else {
        on(target, input);
      }
    }
    if (seconds > 0) {
      System.out.println(target.name() + ": " + rounds + " inputs");
    }
  }

  private static void on(FuzzTarget target, byte[] input) {
    try {
      target.property().on(input);
    } catch (Throwable e) {
      throw new AssertionError(
          target.name()
              + " breaks on "
              + Base64.getEncoder().encodeToString(input)
              + " (echo … | base64 -d > app/src/test/resources/fuzz/"
              + target.name()
              + "/NAME): "
              + e,
          e);
    }
  }
}
