package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * A file of marks: entries of a number, 0 to 255, and a name. It is mapped memory: what was written
 * there is the kernel's, and survives the end of the process (not a loss of power). Not
 * thread-safe.
 */
final class MarkFile implements Closeable {
  private final ByteBuffer bytes;
  private final int entry;
  private final @Nullable Arena mapping;
  private boolean closed;

  private MarkFile(ByteBuffer bytes, int entry, @Nullable Arena mapping) {
    this.bytes = bytes;
    this.entry = entry;
    this.mapping = mapping;
  }

  /**
   * Opens a file, or makes one with its space on the disk: a hole would end the process later.
   *
   * @param entries how many it has
   * @param entry bytes of each: one for the number, the others for the name
   */
  @SuppressWarnings("MustBeClosedChecker") // closed with this object
  static MarkFile open(Path file, int entries, int entry) throws IOException {
    int size = entries * entry;
    try (FileChannel channel =
        FileChannel.open(
            file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
      int there = (int) Math.min(channel.size(), size);
      ByteBuffer rest = ByteBuffer.allocate(size - there);
      while (rest.hasRemaining()) {
        channel.write(rest, (long) there + rest.position());
      }
      Arena mapping = Arena.ofShared();
      return new MarkFile(
          channel.map(FileChannel.MapMode.READ_WRITE, 0, size, mapping).asByteBuffer(),
          entry,
          mapping);
    }
  }

  /** Marks that no later start finds. */
  static MarkFile inMemory(int entries, int entry) {
    return new MarkFile(ByteBuffer.allocate(entries * entry), entry, null);
  }

  int number(int at) {
    return bytes.get(at * entry) & 0xff;
  }

  void number(int at, int value) {
    if (!closed) {
      bytes.put(at * entry, (byte) value);
    }
  }

  byte[] name(int at) {
    byte[] name = new byte[entry - 1];
    bytes.get(at * entry + 1, name);
    return name;
  }

  /** Sets name and number, in this order: the process may end in between. */
  void set(int at, byte[] name, int value) {
    if (!closed) {
      bytes.put(at * entry + 1, name);
      number(at, value);
    }
  }

  /** Nothing is marked any more; the file stays as it is. */
  @Override
  public void close() {
    if (!closed && mapping != null) {
      mapping.close();
    }
    closed = true;
  }
}
