package org.sealwax.app;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Puts a backup in the place of the spool. Never over mail that is there: the copy is made beside
 * it and moved into place whole.
 */
final class Restore {
  private Restore() {}

  /**
   * Restores.
   *
   * @param backup what {@code sealwax backup} made
   * @param state the state folder
   * @param spool the folder that must not be there yet, or be empty
   */
  static void run(Path backup, Path state, Path spool) throws IOException {
    if (!Files.isDirectory(backup)) {
      throw new IOException(backup + " is no folder of a backup");
    }
    if (Files.isDirectory(spool) && !isEmpty(spool)) {
      throw new IOException(
          "there is a spool in " + spool + ": stop the server and move it away first");
    }
    StateFolder.make(state);
    Path beside = spool.resolveSibling(spool.getFileName() + ".restoring");
    if (Files.exists(beside)) {
      throw new IOException(beside + " is left from an earlier try: remove it");
    }
    copy(backup, beside);
    Files.deleteIfExists(spool);
    Files.move(beside, spool, StandardCopyOption.ATOMIC_MOVE);
  }

  private static boolean isEmpty(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(from)) {
      all = files.toList();
    }
    for (Path file : all) {
      Path target = to.resolve(from.relativize(file).toString());
      Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
    }
  }
}
