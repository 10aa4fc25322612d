package org.sealwax.router.spool;

import java.io.ByteArrayInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.BlockOutput;
import org.sealwax.mail.net.ByteBudget;
import org.sealwax.router.dkim.SigningOutput;

/**
 * A message's content on its way into the store: in memory while it is small and its memory budget
 * has bytes to spare, in a file of its own from then on, so that memory does not depend on size.
 * Owned by one thread.
 */
public final class Draft implements Closeable, SigningOutput.SignedContent {
  /** Least size of a part in memory: the trace field that stands before every message fits. */
  private static final int LEAST_PART = 512;

  /** A part is at least this batch of those before it, so that many small writes make few parts. */
  private static final int PART_OF_BATCH = 4;

  private static final byte[] NOTHING = {};

  /** What a file costs in memory. */
  static final int SPILLED = BodyFiles.BUFFER + 1024;

  private final QueueId id;
  private final int inlineLimit;
  private final @Nullable BodyFiles files;
  private final CRC32C sum = new CRC32C();
  private final OutputStream content = new DraftContent();
  private ByteBudget memory = ByteBudget.unlimited();
  private long charged;
  private long size;

  /** The content in memory, or null when it is in a file: full parts, and the last one. */
  private @Nullable List<byte[]> full = new ArrayList<>(4);

  private byte[] last = NOTHING;
  private int filled;
  private BodyFiles.@Nullable LargeContent large;

  /** The place that was left, or null. */
  private @Nullable ReservedPlace reserved;

  private boolean kept;
  private boolean closed;

  /** A place whose bytes are known at the end of the content. */
  private static final class ReservedPlace {
    private final SummedPart before;
    private final int length;
    private @Nullable SummedPart filled;

    private ReservedPlace(SummedPart before, int length) {
      this.before = before;
      this.length = length;
    }
  }

  /** A draft whose content goes to a file above the limit; without files there must be none. */
  Draft(QueueId id, int inlineLimit, @Nullable BodyFiles files) {
    this.id = id;
    this.inlineLimit = inlineLimit;
    this.files = files;
  }

  /** A draft that stays in memory whatever its size: for models of the store. */
  public static Draft inMemory(QueueId id) {
    return new Draft(id, Integer.MAX_VALUE - 8, null);
  }

  /** Charges what it holds in memory to this budget; to be called before the first byte. */
  public void within(ByteBudget budget) {
    memory = budget;
  }

  /** The identifier. */
  public QueueId id() {
    return id;
  }

  /** Takes the content; failures are {@link SpoolException}. */
  @Override
  public OutputStream content() {
    return content;
  }

  /** Bytes so far. */
  public long size() {
    return size;
  }

  /** The content when it stayed in memory, else null. Exactly {@link #size()} long; not copied. */
  public byte @Nullable [] small() {
    List<byte[]> parts = full;
    if (parts == null) {
      return null;
    }
    if (!parts.isEmpty() || last.length != filled) {
      byte[] all = new byte[(int) size];
      int at = 0;
      for (byte[] part : parts) {
        System.arraycopy(part, 0, all, at, part.length);
        at += part.length;
      }
      System.arraycopy(last, 0, all, at, filled);
      parts.clear();
      last = all;
      filled = all.length;
    }
    return last;
  }

  /** The content so far, from its beginning; to be closed. */
  public InputStream read() throws IOException {
    byte[] inMemory = small();
    if (inMemory != null) {
      return new ByteArrayInputStream(inMemory);
    }
    return Objects.requireNonNull(large).read();
  }

  /**
   * Begins again with an empty content.
   *
   * @return the content so far, as {@link #read} returns it
   */
  public InputStream rewrite() throws IOException {
    InputStream former = read();
    if (large != null) {
      // The open stream keeps the bytes of the file that has no name any more.
      large.close(false);
      large = null;
    }
    full = new ArrayList<>(4);
    last = NOTHING;
    filled = 0;
    size = 0;
    sum.reset();
    reserved = null;
    return former;
  }

