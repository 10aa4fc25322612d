package org.sealwax.router.spool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.FolderLock;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.store.StateFiles;

/**
 * Puts a backup in the place of the spool. Never over mail that is there: the copy is made next to
 * it, checked, and moved into place whole. An unfinished backup is refused.
 */
public final class SpoolRestore {
  private SpoolRestore() {}

  /**
   * Restores.
   *
   * @param backup what {@code sealwax backup} made
   * @param state the state folder
   * @param spool the folder that must not be there yet, or be empty
   * @param others names of files of the backup that belong into the state folder; one that is there
   *     already stays, as it is newer
   */
  public static void run(Path backup, Path state, Path spool, List<String> others)
      throws IOException {
    run(backup, state, spool, others, step -> {});
  }

  static void run(
      Path backup, Path state, Path spool, List<String> others, Consumer<SpoolStep> after)
      throws IOException {
    if (!Files.isDirectory(backup)) {
      throw new IOException(
          backup + ": " + (Files.exists(backup) ? "it is a file, not a folder" : "no such folder"));
    }
    if (!Files.exists(backup.resolve(Backup.DATABASE))) {
      throw new IOException(backup + " is not a backup: spool.db is missing");
    }
    if (!BodyFiles.inside(spool).isEmpty()) {
      throw new IOException(
          "a spool exists in " + spool + ": stop the server and move it away first");
    }
    StateFolder.create(state);
    try (FolderLock _ =
        StateFolder.lock(state)
            .orElseThrow(
                () -> new IOException(StateFolder.inUse(state) + ": stop the server first"))) {
      restore(backup, state, spool, others, after);
    }
  }

  private static void restore(
      Path backup, Path state, Path spool, List<String> others, Consumer<SpoolStep> after)
      throws IOException {
    Path beside = spool.resolveSibling(spool.getFileName() + ".restoring");
    if (Files.exists(beside)) {
      throw new IOException(beside + " is left from an earlier attempt: remove it");
    }
    copy(backup, beside);
    after.accept(SpoolStep.COPY_BACKUP);
    try {
      Backup.check(beside);
      after.accept(SpoolStep.CHECK_BACKUP);
    } catch (IOException e) {
      remove(beside);
      throw new IOException("the backup cannot be restored: " + FailureText.of(e), e);
    }
    for (String name : others) {
      place(beside.resolve(name), state.resolve(name));
    }
    Files.deleteIfExists(spool);
    Files.move(beside, spool, StandardCopyOption.ATOMIC_MOVE);
    StateFiles.sync(state);
    after.accept(SpoolStep.PLACE_SPOOL);
  }

  /** The spool may be on another file system than the state folder. */
  private static void place(Path file, Path target) throws IOException {
    if (Files.exists(file) && !Files.exists(target)) {
      StateFiles.replace(
          target,
          out -> {
            try (InputStream in = RegularFile.open(file)) {
              in.transferTo(out);
            }
          });
    }
    Files.deleteIfExists(file);
  }

  private static void remove(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(folder)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.delete(file);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(from)) {
      all = files.toList();
    }
    for (Path file : all) {
      if (!Files.isDirectory(file)) {
        RegularFile.check(file);
      }
    }
    for (Path file : all) {
      Path target = to.resolve(from.relativize(file).toString());
      Files.copy(file, target, StandardCopyOption.COPY_ATTRIBUTES);
    }
    for (Path file : all) {
      StateFiles.sync(to.resolve(from.relativize(file).toString()));
    }
  }
}
