package org.sealwax.router.spool;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;

/** A content comes out as it went in, whatever its parts were, in memory and in a file. */
class DraftTest {
  private static final QueueId ID = new QueueIds(Clock.system(), RandomSource.seeded(1), 0).next();
  private static final int LIMIT = 128 * 1024;

  private static final class Kept implements Draft.Spill, Draft.Spill.Large {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public Large begin(QueueId id) {
      return this;
    }

    @Override
    public void write(byte[] from, int offset, int length) {
      bytes.write(from, offset, length);
    }

    @Override
    public void sync() {}

    @Override
    public void committed() {}

    @Override
    public void close(boolean keep) {}
  }

  @Test
  void keepsTheContentOverParts() throws IOException {
    Random random = new Random(7);
    for (int round = 0; round < 2_000; round++) {
      byte[] content = new byte[random.nextInt(round % 20 == 0 ? LIMIT + 2 : 20_000)];
      random.nextBytes(content);
      int most = 1 + random.nextInt(9_000);
      Kept file = new Kept();
      ByteBudget budget = new ByteBudget(2L * LIMIT);
      try (Draft draft = new Draft(ID, LIMIT, file)) {
        draft.within(budget);
        write(draft, content, most, random);
        byte[] small = draft.small();
        assertArrayEquals(content, small == null ? file.bytes.toByteArray() : small);
        assertEquals(content.length, draft.size());
        CRC32C sum = new CRC32C();
        sum.update(content);
        assertEquals((int) sum.getValue(), draft.checksum());
      }
      assertEquals(0, budget.taken());
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
    Kept file = new Kept();
    try (Draft draft = new Draft(ID, LIMIT, file)) {
      for (int i = 0; i < LIMIT / 1024; i++) {
        draft.content().write(new byte[1024]);
      }
      assertEquals(0, file.bytes.size());
      draft.content().write(1);
      assertNull(draft.small());
      assertEquals(LIMIT + 1, file.bytes.size());
    }
  }

  @Test
  void holdsAtMostAQuarterMoreThanItsContent() throws IOException {
    ByteBudget budget = new ByteBudget(4L * LIMIT);
    try (Draft draft = new Draft(ID, LIMIT, new Kept())) {
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