  @Override
  public void reserve(int length) throws IOException {
    if (reserved != null) {
      throw new IllegalStateException("there is a place already");
    }
    ReservedPlace place = new ReservedPlace(new SummedPart((int) sum.getValue(), size), length);
    append(new byte[length], 0, length);
    sum.reset();
    reserved = place;
  }

  @Override
  public void fill(byte[] bytes) throws IOException {
    ReservedPlace place = reserved;
    if (place == null || place.filled != null || bytes.length != place.length) {
      throw new IllegalStateException("no place for " + bytes.length + " bytes");
    }
    List<byte[]> parts = full;
    if (parts != null) {
      List<byte[]> all = new ArrayList<>(parts);
      all.add(last);
      long at = 0;
      for (byte[] part : all) {
        overwrite(part, at, place.before.length(), bytes);
        at += part.length;
      }
    } else if (large != null) {
      large.overwrite(place.before.length(), bytes);
    }
    place.filled = place.before.and(SummedPart.of(bytes));
  }

  /** Puts the bytes into a part where the two overlap; both begin at an offset of the content. */
  private static void overwrite(byte[] part, long partOffset, long offset, byte[] bytes) {
    long begin = Math.max(partOffset, offset);
    long end = Math.min(partOffset + part.length, offset + bytes.length);
    if (begin < end) {
      System.arraycopy(
          bytes, (int) (begin - offset), part, (int) (begin - partOffset), (int) (end - begin));
    }
  }

  int checksum() {
    ReservedPlace place = reserved;
    if (place == null) {
      return (int) sum.getValue();
    }
    SummedPart filled = place.filled;
    if (filled == null) {
      throw new IllegalStateException("the place in the content is empty");
    }
    return filled.and(new SummedPart((int) sum.getValue(), size - filled.length())).checksum();
  }

  /** Syncs a large content's file; does nothing for a small one. */
  void seal() throws SpoolException {
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
    List<byte[]> parts = full;
    if (parts == null) {
      if (large != null) {
        large.write(from, offset, length);
      }
      return;
    }
    int fits = Math.min(length, last.length - filled);
    if (size <= inlineLimit && (fits == length || chargePart(length - fits))) {
      System.arraycopy(from, offset, last, filled, fits);
      filled += fits;
      if (fits < length) {
        if (filled > 0) {
          parts.add(last);
        }
        last = new byte[part(length - fits)];
        filled = length - fits;
        System.arraycopy(from, offset + fits, last, 0, filled);
      }
      return;
    }
    long more = SPILLED - charged;
    if (files == null || more > 0 && !memory.tryTake(more)) {
      throw new SpoolException(SpoolException.Kind.FULL, "not enough memory for another message");
    }
    charged += Math.max(0, more);
    BodyFiles.LargeContent file = files.begin(id);
    large = file;
    for (byte[] part : parts) {
      file.write(part, 0, part.length);
    }
    file.write(last, 0, filled);
    file.write(from, offset, length);
    full = null;
    last = NOTHING;
    giveBack(SPILLED);
  }

  /** Bytes of the next part, which begins with {@code rest} bytes. */
  private int part(int rest) {
    long most = Math.max(rest, inlineLimit - (size - rest));
    return (int) Math.min(most, Math.max(rest, Math.max(LEAST_PART, size / PART_OF_BATCH)));
  }

  /** Charges the next part; false when the budget has none to spare. */
  private boolean chargePart(int rest) {
    int bytes = part(rest);
    if (!memory.tryTakeOptional(bytes)) {
      return false;
    }
    charged += bytes;
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
      full = null;
      last = NOTHING;
      giveBack(0);
      if (large != null) {
        large.close(kept);
      }
    }
  }

  private final class DraftContent extends BlockOutput {
    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      Objects.checkFromIndexSize(offset, length, from.length);
      append(from, offset, length);
    }
  }
}
