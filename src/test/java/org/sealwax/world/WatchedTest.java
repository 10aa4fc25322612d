package org.sealwax.world;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class WatchedTest implements Watched.Notice {
  private final SteppedClock clock = new SteppedClock(Instant.EPOCH);
  private final List<String> told = new ArrayList<>();
  private Path file = Path.of("none");
  private int readings;

  @Override
  public void taken(Path changed) {
    told.add("taken");
  }

  @Override
  public void kept(Path changed, String why) {
    told.add("kept " + why);
  }

  @BeforeEach
  void writeFile(@TempDir Path folder) throws IOException {
    file = Files.writeString(folder.resolve("f"), "one");
  }

  private Watched<String> watched() throws IOException {
    return new Watched<>(
        file,
        clock,
        () -> {
          readings++;
          String text = Files.readString(file);
          if (text.startsWith("bad")) {
            throw new IOException(text);
          }
          return new Watched.Reading<>(text, Set.of(file));
        },
        this);
  }

  @Test
  void takesAChangeAfterTheIntervalAndNotBefore() throws IOException {
    Watched<String> watched = watched();
    Files.writeString(file, "number two");
    clock.pass(Watched.INTERVAL.minusNanos(1));
    assertEquals("one", watched.now());
    clock.pass(java.time.Duration.ofNanos(1));
    assertEquals("number two", watched.now());
    assertEquals(List.of("taken"), told);
  }

  @Test
  void keepsTheFormerValueAndTellsOnce() throws IOException {
    Watched<String> watched = watched();
    Files.writeString(file, "bad news");
    for (int i = 0; i < 5; i++) {
      clock.pass(Watched.INTERVAL);
      assertEquals("one", watched.now());
    }
    assertEquals(List.of("kept bad news"), told);
    Files.writeString(file, "mended again");
    clock.pass(Watched.INTERVAL);
    assertEquals("mended again", watched.now());
  }

  @Test
  void keepsTheFormerValueWhileTheFileIsGone() throws IOException {
    Watched<String> watched = watched();
    Files.delete(file);
    clock.pass(Watched.INTERVAL);
    assertEquals("one", watched.now());
    assertEquals(List.of("kept " + file + ": no such file"), told);
    Files.writeString(file, "back");
    clock.pass(Watched.INTERVAL);
    assertEquals("back", watched.now());
  }

  @Test
  void comesToRestWhenNothingChanges() throws IOException {
    Watched<String> watched = watched();
    for (int i = 0; i < 10; i++) {
      clock.pass(Watched.INTERVAL);
      assertEquals("one", watched.now());
    }
    assertEquals(2, readings);
    assertEquals(List.of(), told);
  }

  @Test
  void failsWhenTheFirstReadingFails() throws IOException {
    Files.writeString(file, "bad from the start");
    assertThrows(IOException.class, this::watched);
  }
}
