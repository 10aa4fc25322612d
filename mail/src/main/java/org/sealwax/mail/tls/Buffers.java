package org.sealwax.mail.tls;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;

/**
 * Spare buffers for records in flight. A connection borrows while it has bytes in transit and
 * returns them when it waits, so that memory follows the busy connections, not the open ones.
 *
 * <p>Two sizes, heap and direct; what comes back beyond the limit is left to the collector.
 */
final class Buffers {
  /** One record of any version, large enough for an engine's own estimate. */
  static final int SMALL = 18 * 1024;

  /** Four records: one system call in bulk transfer. */
  static final int LARGE = 72 * 1024;

  /** Spare buffers kept of each kind: 64 small ones are 1.1 MiB. */
  private static final int SPARE_SMALL = 64;

  private static final int SPARE_LARGE = 16;

  /**
   * One pool for the process: buffers do not belong to a connection, and are cleared by position,
   * not zeroed.
   */
  static final Buffers SHARED = new Buffers();

  private final ArrayDeque<ByteBuffer> direct = new ArrayDeque<>();
  private final ArrayDeque<ByteBuffer> heap = new ArrayDeque<>();
  private final ArrayDeque<ByteBuffer> largeDirect = new ArrayDeque<>();
  private final ArrayDeque<ByteBuffer> largeHeap = new ArrayDeque<>();

  private ArrayDeque<ByteBuffer> pool(boolean isDirect, boolean isLarge) {
    if (isLarge) {
      return isDirect ? largeDirect : largeHeap;
    }
    return isDirect ? direct : heap;
  }

  /** An empty buffer, of {@link #SMALL} or {@link #LARGE} bytes. */
  ByteBuffer borrow(boolean isDirect, boolean isLarge) {
    ByteBuffer spare;
    synchronized (this) {
      spare = pool(isDirect, isLarge).pollFirst();
    }
    if (spare != null) {
      return spare.clear();
    }
    int size = isLarge ? LARGE : SMALL;
    return isDirect ? ByteBuffer.allocateDirect(size) : ByteBuffer.allocate(size);
  }

  /** Takes back what was borrowed; the caller must not touch it again. */
  void give(ByteBuffer buffer) {
    boolean isLarge = buffer.capacity() == LARGE;
    synchronized (this) {
      ArrayDeque<ByteBuffer> buffers = pool(buffer.isDirect(), isLarge);
      if (buffers.size() < (isLarge ? SPARE_LARGE : SPARE_SMALL)) {
        buffers.addFirst(buffer);
      }
    }
  }

  /** The bytes of a borrowed heap buffer, from its own zero. */
  static byte[] array(ByteBuffer heap) {
    if (heap.arrayOffset() != 0) {
      throw new IllegalArgumentException("the buffer was not borrowed from this pool");
    }
    return heap.array();
  }
}
