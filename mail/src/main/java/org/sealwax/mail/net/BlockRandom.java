package org.sealwax.mail.net;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * Draws from a secure source in blocks: each draw from it costs a lock, a hash and perhaps a system
 * call, whatever its size. Each byte is handed out once, and is not kept after that. Thread-safe.
 */
final class BlockRandom implements RandomGenerator {
  static final int BLOCK = 512;

  private final SecureRandom source;
  private final byte[] block = new byte[BLOCK];
  private int used = BLOCK;

  BlockRandom(SecureRandom source) {
    this.source = source;
  }

  @Override
  public synchronized void nextBytes(byte[] into) {
    if (into.length > BLOCK) {
      source.nextBytes(into);
      return;
    }
    if (used + into.length > BLOCK) {
      source.nextBytes(block);
      used = 0;
    }
    System.arraycopy(block, used, into, 0, into.length);
    Arrays.fill(block, used, used + into.length, (byte) 0);
    used += into.length;
  }

  @Override
  public long nextLong() {
    byte[] bytes = new byte[Long.BYTES];
    nextBytes(bytes);
    return ByteBuffer.wrap(bytes).getLong();
  }
}
