package org.sealwax.spool;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A message's content on its way into the store: in memory while it is small, in a file of its own
 * from then on, so that memory does not depend on size. Owned by one thread.
 */
public final class Draft implements Closeable {
  /** First buffer: most mail is smaller than a few pages. */
  private static final int FIRST = 8 * 1024;

  /** Where large contents go. */
  interface Spill {
    /** Begins the file of a large content. */
    Large begin(QueueId id) throws IOException;

    /** One large content. */
    interface Large {
      /** Appends. */
      void write(byte[] from, int offset, int length) throws IOException;

      /** Brings the content to stable storage; the name in the folder is not yet. */
      void sync() throws IOException;

      /** The record is committed: the file gets its name. */
      void committed() throws IOException;

      /** Ends writing; removes the file unless it was kept. */
      void close(boolean keep) throws IOException;
    }
  }

  private final QueueId id;
  private final int inlineLimit;
  private final Spill spill;
  private final CRC32C sum = new CRC32C();
  private final OutputStream content = new Content();
  private byte @Nullable [] buffer = new byte[FIRST];
  private int filled;
  private long size;
  private Spill.@Nullable Large large;
  private boolean kept;
  private boolean closed;

  Draft(QueueId id, int inlineLimit, Spill spill) {
    this.id = id;
    this.inlineLimit = inlineLimit;
    this.spill = spill;
  }

  /** A draft that stays in memory whatever its size: for models of the store. */
  public static Draft inMemory(QueueId id) {
    return new Draft(
        id,
        Integer.MAX_VALUE - 8,
        other -> {
          throw new SpoolTrouble(SpoolTrouble.Kind.FULL, "too large for memory");
        });
  }

  /** The identifier. */
  public QueueId id() {
    return id;
  }

  /** Takes the content; trouble is {@link SpoolTrouble}. */
  public OutputStream content() {
    return content;
  }

  /** Octets so far. */
  public long size() {
    return size;
  }

  /** The content when it stayed in memory, else null. Exactly {@link #size()} long; not copied. */
  public byte @Nullable [] small() {
    byte[] all = buffer;
    if (all == null) {
      return null;
    }
    if (all.length != filled) {
      all = Arrays.copyOf(all, filled);
      buffer = all;
    }
    return all;
  }

  int checksum() {
    return (int) sum.getValue();
  }

  /** Syncs a large content's file; does nothing for a small one. */
  void seal() throws IOException {
    if (large != null) {
      large.sync();
    }
  }

  /** It is not known whether the store has it: the file stays. */
  void keep() {
    kept = true;
  }

  /** The store has it. */
  void committed() throws IOException {
    keep();
    if (large != null) {
      large.committed();
    }
  }

  private void append(byte[] from, int offset, int length) throws IOException {
    if (closed) {
      throw new IOException("the draft is closed");
    }
    sum.update(from, offset, length);
    size += length;
    byte[] memory = buffer;
    if (memory == null) {
      if (large != null) {
        large.write(from, offset, length);
      }
      return;
    }
    if (size <= inlineLimit) {
      if (memory.length < size) {
        long wanted = Math.max(size, Math.min(inlineLimit, 2L * memory.length));
        memory = Arrays.copyOf(memory, (int) wanted);
        buffer = memory;
      }
      System.arraycopy(from, offset, memory, filled, length);
      filled += length;
      return;
    }
    Spill.Large file = spill.begin(id);
    large = file;
    file.write(memory, 0, filled);
    file.write(from, offset, length);
    buffer = null;
  }

  /** Discards the content unless the store has taken it. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      buffer = null;
      if (large != null) {
        large.close(kept);
      }
    }
  }

  private final class Content extends OutputStream {
    private final byte[] one = new byte[1];

    @Override
    public void write(int octet) throws IOException {
      one[0] = (byte) octet;
      append(one, 0, 1);
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      java.util.Objects.checkFromIndexSize(offset, length, from.length);
      append(from, offset, length);
    }
  }
}
