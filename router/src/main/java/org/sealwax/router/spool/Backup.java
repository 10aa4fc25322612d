package org.sealwax.router.spool;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.sealwax.mail.net.CountText;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.Sqlite;
import org.sealwax.router.store.StateFiles;

/**
 * A copy of the store while it runs.
 *
 * <p>Order: contents' files first (hard links where the file system can), then the database as of
 * one moment, then the files that came between. A file that was removed before it was linked
 * belongs to a message that is gone from the database as well, unless it went in between: then the
 * files of the copy are short of one, and the copy is made again. Only committed contents are
 * copied, for those still received have another name; and the database gets its name last, when
 * everything is whole and on stable storage. So a folder without {@code spool.db} is not a backup.
 */
final class Backup {
  private static final int TRIES = 5;

  /** The file with the records, in the folder. */
  static final String DATABASE = "spool.db";

  /** Ends the name of what is not whole yet. */
  private static final String UNFINISHED = ".part";

  private Backup() {}

  static void run(
      Path database,
      BodyFiles bodies,
      Path folder,
      Spool.BackupPart others,
      Consumer<SpoolStep> after)
      throws IOException {
    Path copyOfBodies = folder.resolve("bodies");
    StateFiles.ownFolder(folder);
    if (!BodyFiles.inside(folder).isEmpty()) {
      throw new FileAlreadyExistsException(folder + " is not empty");
    }
    StateFiles.ownFolder(copyOfBodies);
    Path copy = folder.resolve(DATABASE + UNFINISHED);
    for (int i = 0; i < TRIES; i++) {
      link(bodies, copyOfBodies);
      after.accept(SpoolStep.LINK_CONTENTS);
      Files.deleteIfExists(copy);
      try {
        Sqlite.copy(database, copy);
        after.accept(SpoolStep.COPY_DATABASE);
        link(bodies, copyOfBodies);
        if (missing(copy, copyOfBodies).isEmpty()) {
          StateFiles.sync(copyOfBodies);
          linkUnclaimed(bodies, folder.resolve(BodyFiles.UNCLAIMED));
          others.copyInto(folder);
          Files.move(copy, folder.resolve(DATABASE), StandardCopyOption.ATOMIC_MOVE);
          StateFiles.sync(folder);
          after.accept(SpoolStep.PLACE_COPY);
          return;
        }
      } catch (SQLException e) {
        throw SpoolException.of("the copy could not be made", e);
      }
    }
    throw new SpoolException(
        Kind.BROKEN, "the spool changes too fast for a complete copy; try again");
  }

  /**
   * Whether a folder holds a whole spool; changes nothing in it but the engine's index of the log.
   *
   * @throws SpoolException with the reason when it does not
   */
  static void check(Path folder) throws IOException {
    Path database = folder.resolve(DATABASE);
    if (!Files.exists(database) || Files.exists(folder.resolve(DATABASE + UNFINISHED))) {
      throw new SpoolException(
          Kind.FORMAT, folder + " is not a complete backup: " + DATABASE + " is missing");
    }
    try {
      try (IntegrityCheck check = new IntegrityCheck(database)) {
        if (!check.isSpool()) {
          throw new SpoolException(Kind.FORMAT, database + " is not the database of a spool");
        }
        Optional<String> found = check.run();
        if (found.isPresent()) {
          throw new SpoolException(Kind.DAMAGED, database + " is damaged: " + found.get());
        }
      }
      List<String> missing = missing(database, folder.resolve("bodies"));
      if (!missing.isEmpty()) {
        throw new SpoolException(
            Kind.DAMAGED,
            folder
                + " is not complete: "
                + CountText.of(missing.size(), "content file is | content files are")
                + " missing or truncated, among them "
                + missing.getFirst());
      }
    } catch (SQLException e) {
      throw SpoolException.of(database + " cannot be read", e);
    }
  }

  /** Contents that the database names and that are not there in their length. */
  private static List<String> missing(Path database, Path bodies) throws SQLException, IOException {
    List<String> missing = new ArrayList<>();
    try (Connection connection = Sqlite.readOnlyUntouched(database, 256);
        Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT id, size FROM message WHERE in_file = 1")) {
      while (r.next()) {
        String name = QueueId.of(r.getLong(1)).text();
        Path file = bodies.resolve(name);
        Path uncommitted = bodies.resolve(name + BodyFiles.RECEIVING);
        Path found = Files.exists(file) ? file : uncommitted;
        if (!Files.exists(found) || Files.size(found) != r.getLong(2)) {
          missing.add(name);
        }
      }
    }
    return missing;
  }

  private static void link(BodyFiles bodies, Path to) throws IOException {
    for (QueueId id : bodies.present()) {
      link(bodies.file(id), to.resolve(id.text()));
    }
  }

  /** Perhaps mail: it must not be lost with the disk either. */
  private static void linkUnclaimed(BodyFiles bodies, Path to) throws IOException {
    List<Path> files = bodies.unclaimed();
    if (!files.isEmpty()) {
      StateFiles.ownFolder(to);
      for (Path file : files) {
        link(file, to.resolve(String.valueOf(file.getFileName())));
      }
      StateFiles.sync(to);
    }
  }

  private static void link(Path file, Path target) throws IOException {
    if (Files.exists(target)) {
      return;
    }
    try {
      try {
        // Contents never change once they have their name.
        Files.createLink(target, file);
      } catch (UnsupportedOperationException | FileSystemException e) {
        Path unfinished = target.resolveSibling(target.getFileName() + UNFINISHED);
        Files.copy(file, unfinished, StandardCopyOption.REPLACE_EXISTING);
        StateFiles.sync(unfinished);
        Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (NoSuchFileException e) {
      // Delivered meanwhile.
    }
  }
}
