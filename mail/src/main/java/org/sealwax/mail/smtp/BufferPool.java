package org.sealwax.mail.smtp;

import java.util.ArrayDeque;

/**
 * A few block buffers that are reused for each message. A session holds one only while a body comes
 * in: a thousand idle sessions must use hardly any memory, and a thousand messages a second must
 * not each clear 16 KiB.
 */
final class BufferPool {
  /** Bytes of one block: one TLS record, and most whole messages. */
  static final int BLOCK = 16 * 1_024;

  /** Blocks kept: more messages at one moment make garbage instead. */
  private static final int KEPT = 64;

  private static final ArrayDeque<byte[]> FREE = new ArrayDeque<>(KEPT);

  private BufferPool() {}

  static byte[] take() {
    synchronized (FREE) {
      byte[] block = FREE.pollLast();
      if (block != null) {
        return block;
      }
    }
    return new byte[BLOCK];
  }

  static void give(byte[] block) {
    if (block.length == BLOCK) {
      synchronized (FREE) {
        if (FREE.size() < KEPT) {
          FREE.addLast(block);
        }
      }
    }
  }
}
