package org.sealwax.router.spool;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.CrashMarks.MarkFile.Form;

/**
 * Marks of the messages in work, in a file that is kept when the process ends: the next start knows
 * which messages were in work. Such a message is a suspect. Suspects are tried one after the other,
 * so that after the next end there is one of them; with its second end it is held. So one message
 * that ends the process cannot stop all other mail. Thread-safe.
 */
public final class CrashMarks implements Closeable {
  /** The permission to start work on a message. */
  public enum StartPermission {
    /** Work on it; {@link #end} must follow. */
    GO,
    /** Another suspect is being tried. */
    LATER,
    /** It was in progress at two ends of the process: hold it. */
    HOLD,
    /** Holding it ended the process as well: leave it in the store as it is. */
    LEAVE
  }

  /** Ends of the process after which a message is held. */
  public static final int ENDS = 2;

  /** Ends after which it is not even touched to be held. */
  static final int MOST_ENDS = ENDS + 1;

  /** Messages in progress at most; of more, the last are not marked. */
  private static final int SLOTS = Form.MESSAGES.entries;

  /** A state above this is a suspect that waits for its turn. */
  private static final int WAITING = 100;

  /** What ends a process does so at once: the next suspect need not wait for a slow next hop. */
  private static final Duration ALONE = Duration.ofSeconds(10);

  private final @Nullable Path file;
  private final @Nullable MarkFile slots;
  private final Clock clock;
  private final ArrayDeque<Integer> free = new ArrayDeque<>();
  private final Map<QueueId, Mark> marks = new HashMap<>();
  private final Map<QueueId, CrashSuspect> suspects = new HashMap<>();

  /** Threads that do short work on a suspect outside of its round. */
  private final Map<QueueId, Integer> suspectSteps = new HashMap<>();

  private @Nullable QueueId trying;
  private long tryingSince;
  private final long begun;

  private record CrashSuspect(int ends, int slot) {}

  /** A message in work. */
  private static final class Mark {
    final int slot;

    /** Rounds of its batches, and short work outside of them. */
    int uses = 1;

    Mark(int slot) {
      this.slot = slot;
    }
  }

  private CrashMarks(@Nullable Path file, @Nullable MarkFile slots, Clock clock) {
    this.file = file;
    this.slots = slots;
    this.clock = clock;
    this.begun = clock.nanoTime();
    for (int i = 0; slots != null && i < SLOTS; i++) {
      free.add(i);
    }
  }

  /** Marks nothing: for simulations. */
  public static CrashMarks none() {
    return new CrashMarks(null, null, Clock.system());
  }

