package org.sealwax.router.wiring;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.util.Optional;

/**
 * A copy of a store of another process, for reading: the other one's files are not opened as a
 * database, so nothing is created or changed next to them. A store is one file, and while it is
 * open another one with what is not yet part of it (SQLite's write-ahead log); the two are taken
 * again until neither has changed meanwhile.
 */
public final class DatabaseCopy {
  private static final int TRIES = 20;

  /** SQLite's name for it. */
  private static final String LOG = "-wal";

  private DatabaseCopy() {}

  private record CopiedFilesState(Optional<FileTime> file, Optional<FileTime> log, long logSize) {}

  /**
   * Copies a store; nothing is copied when there is none.
   *
   * @throws IOException when it cannot be read, or changes all the time
   */
  public static void copy(Path from, Path to) throws IOException {
    for (int i = 0; i < TRIES; i++) {
      CopiedFilesState before = state(from);
      if (before.file().isEmpty()) {
        return;
      }
      try {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(log(to));
        if (before.log().isPresent()) {
          Files.copy(log(from), log(to), StandardCopyOption.REPLACE_EXISTING);
        }
      } catch (NoSuchFileException e) {
        continue;
      }
      if (state(from).equals(before)) {
        return;
      }
    }
    throw new IOException(from + " changes too often to be read; try again");
  }

  private static Path log(Path file) {
    return file.resolveSibling(file.getFileName() + LOG);
  }

  private static CopiedFilesState state(Path file) throws IOException {
    Optional<FileTime> changed = changed(log(file));
    long size = changed.isEmpty() ? 0 : Files.size(log(file));
    return new CopiedFilesState(changed(file), changed, size);
  }

  private static Optional<FileTime> changed(Path file) throws IOException {
    try {
      return Optional.of(Files.getLastModifiedTime(file));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
  }
}
