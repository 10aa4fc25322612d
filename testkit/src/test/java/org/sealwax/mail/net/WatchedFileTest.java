package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.testkit.net.ManualClock;

final class WatchedFileTest implements WatchedFile.ChangeListener {
  private final ManualClock clock = new ManualClock(Instant.EPOCH);
  private final List<String> reported = new ArrayList<>();
  private Path file = Path.of("none");
  private int readings;

  @Override
  public void taken(Path changed) {
    reported.add("taken");
  }

  @Override
  public void kept(Path changed, String why) {
    reported.add("kept " + why);
  }

  @BeforeEach
  void writeFile(@TempDir Path folder) throws IOException {
    file = Files.writeString(folder.resolve("f"), "one two three four");
  }

  private WatchedFile<String> watched() throws IOException {
    return new WatchedFile<>(file, clock, this::reading, this);
  }

  private WatchedFile.FileContents<String> reading() throws IOException {
    readings++;
    String text = Files.readString(file);
    if (text.startsWith("bad")) {
      throw new IOException(text);
    }
    Set<String> entries = text.isEmpty() ? Set.of() : Set.of(text.split(" "));
    return new WatchedFile.FileContents<>(text, Map.of(file, entries));
  }

  private void write(String text) throws IOException {
    Files.writeString(file, text);
  }

  private void check(WatchedFile<String> watched, String expected) {
    clock.pass(WatchedFile.INTERVAL);
    assertEquals(expected, watched.now());
  }

  @Test
  void takesAChangeThatWasUnchangedForOneIntervalAndNotBefore() throws IOException {
    WatchedFile<String> watched = watched();
    write("one two three four five");
    check(watched, "one two three four");
    clock.pass(WatchedFile.INTERVAL.minusNanos(1));
    assertEquals("one two three four", watched.now());
    clock.pass(Duration.ofNanos(1));
    assertEquals("one two three four five", watched.now());
    assertEquals(List.of("taken"), reported);
  }

  @Test
  void waitsForAsLongAsTheFileChanges() throws IOException {
    WatchedFile<String> watched = watched();
    for (String text : List.of("one two three", "one two three four f", "one two three fo")) {
      write(text);
      check(watched, "one two three four");
    }
    check(watched, "one two three fo");
  }

  @Test
  void losesHalfOfTheEntriesByItselfAndNotOneMore() throws IOException {
    WatchedFile<String> watched = watched();
    write("one five");
    check(watched, "one two three four");
    check(watched, "one two three four");
    check(watched, "one two three four");
    assertEquals(
        List.of(
            "kept "
                + file
                + ": 3 of 4 entries are missing; to accept the new file, run \"sealwax reload\""),
        reported);
    write("one two five six seven");
    check(watched, "one two three four");
    check(watched, "one two five six seven");
    assertEquals("taken", reported.getLast());
  }

  @Test
  void anEmptyFileIsALossOfEverything() throws IOException {
    WatchedFile<String> watched = watched();
    write("");
    check(watched, "one two three four");
    check(watched, "one two three four");
    assertTrue(watched.isChanged(watched.state()));
    assertEquals("", watched.reload(this::reading).now());
    assertEquals("one two three four", watched.now());
  }

  @Test
  void changedFileIsDetectedAtOnce() throws IOException {
    WatchedFile<String> watched = watched();
    assertFalse(watched.isChanged(watched.state()));
    WatchedFile.ParsedFile<String> state = watched.state();
    write("one two three four five");
    assertTrue(watched.isChanged(state), "before anybody looked");
    check(watched, "one two three four");
    assertTrue(watched.isChanged(state), "while it is unchanged for less than an interval");
    check(watched, "one two three four five");
    assertTrue(watched.isChanged(state), "another value is in force");
    assertFalse(watched.isChanged(watched.state()));
  }

  @Test
  void keepsTheFormerValueAndReportsOnce() throws IOException {
    WatchedFile<String> watched = watched();
    write("bad news");
    for (int i = 0; i < 5; i++) {
      check(watched, "one two three four");
    }
    assertEquals(List.of("kept bad news"), reported);
    assertTrue(watched.isChanged(watched.state()));
    assertThrows(IOException.class, () -> watched.reload(this::reading));
    write("one two three again");
    check(watched, "one two three four");
    check(watched, "one two three again");
  }

  @Test
  void keepsTheFormerValueWhileTheFileIsGone() throws IOException {
    WatchedFile<String> watched = watched();
    Files.delete(file);
    check(watched, "one two three four");
    check(watched, "one two three four");
    assertEquals(List.of("kept " + file + ": no such file"), reported);
    write("one two three back");
    check(watched, "one two three four");
    check(watched, "one two three back");
  }

  @Test
  void comesToRestWhenNothingChanges() throws IOException {
    WatchedFile<String> watched = watched();
    for (int i = 0; i < 10; i++) {
      check(watched, "one two three four");
    }
    assertEquals(2, readings);
    assertEquals(List.of(), reported);
  }

  @Test
  void failsWhenTheFirstReadingFails() throws IOException {
    write("bad from the start");
    assertThrows(IOException.class, this::watched);
  }

  /**
   * A writer that truncates, writes in pieces, replaces by rename and pauses, at random. Whatever
   * it does between, only a whole version is ever in force, and what a version does not contain is
   * not denied while another one is on its way.
   */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void partialWritesAreNeverInForce(long seed) throws IOException {
    Random random = new Random(seed);
    Set<String> whole = new HashSet<>(Set.of("one two three four"));
    WatchedFile<String> watched = watched();
    String version = "one two three four";
    for (int round = 0; round < 150; round++) {
      // Of another length each time: the clock of a file system ticks more slowly than this loop.
      String next = "one two three four " + "v".repeat(round + 1);
      whole.add(next);
      if (random.nextInt(3) == 0) {
        Path fresh = Files.writeString(file.resolveSibling("fresh"), next);
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      } else {
        int at = 0;
        write("");
        while (at < next.length()) {
          int more = Math.min(next.length() - at, 1 + random.nextInt(40));
          // A writer pauses for less than the interval.
          clock.pass(WatchedFile.INTERVAL.minusMillis(1 + random.nextInt(4_000)));
          assertTrue(whole.contains(watched.now()), watched.now());
          assertTrue(watched.isChanged(watched.state()), "a partial file is no denial");
          Files.writeString(file, next.substring(at, at + more), StandardOpenOption.APPEND);
          at += more;
        }
      }
      for (int quiet = random.nextInt(4); quiet > 0; quiet--) {
        clock.pass(WatchedFile.INTERVAL);
        assertTrue(whole.contains(watched.now()), watched.now());
      }
      version = next;
    }
    clock.pass(WatchedFile.INTERVAL);
    var _ = watched.now();
    clock.pass(WatchedFile.INTERVAL);
    assertEquals(version, watched.now());
    assertFalse(watched.isChanged(watched.state()));
  }
}