  /**
   * Reads what the last process left, and begins again. Where the file cannot be written, mail goes
   * on without marks, which only help after a crash.
   *
   * @param file of the marks
   * @param clock the believed time
   * @param log for what keeps messages from being marked
   */
  public static CrashMarks open(Path file, Clock clock, MailLog log) {
    try {
      Path next = file.resolveSibling(file.getFileName() + ".new");
      Files.deleteIfExists(next);
      CrashMarks marks = new CrashMarks(file, MarkFile.open(next, Form.MESSAGES), clock);
      left(file).forEach(marks::suspect);
      Files.move(next, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
      if (!marks.suspects.isEmpty()) {
        log.warning(
            "queue",
            "the last process ended unexpectedly while it worked on "
                + CountText.of(
                    marks.suspects.size(),
                    "message; it is tried alone | messages; they are tried one at a time"));
      }
      return marks;
    } catch (IOException e) {
      log.warning("queue", "messages in delivery cannot be marked: " + FailureText.of(e));
      return none();
    }
  }

  /** Identifiers in a file, with the ends of the process that they have seen. */
  private static Map<QueueId, Integer> left(Path file) throws IOException {
    Map<QueueId, Integer> left = new HashMap<>();
    if (!Files.exists(file) || Files.size(file) != Form.MESSAGES.size()) {
      return left;
    }
    try (MarkFile former = MarkFile.open(file, Form.MESSAGES)) {
      for (int i = 0; i < SLOTS; i++) {
        int state = former.entry(i).number();
        byte[] name = state == 0 ? new byte[1] : former.entry(i).name();
        if (name[0] > 0 && name[0] < name.length) {
          String text = new String(name, 1, name[0], StandardCharsets.US_ASCII);
          int ends = state > WAITING ? state - WAITING : state;
          QueueId.parse(text).ifPresent(id -> left.merge(id, ends, Math::max));
        }
      }
    }
    return left;
  }

  private void suspect(QueueId id, int ends) {
    Integer slot = free.poll();
    if (slot != null) {
      write(slot, WAITING + Math.min(ends, MOST_ENDS), id);
      suspects.put(id, new CrashSuspect(ends, slot));
    }
  }

  private void write(int slot, int state, QueueId id) {
    if (slots != null) {
      byte[] text = id.text().getBytes(StandardCharsets.US_ASCII);
      byte[] name = ByteBuffer.allocate(1 + text.length).put((byte) text.length).put(text).array();
      slots.entry(slot).set(name, state);
    }
  }

  private void clear(int slot) {
    if (slots != null) {
      slots.entry(slot).number(0);
      free.push(slot);
    }
  }

  /** A message's work is to begin. */
  public synchronized StartPermission begin(QueueId id) {
    CrashSuspect suspect = suspects.isEmpty() ? null : suspects.get(id);
    if (suspect != null) {
      if (suspect.ends() >= ENDS) {
        return verdict(id);
      }
      if (trying != null && clock.nanoTime() - tryingSince < ALONE.toNanos() || isHoldExpected()) {
        return StartPermission.LATER;
      }
      trying = id;
      tryingSince = clock.nanoTime();
      write(suspect.slot(), suspect.ends() + 1, id);
      return StartPermission.GO;
    }
    mark(id);
    return StartPermission.GO;
  }

  private void mark(QueueId id) {
    Mark there = marks.get(id);
    if (there != null) {
      there.uses++;
      return;
    }
    Integer slot = free.poll();
    if (slot != null) {
      write(slot, 1, id);
      marks.put(id, new Mark(slot));
    }
  }

  private void unmark(QueueId id) {
    Mark there = marks.get(id);
    if (there != null && --there.uses == 0) {
      marks.remove(id);
      clear(there.slot);
    }
  }

  /** Whether a message is about to be held: when that ends the process, no other is in work. */
  private boolean isHoldExpected() {
    return clock.nanoTime() - begun < ALONE.toNanos()
        && suspects.values().stream().anyMatch(s -> s.ends() == ENDS);
  }

  /**
   * What was decided about a message by its ends: {@link StartPermission#GO} when nothing was.
   * Begins nothing.
   */
  public synchronized StartPermission verdict(QueueId id) {
    CrashSuspect suspect = suspects.get(id);
    int ends = suspect == null ? 0 : suspect.ends();
    return ends >= MOST_ENDS
        ? StartPermission.LEAVE
        : ends >= ENDS ? StartPermission.HOLD : StartPermission.GO;
  }

  /** Whether the process has ended before while it worked on this message. */
  synchronized boolean isSuspect(QueueId message) {
    return suspects.containsKey(message);
  }

  /** A step with these messages begins. */
  public synchronized void beginStep(Set<QueueId> messages) {
    for (QueueId id : messages) {
      CrashSuspect suspect = suspects.get(id);
      if (suspect == null && !suspectSteps.containsKey(id)) {
        mark(id);
      } else if (suspectSteps.merge(id, 1, Integer::sum) == 1 && suspect != null) {
        write(suspect.slot(), Math.min(suspect.ends() + 1, MOST_ENDS), id);
      }
    }
  }

  /** It is over, and the process goes on. */
  public synchronized void endStep(Set<QueueId> messages) {
    for (QueueId id : messages) {
      Integer threads = suspectSteps.get(id);
      if (threads == null) {
        unmark(id);
      } else if (threads > 1) {
        suspectSteps.put(id, threads - 1);
      } else {
        suspectSteps.remove(id);
        CrashSuspect suspect = suspects.get(id);
        if (suspect != null && !id.equals(trying)) {
          write(suspect.slot(), WAITING + Math.min(suspect.ends(), MOST_ENDS), id);
        }
      }
    }
  }

  /** The suspects. */
  public synchronized Set<QueueId> suspects() {
    return Set.copyOf(suspects.keySet());
  }

  /** A message's work ended, and the process did not; or a suspect is held. */
  public synchronized void end(QueueId id) {
    CrashSuspect suspect = suspects.isEmpty() ? null : suspects.remove(id);
    if (suspect != null) {
      clear(suspect.slot());
      trying = id.equals(trying) ? null : trying;
      return;
    }
    unmark(id);
  }

  /** The process ends in order: nothing is suspected that was not before. */
  @Override
  public synchronized void close() throws IOException {
    if (file != null && suspects.isEmpty()) {
      Files.deleteIfExists(file);
    }
    marks.values().forEach(mark -> clear(mark.slot));
    marks.clear();
  }

  /**
   * A file of marks: entries of a number, 0 to 255, and a name. It is mapped memory: what was
   * written there is the kernel's, and survives the end of the process (not a loss of power). Not
   * thread-safe.
   */
  static final class MarkFile implements Closeable {
    /** What the entries of a file are. */
    enum Form {
      /** Work on the whole database: {@link ScanMarks}. */
      SCANS(ScanMarks.Scan.values().length, 1),
      /** Rows that are copied: {@link RowMark}. */
      ROWS(64, 64),
      /** Messages: state, length and text of the identifier. */
      MESSAGES(16_384, 32);

      final int entries;

      /** Bytes of one: one for the number, the others for the name. */
      final int bytes;

      Form(int entries, int bytes) {
        this.entries = entries;
        this.bytes = bytes;
      }

      int size() {
        return entries * bytes;
      }
    }

    private final Form form;
    private final ByteBuffer bytes;
    private final @Nullable Arena mapping;
    private boolean closed;

    private MarkFile(Form form, ByteBuffer bytes, @Nullable Arena mapping) {
      this.form = form;
      this.bytes = bytes;
      this.mapping = mapping;
    }

    /**
     * Opens a file, or makes one with its space on the disk: a hole would end the process later.
     */
    @SuppressWarnings("MustBeClosedChecker") // closed with this object
    static MarkFile open(Path file, Form form) throws IOException {
      try (FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE)) {
        int there = (int) Math.min(channel.size(), form.size());
        ByteBuffer rest = ByteBuffer.allocate(form.size() - there);
        while (rest.hasRemaining()) {
          channel.write(rest, (long) there + rest.position());
        }
        Arena mapping = Arena.ofShared();
        return new MarkFile(
            form,
            channel.map(FileChannel.MapMode.READ_WRITE, 0, form.size(), mapping).asByteBuffer(),
            mapping);
      }
    }

    /** Marks that no later start finds. */
    static MarkFile inMemory(Form form) {
      return new MarkFile(form, ByteBuffer.allocate(form.size()), null);
    }

    MarkEntry entry(int index) {
      return new MarkEntry(index * form.bytes);
    }

    /** Nothing is marked any more; the file stays as it is. */
    @Override
    public void close() {
      if (!closed && mapping != null) {
        mapping.close();
      }
      closed = true;
    }

    /** One entry; marks nothing when the file is closed. */
    final class MarkEntry {
      private final int at;

      private MarkEntry(int at) {
        this.at = at;
      }

      int number() {
        return bytes.get(at) & 0xff;
      }

      void number(int value) {
        if (!closed) {
          bytes.put(at, (byte) value);
        }
      }

      byte[] name() {
        byte[] name = new byte[form.bytes - 1];
        bytes.get(at + 1, name);
        return name;
      }

      /** Sets name and number, in this order: the process may end in between. */
      void set(byte[] name, int value) {
        if (!closed) {
          bytes.put(at + 1, name);
          number(value);
        }
      }
    }
  }
}
