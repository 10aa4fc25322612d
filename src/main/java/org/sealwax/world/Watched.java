package org.sealwax.world;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a file says, read again when the file changes. A change that cannot be read or makes no
 * sense keeps what was there before, and is told once. Thread-safe; whoever asks while another
 * thread reads gets the former value and does not wait.
 *
 * @param <T> immutable
 */
public final class Watched<T> {
  /** How often the file is looked at, at most: a stat for every message would be too many. */
  public static final Duration INTERVAL = Duration.ofSeconds(2);

  /**
   * A reading.
   *
   * @param value what the files say
   * @param files all that were read; a change of any of them leads to the next reading
   */
  public record Reading<T>(T value, Set<Path> files) {
    /** Copies. */
    public Reading {
      files = Set.copyOf(files);
    }
  }

  /** Reads the file, and what it includes. */
  @FunctionalInterface
  public interface Reader<T> {
    /** Throws when the file cannot be read or is wrong; the message says why, for a person. */
    Reading<T> read() throws IOException;
  }

  /** Is told about changes. */
  public interface Notice {
    /** A change was taken. */
    void taken(Path file);

    /** A change was not taken; the former value stays in force. */
    void kept(Path file, String why);
  }

  private record Print(Instant changed, long size, String key) {}

  private final Path file;
  private final Clock clock;
  private final Reader<T> reader;
  private final Notice notice;
  private final ReentrantLock reading = new ReentrantLock();
  private volatile Reading<T> current;
  private volatile long looked;
  private Map<Path, Print> prints;
  private boolean settled;

  /**
   * Reads for the first time.
   *
   * @throws IOException when that fails: there is no former value to keep
   */
  public Watched(Path file, Clock clock, Reader<T> reader, Notice notice) throws IOException {
    this.file = file;
    this.clock = clock;
    this.reader = reader;
    this.notice = notice;
    this.current = reader.read();
    this.looked = clock.nanoTime();
    this.prints = prints(current.files());
    // What changed between reading and this look is found by reading once more.
    this.settled = false;
  }

  /** What the trouble with a file was, in words for a person; it names the file where it can. */
  public static String why(IOException trouble) {
    return switch (trouble) {
      case NoSuchFileException e -> e.getFile() + ": no such file";
      case AccessDeniedException e -> e.getFile() + ": permission denied";
      case CharacterCodingException e -> "not UTF-8";
      default -> String.valueOf(trouble.getMessage());
    };
  }

  /** The value in force; reads the file again when it is time to look and it has changed. */
  public T now() {
    if (clock.nanoTime() - looked >= INTERVAL.toNanos() && reading.tryLock()) {
      try {
        look();
      } finally {
        reading.unlock();
      }
    }
    return current.value();
  }

  private void look() {
    looked = clock.nanoTime();
    Map<Path, Print> found = prints(current.files());
    boolean changed = !found.equals(prints);
    if (!changed && settled) {
      return;
    }
    // A file system's clock ticks coarsely: a second write may leave time and size as they were.
    // So a file that has just changed is read once more after it has come to rest.
    settled = !changed;
    prints = found;
    try {
      Reading<T> next = reader.read();
      boolean moreFiles = !next.files().equals(current.files());
      current = next;
      if (moreFiles) {
        prints = prints(next.files());
        settled = false;
      }
      if (changed) {
        notice.taken(file);
      }
    } catch (IOException e) {
      if (changed) {
        notice.kept(file, why(e));
      }
    }
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
        // Gone or not readable is a state too: its coming back is a change.
        out.put(file, new Print(Instant.EPOCH, -1, ""));
      }
    }
    return out;
  }
}
