package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.Serial;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import org.junit.jupiter.api.Test;

/** Every byte of the source is handed out once, in its order, whatever the size of the draws. */
class BlockRandomTest {
  /** Counts instead of drawing, so that each byte differs from the others. */
  private static final class Counting extends SecureRandom {
    @Serial private static final long serialVersionUID = 1;
    private int next;

    @Override
    public void nextBytes(byte[] into) {
      for (int i = 0; i < into.length; i++) {
        into[i] = (byte) next++;
      }
    }
  }

  @Test
  void handsOutEachByteOnce() {
    BlockRandom random = new BlockRandom(new Counting());
    byte[] first = new byte[16];
    random.nextBytes(first);
    byte[] second = new byte[16];
    random.nextBytes(second);
    assertEquals(0, first[0]);
    assertEquals(15, first[15]);
    assertEquals(16, second[0]);
    assertEquals(31, second[15]);
    byte[] eight = {32, 33, 34, 35, 36, 37, 38, 39};
    assertEquals(ByteBuffer.wrap(eight).getLong(), random.nextLong());
  }

  @Test
  void drawsAgainWhenABlockIsUsedUp() {
    BlockRandom random = new BlockRandom(new Counting());
    byte[] most = new byte[BlockRandom.BLOCK - 1];
    random.nextBytes(most);
    byte[] two = new byte[2];
    random.nextBytes(two);
    // The last byte of the first block is not half of a draw.
    assertArrayEquals(new byte[] {(byte) BlockRandom.BLOCK, (byte) (BlockRandom.BLOCK + 1)}, two);
  }

  @Test
  void drawsMoreThanABlockFromTheSource() {
    BlockRandom random = new BlockRandom(new Counting());
    byte[] all = new byte[BlockRandom.BLOCK + 1];
    random.nextBytes(all);
    assertEquals((byte) BlockRandom.BLOCK, all[BlockRandom.BLOCK]);
    assertEquals(1, all[1]);
  }
}
