package org.sealwax.mail.net;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The contents of a file, read again when the file changes. A file may be in the middle of being
 * written when it is checked, so a change counts after the file has been unchanged for one {@link
 * #INTERVAL}, and a change that removes more than half of the entries, of the file or of one that
 * it includes, does not count at all: it needs {@link #reload}, at the admin's request. A change
 * that cannot be read or is wrong keeps the former value, and is reported once. Meanwhile {@link
 * #isChanged} is true: what the former value does not contain may exist. Thread-safe; a thread that
 * asks while another one reads gets the former value and does not wait.
 *
 * @param <T> immutable
 */
public final class WatchedFile<T> {
  /** Shortest time between two checks of the file, and how long a changed one must be unchanged. */
  public static final Duration INTERVAL = Duration.ofSeconds(5);

  /** How long {@link #reload} waits for a file that is being written. */
  static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Duration PAUSE = Duration.ofMillis(200);

  /**
   * A reading.
   *
   * @param <T> the type of the content
   * @param value the value that was read
   * @param files all that were read, each with names of what it contains, by which a loss is
   *     counted (never shown); a change of any of them leads to the next reading
   */
  public record FileContents<T>(T value, Map<Path, Set<String>> files) {
    /** Copies the files. */
    public FileContents {
      files = Map.copyOf(files);
    }
  }

  /**
   * Reads the file, and what it includes.
   *
   * @param <T> the type of the content
   */
  @FunctionalInterface
  public interface FileParser<T> {
    /**
     * Throws when the file cannot be read or is wrong; the message gives the reason for the admin.
     *
     * @return the content with the files and entries that it was read from
     * @throws IOException when the connection or file fails
     */
    FileContents<T> read() throws IOException;
  }

  /** Is called about changes. */
  public interface ChangeListener {
    /**
     * A change was taken.
     *
     * @param file the file
     */
    void taken(Path file);

    /**
     * A change was not taken; the former value stays in force.
     *
     * @param file the file
     * @param why the reason in words, for logs
     */
    void kept(Path file, String why);
  }

  private record Print(Instant changed, long size, String key) {}

  /**
   * A value, and the state of the files that it was read from.
   *
   * @param <T> of the value
   */
  public static final class ParsedFile<T> {
    private final FileContents<T> reading;
    private final Map<Path, Print> prints;

    private ParsedFile(FileContents<T> reading, Map<Path, Print> prints) {
      this.reading = reading;
      this.prints = prints;
    }

    /** {@return the value that was read} */
    public T value() {
      return reading.value();
    }
  }

  private final Path file;
  private final Clock clock;
  private final FileParser<T> reader;
  private final ChangeListener listener;
  private final ReentrantLock looking = new ReentrantLock();
  private volatile ParsedFile<T> current;
  private volatile long lastCheck;
  private Map<Path, Print> lastState;
  private Map<Path, Print> refused = Map.of();
  private boolean settled;

  /**
   * Reads for the first time.
   *
   * @param file the file
   * @param clock source of the current time
   * @param reader reads the file
   * @param listener is called after each change
   * @throws IOException when that fails: there is no former value to keep
   */
  public WatchedFile(Path file, Clock clock, FileParser<T> reader, ChangeListener listener)
      throws IOException {
    this(file, clock, reader, listener, null);
  }

  private WatchedFile(
      Path file,
      Clock clock,
      FileParser<T> reader,
      ChangeListener listener,
      @Nullable ParsedFile<T> former)
      throws IOException {
    this.file = file;
    this.clock = clock;
    this.reader = reader;
    this.listener = listener;
    FileContents<T> first = former == null ? reader.read() : complete(former.reading);
    this.current = new ParsedFile<>(first, prints(first.files().keySet()));
    this.lastCheck = clock.nanoTime();
    this.lastState = current.prints;
  }

  /**
   * {@return the same file on the admin's request: read now, even when entries are missing} Where
   * more than half of the entries are gone and the file has just changed, it is probably being
   * written: waits until it has been unchanged for one interval, at most {@link #PATIENCE}.
   *
   * @param reader for the file from now on
   * @throws IOException when the file cannot be read, is wrong, or keeps changing; this one stays
   *     as it is
   */
  public WatchedFile<T> reload(FileParser<T> reader) throws IOException {
    return new WatchedFile<>(file, clock, reader, listener, current);
  }

  private FileContents<T> complete(FileContents<T> former) throws IOException {
    Duration waited = Duration.ZERO;
    while (true) {
      FileContents<T> next = reader.read();
      String loss = loss(former, next);
      if (loss.isEmpty() || !justChanged(next.files().keySet())) {
        return next;
      }
      if (waited.compareTo(PATIENCE) >= 0) {
        throw new IOException(file + " is being written: " + loss);
      }
      waited = waited.plus(PAUSE);
      try {
        Thread.sleep(PAUSE);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted while " + file + " was being written", e);
      }
    }
  }

  private boolean justChanged(Set<Path> files) {
    Instant now = clock.now();
    return prints(files).values().stream()
        .anyMatch(p -> Duration.between(p.changed(), now).abs().compareTo(INTERVAL) < 0);
  }

  /** {@return the value in force; checks the file when it is time} */
  public T now() {
    return state().value();
  }

  /** {@return the same, for {@link #isChanged}} */
  public ParsedFile<T> state() {
    if (clock.nanoTime() - lastCheck >= INTERVAL.toNanos() && looking.tryLock()) {
      try {
        reloadIfChanged();
      } finally {
        looking.unlock();
      }
    }
    return current;
  }

  /**
   * {@return whether the files are other than those that {@code state} was read from: what it does
   * not contain may exist} Checks the files at once.
   *
   * @param state the file as last read
   */
  public boolean isChanged(ParsedFile<T> state) {
    return !state.equals(current) || !prints(state.prints.keySet()).equals(state.prints);
  }

  private void reloadIfChanged() {
    lastCheck = clock.nanoTime();
    ParsedFile<T> now = current;
    Map<Path, Print> found = prints(now.prints.keySet());
    boolean moves = !found.equals(lastState);
    lastState = found;
    boolean changed = !found.equals(now.prints);
    // A file system's clock ticks coarsely: a second write may leave time and size as they were. So
    // what was read from a file that had just changed is read again after it has settled.
    if (moves || (!changed && settled) || found.equals(refused)) {
      return;
    }
    try {
      FileContents<T> next = reader.read();
      Map<Path, Print> after = prints(next.files().keySet());
      boolean whileRead =
          found.entrySet().stream()
              .anyMatch(p -> !p.getValue().equals(after.getOrDefault(p.getKey(), p.getValue())));
      if (whileRead) {
        return; // the next check sees that
      }
      String loss = loss(now.reading, next);
      if (!loss.isEmpty()) {
        refuse(found, loss);
        return;
      }
      current = new ParsedFile<>(next, after);
      lastState = current.prints;
      settled = next.files().keySet().equals(now.reading.files().keySet());
      refused = Map.of();
      if (changed) {
        listener.taken(file);
      }
    } catch (IOException e) {
      refuse(found, FailureText.of(e));
    }
  }

  private void refuse(Map<Path, Print> found, String why) {
    refused = found;
    listener.kept(file, why);
  }

  /**
   * In words when more than half of the entries of one file are gone, else empty. A file that is no
   * longer included has lost nothing: the file that included it has.
   */
  private static <T> String loss(FileContents<T> former, FileContents<T> next) {
    for (Map.Entry<Path, Set<String>> one : former.files().entrySet()) {
      Set<String> before = one.getValue();
      Set<String> now = next.files().getOrDefault(one.getKey(), before);
      long gone = before.stream().filter(e -> !now.contains(e)).count();
      if (gone * 2 > before.size()) {
        return one.getKey()
            + ": "
            + gone
            + " of "
            + before.size()
            + " entries are missing; to accept the new file, run \"sealwax reload\"";
      }
    }
    return "";
  }

  private static Map<Path, Print> prints(Collection<Path> files) {
    Map<Path, Print> out = new TreeMap<>();
    for (Path file : files) {
      try {
        BasicFileAttributes a = Files.readAttributes(file, BasicFileAttributes.class);
        out.put(
            file,
            new Print(a.lastModifiedTime().toInstant(), a.size(), String.valueOf(a.fileKey())));
      } catch (IOException e) {
        // A missing or unreadable file is a state too: its return is a change.
        out.put(file, new Print(Instant.EPOCH, -1, ""));
      }
    }
    return out;
  }
}
