package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.spool.QueueId.QueueIds;

/** A content comes out as it went in, whatever its parts were, in memory and in a file. */
class DraftTest {
  private static final QueueId ID = new QueueIds(Clock.system(), RandomSource.seeded(1), 0).next();
  private static final int LIMIT = 128 * 1024;

  @TempDir private Path folder = Path.of("");

  private BodyFiles files() throws IOException {
    return new BodyFiles(folder, () -> {}, step -> {});
  }

  /** The content's file, when there is one. */
  private byte[] inFile() throws IOException {
    Path file = folder.resolve("bodies").resolve(ID.text() + BodyFiles.RECEIVING);
    return Files.exists(file) ? Files.readAllBytes(file) : new byte[0];
  }

  @Test
  void keepsTheContentOverParts() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 2_000; round++) {
      byte[] content = new byte[random.nextInt(round % 20 == 0 ? LIMIT + 2 : 20_000)];
      random.nextBytes(content);
      int most = 1 + random.nextInt(9_000);
      ByteBudget budget = new ByteBudget(2L * LIMIT);
      try (Draft draft = new Draft(ID, LIMIT, files())) {
        draft.within(budget);
        write(draft, content, most, random);
        byte[] small = draft.small();
        draft.seal();
        assertArrayEquals(content, small == null ? inFile() : small);
        assertEquals(content.length, draft.size());
        CRC32C sum = new CRC32C();
        sum.update(content);
        assertEquals((int) sum.getValue(), draft.checksum());
      }
      assertEquals(0, budget.taken());
    }
  }

  /** A place in front of a part is filled at the end, in memory and in a file. */
  @Test
  void aPlaceIsFilledLater() throws IOException {
    Random random = new Random(8);
    for (int round = 0; round < 500; round++) {
      byte[] before = new byte[random.nextInt(1_000)];
      byte[] place = new byte[random.nextInt(1_500)];
      byte[] after = new byte[random.nextInt(round % 10 == 0 ? 2 * LIMIT : 20_000)];
      random.nextBytes(before);
      random.nextBytes(place);
      random.nextBytes(after);
      byte[] content = new byte[before.length + place.length + after.length];
      System.arraycopy(before, 0, content, 0, before.length);
      System.arraycopy(place, 0, content, before.length, place.length);
      System.arraycopy(after, 0, content, before.length + place.length, after.length);
      try (Draft draft = new Draft(ID, LIMIT, files())) {
        // A message that a filter changed is written again, with a place of its own.
        draft.content().write(new byte[random.nextInt(2 * LIMIT)]);
        draft.reserve(7);
        draft.content().write(after);
        draft.rewrite().close();
        draft.content().write(before);
        draft.reserve(place.length);
        for (int at = 0; at < after.length; ) {
          int length = Math.min(after.length - at, 1 + random.nextInt(9_000));
          draft.content().write(after, at, length);
          at += length;
        }
        assertThrows(IllegalStateException.class, draft::checksum);
        draft.fill(place);
        byte[] small = draft.small();
        draft.seal();
        assertArrayEquals(content, small == null ? inFile() : small);
        CRC32C sum = new CRC32C();
        sum.update(content);
        assertEquals((int) sum.getValue(), draft.checksum());
        assertThrows(IllegalStateException.class, () -> draft.fill(place));
        assertThrows(IllegalStateException.class, () -> draft.reserve(1));
      }
    }
  }

  private static void write(Draft draft, byte[] content, int most, Random random)
      throws IOException {
    for (int at = 0; at < content.length; ) {
      int length = Math.min(content.length - at, 1 + random.nextInt(most));
      draft.content().write(content, at, length);
      at += length;
      if (random.nextInt(50) == 0) {
        // May be asked for at any time.
        byte[] small = draft.small();
        if (small != null) {
          assertArrayEquals(Arrays.copyOf(content, at), small);
        }
      }
    }
  }

  @Test
  void staysInMemoryUpToTheLimit() throws IOException {
    try (Draft draft = new Draft(ID, LIMIT, files())) {
      for (int i = 0; i < LIMIT / 1024; i++) {
        draft.content().write(new byte[1024]);
      }
      assertEquals(0, inFile().length);
      draft.content().write(1);
      assertNull(draft.small());
      draft.seal();
      assertEquals(LIMIT + 1, inFile().length);
    }
  }

  @Test
  void holdsAtMostAQuarterMoreThanItsContent() throws IOException {
    ByteBudget budget = new ByteBudget(4L * LIMIT);
    try (Draft draft = new Draft(ID, LIMIT, files())) {
      draft.within(budget);
      draft.content().write(new byte[300]);
      for (int i = 0; i < 60; i++) {
        draft.content().write(new byte[1000]);
        long most = Math.max(2 * 1024, draft.size() + draft.size() / 4);
        assertEquals(Math.min(most, budget.taken()), budget.taken());
      }
    }
  }
}
