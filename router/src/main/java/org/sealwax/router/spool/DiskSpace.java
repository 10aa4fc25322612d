package org.sealwax.router.spool;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.log.MailLog;
import org.sealwax.router.spool.SpoolException.Kind;

/**
 * The free space on the spool's disk: a minimum below which no mail is accepted, and a reserve for
 * a full disk. The reserve is a file that is deleted then, so that what is queued can still be
 * delivered, deleted and notified of, and the queue drains. Thread-safe.
 */
final class DiskSpace {
  /** Changes go to the log first; with this much for it the writer can continue without end. */
  static final long RESERVE = 32L << 20;

  /** With less than this left, every failure counts as a full disk (1 MiB). */
  private static final long NOTHING_LEFT = 1L << 20;

  /** Interval between checks of the free space. */
  private static final Duration CHECK_INTERVAL = Duration.ofSeconds(1);

  /** The reserve is not made on the way to the first mail. */
  private static final Duration RESERVE_AFTER = Duration.ofSeconds(5);

  private static final int PIECE = 1 << 20;

  private final Path folder;
  private final Path reserve;

  /** Files that the reserve has besides: a start makes the log, its index, and marks. */
  private final List<Path> places;

  private final long minimumFree;
  private final Clock clock;
  private final MailLog log;
  private final long begun;
  private volatile boolean enough = true;
  private volatile boolean reserveUsed;
  private volatile long lastFree;

  /**
   * Of a spool.
   *
   * @param minimumFree bytes that must stay free for mail to be taken
   */
  DiskSpace(Path folder, long minimumFree, Clock clock, MailLog log) {
    this.folder = folder;
    this.reserve = folder.resolve("reserve");
    this.places = Stream.of(1, 2, 3).map(i -> folder.resolve("reserve-" + i)).toList();
    this.minimumFree = minimumFree;
    this.clock = clock;
    this.log = log;
    this.begun = clock.nanoTime();
    this.lastFree = begun - CHECK_INTERVAL.toNanos();
  }

  /**
   * Whether there is space for mail.
   *
   * @throws SpoolException FULL when there is not, or when it is not known
   */
  void check() throws SpoolException {
    long now = clock.nanoTime();
    if (now - lastFree >= CHECK_INTERVAL.toNanos()) {
      lastFree = now;
      boolean before = enough;
      try {
        enough = usable() - (reserveUsed ? RESERVE : 0) >= minimumFree;
      } catch (IOException e) {
        enough = false;
      }
      if (before != enough) {
        log.storeTrouble(
            enough
                ? "there is free space again: mail is accepted"
                : "less than " + minimumFree + " bytes are free: no mail is accepted",
            null);
      }
    }
    if (!enough) {
      throw new SpoolException(Kind.FULL, "the disk is nearly full");
    }
  }

  /**
   * Takes no file descriptor, unlike {@link Files#getFileStore}: that reads the table of mounts,
   * and without a descriptor reports that there is no such mount.
   */
  private long usable() throws IOException {
    long bytes = folder.toFile().getUsableSpace();
    if (bytes == 0 && !Files.isDirectory(folder)) {
      throw new IOException("the free space of " + folder + " cannot be determined");
    }
    return bytes;
  }

  /** Whether so many bytes more fit, with the minimum left free. */
  boolean hasSpaceFor(long bytes) throws IOException {
    return usable() - bytes >= minimumFree;
  }

  /** A file system can also have space, and no place for another file (inodes). */
  private boolean isFull() {
    Path probe = folder.resolve("probe");
    try {
      if (usable() < NOTHING_LEFT) {
        return true;
      }
      Files.write(probe, new byte[0]);
      Files.deleteIfExists(probe);
      return false;
    } catch (IOException e) {
      return SpoolException.isForSpace(e);
    }
  }

  /** The same failure, as FULL when that is its reason: the engine has other names for it, too. */
  SpoolException asFullIfSo(SpoolException e) {
    return e.kind() == Kind.BROKEN && isFull()
        ? new SpoolException(Kind.FULL, "the disk is full: " + e.getMessage(), e)
        : e;
  }

  /** Something that needs space. */
  @FunctionalInterface
  interface Opening<T extends @Nullable Object> {
    /** Does it. */
    T open() throws SpoolException;
  }

  /** Does it, and does it again with the reserve given up when there was no space. */
  <T extends @Nullable Object> T withReserve(Opening<T> opening) throws SpoolException {
    try {
      return opening.open();
    } catch (SpoolException e) {
      if (freesSpace(e)) {
        return withReserve(opening);
      }
      throw asFullIfSo(e);
    }
  }

  /** Whether a failure was for lack of space, and the reserve has made some. */
  synchronized boolean freesSpace(SpoolException e) {
    if (asFullIfSo(e).kind() != Kind.FULL) {
      return false;
    }
    try {
      if (!Files.deleteIfExists(reserve)) {
        return false;
      }
      for (Path place : places) {
        Files.deleteIfExists(place);
      }
    } catch (IOException gone) {
      return false;
    }
    log.storeTrouble(
        "the disk is full: the reserve file is deleted so that the queue can drain; no mail is accepted",
        null);
    reserveUsed = true;
    lastFree = clock.nanoTime() - CHECK_INTERVAL.toNanos();
    return true;
  }

  /** Whether the reserve was given up and is not there again. */
  boolean isReserveUsed() {
    return reserveUsed;
  }

  /**
   * Makes the reserve, when the disk has space for it above the minimum; not soon after a start.
   */
  void keepReserve() throws IOException {
    if (clock.nanoTime() - begun >= RESERVE_AFTER.toNanos()) {
      makeReserve();
    }
  }

  synchronized void makeReserve() throws IOException {
    if (!isReserved()) {
      if (usable() - RESERVE < minimumFree) {
        return;
      }
      // Not zeros: a file system may store those as nothing.
      byte[] piece = new byte[PIECE];
      new Random(RESERVE).nextBytes(piece);
      try (OutputStream out = Files.newOutputStream(reserve)) {
        for (int i = 0; i < RESERVE / PIECE; i++) {
          out.write(piece);
        }
      }
    }
    for (Path place : places) {
      if (!Files.exists(place)) {
        Files.createFile(place);
      }
    }
    reserveUsed = false;
  }

  private boolean isReserved() throws IOException {
    return Files.exists(reserve) && Files.size(reserve) >= RESERVE;
  }
}
