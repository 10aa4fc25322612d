package org.sealwax.spool;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.spool.SpoolTrouble.Kind;

/**
 * A copy of the store while it runs.
 *
 * <p>Order: contents' files first (hard links where the file system can), then the database as of
 * one moment, then the files that came between. A file that was removed before it was linked
 * belongs to a message that is gone from the database as well, unless it went in between: then the
 * files of the copy are short of one, and the copy is made again.
 */
final class Backup {
  private static final int TRIES = 5;

  private Backup() {}

  static void run(Path database, BodyFiles bodies, Path folder) throws IOException {
    Path copyOfBodies = folder.resolve("bodies");
    FolderLock.ownFolder(folder);
    try (DirectoryStream<Path> inside = Files.newDirectoryStream(folder)) {
      if (inside.iterator().hasNext()) {
        throw new FileAlreadyExistsException(folder + " is not empty");
      }
    }
    FolderLock.ownFolder(copyOfBodies);
    Path copy = folder.resolve("spool.db");
    for (int i = 0; i < TRIES; i++) {
      link(bodies, copyOfBodies);
      Files.deleteIfExists(copy);
      List<QueueId> wanted;
      try (Connection connection = Sqlite.reader(database, 1024)) {
        try (PreparedStatement vacuum = connection.prepareStatement("VACUUM INTO ?")) {
          try (Statement s = connection.createStatement()) {
            // Writes a file of its own, nothing in the spool.
            s.execute("PRAGMA query_only = OFF");
          }
          vacuum.setString(1, copy.toString());
          vacuum.execute();
        }
        wanted = inFiles(copy);
      } catch (SQLException e) {
        throw Sqlite.trouble("the copy could not be made", e);
      }
      link(bodies, copyOfBodies);
      boolean whole = true;
      for (QueueId id : wanted) {
        whole &= Files.exists(copyOfBodies.resolve(id.text()));
      }
      if (whole) {
        sync(copy);
        return;
      }
    }
    throw new SpoolTrouble(Kind.BROKEN, "mail goes too fast for a whole copy; try again");
  }

  private static List<QueueId> inFiles(Path copy) throws SQLException {
    List<QueueId> ids = new ArrayList<>();
    try (Connection connection = Sqlite.reader(copy, 256);
        Statement s = connection.createStatement();
        ResultSet r = s.executeQuery("SELECT id FROM message WHERE in_file = 1")) {
      while (r.next()) {
        ids.add(QueueId.of(r.getLong(1)));
      }
    }
    return ids;
  }

  private static void link(BodyFiles bodies, Path to) throws IOException {
    for (QueueId id : bodies.present()) {
      Path target = to.resolve(id.text());
      if (Files.exists(target)) {
        continue;
      }
      try {
        try {
          // Contents never change once they are whole.
          Files.createLink(target, bodies.file(id));
        } catch (UnsupportedOperationException | java.nio.file.FileSystemException e) {
          Files.copy(bodies.file(id), target);
        }
      } catch (NoSuchFileException e) {
        Files.deleteIfExists(target);
      }
    }
  }

  private static void sync(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
