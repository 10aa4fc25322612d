package org.sealwax.spool;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.sealwax.world.ByteBudget;

/**
 * A message's content on its way into the store: in memory while it is small and its memory budget
 * has bytes to spare, in a file of its own from then on, so that memory does not depend on size.
 * Owned by one thread.
 */
public final class Draft implements Closeable {
  /** First buffer: most mail is smaller than a few pages. */
  private static final int FIRST = 8 * 1024;

  /** What a file costs in memory. */
  static final int SPILLED = BodyFiles.BUFFER + 1024;

  private static final byte[] NOTHING = {};

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
  private ByteBudget memory = ByteBudget.unlimited();
  private long charged;
  private byte @Nullable [] buffer = NOTHING;
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

  /** Charges what it holds in memory to this budget; to be called before the first byte. */
  public void within(ByteBudget budget) {
    memory = budget;
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
    byte[] held = buffer;
    if (held == null) {
      if (large != null) {
        large.write(from, offset, length);
      }
      return;
    }
    if (size <= inlineLimit && (held.length >= size || grow(held))) {
      System.arraycopy(from, offset, java.util.Objects.requireNonNull(buffer), filled, length);
      filled += length;
      return;
    }
    if (!charge(SPILLED - charged)) {
      throw new SpoolTrouble(SpoolTrouble.Kind.FULL, "no memory for one more message");
    }
    Spill.Large file = spill.begin(id);
    large = file;
    file.write(held, 0, filled);
    file.write(from, offset, length);
    buffer = null;
    giveBack(SPILLED);
  }

  /** Makes room for {@link #size} in memory; false when the budget has none to spare. */
  private boolean grow(byte[] held) {
    long wanted = Math.max(size, Math.min(inlineLimit, Math.max(FIRST, 2L * held.length)));
    if (!memory.tryTakeSpare(wanted - held.length)) {
      return false;
    }
    charged += wanted - held.length;
    buffer = Arrays.copyOf(held, (int) wanted);
    return true;
  }

  private boolean charge(long more) {
    if (more > 0 && !memory.tryTake(more)) {
      return false;
    }
    charged += Math.max(0, more);
    return true;
  }

  private void giveBack(long downTo) {
    if (charged > downTo) {
      memory.give(charged - downTo);
      charged = downTo;
    }
  }

  /** Discards the content unless the store has taken it. */
  @Override
  public void close() throws IOException {
    if (!closed) {
      closed = true;
      buffer = null;
      giveBack(0);
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
