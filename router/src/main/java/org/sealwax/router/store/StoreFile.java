package org.sealwax.router.store;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;

/**
 * A database of the state folder that only this process writes. What may write is done by a
 * platform thread of its own, because a commit waits for the disk; what only reads is done by the
 * caller, on another connection, and waits for no commit. Thread-safe.
 */
public final class StoreFile implements Closeable {
  private static final int WRITER_CACHE_KIB = 4096;
  private static final int READER_CACHE_KIB = 1024;

  private final Path file;
  private final String name;
  private final Statements writing;
  private final BlockingCalls calls;
  private @Nullable Statements reading;
  private boolean closed;

  private StoreFile(Path file, SqliteFormat format) throws SQLException, IOException {
    this.file = file;
    this.name = "the " + format.name();
    this.writing = new Statements(Sqlite.create(file, format, WRITER_CACHE_KIB));
    this.calls = new BlockingCalls(String.valueOf(file.getFileName()));
  }

  /**
   * Opens the file, or makes it; it is of the newest version when this returns.
   *
   * @throws IOException when it is damaged, newer, of another kind, or cannot be used now
   */
  public static StoreFile open(Path file, SqliteFormat format) throws IOException {
    try {
      return new StoreFile(file, format);
    } catch (SQLException | StoreFormatException e) {
      throw new IOException(file + " cannot be used: " + FailureText.of(e), e);
    }
  }

  /**
   * The same for a store without which the process can do: a damaged file is moved aside, and a new
   * one is made.
   *
   * @param onDamage gets a sentence for the log, without its full stop
   */
  public static StoreFile openOrReplace(Path file, SqliteFormat format, Consumer<String> onDamage)
      throws IOException {
    try {
      return open(file, format);
    } catch (IOException e) {
      Throwable why = e.getCause();
      boolean damaged =
          why instanceof SQLException sql && SqliteFailure.of(sql) == SqliteFailure.DAMAGED
              || why instanceof StoreFormatException other && other.isDamaged();
      if (!damaged) {
        throw e;
      }
      Path aside = file.resolveSibling(file.getFileName() + ".damaged");
      Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + "-wal"));
      Files.deleteIfExists(file.resolveSibling(file.getFileName() + "-shm"));
      onDamage.accept(
          "the "
              + format.name()
              + " is damaged ("
              + FailureText.of(why)
              + ") and was moved to "
              + aside);
      return open(file, format);
    }
  }

  /** All of a work, or nothing; as durable as the format specifies when this returns. */
  public <T> T transaction(Statements.Work<T> work) throws IOException {
    return calls.call(() -> done(() -> writing.transaction(Statements.Begin.IMMEDIATE, work)));
  }

  /** What a work reads, as of one moment. */
  public <T> T query(Statements.Work<T> work) throws IOException {
    Statements by = reading();
    return done(() -> by.transaction(Statements.Begin.DEFERRED, work));
  }

  private synchronized Statements reading() throws IOException {
    if (closed) {
      throw new IOException(name + " is closed");
    }
    Statements open = reading;
    if (open == null) {
      open = done(() -> new Statements(Sqlite.reader(file, READER_CACHE_KIB)));
      reading = open;
    }
    return open;
  }

  /**
   * Copies the store as of one moment into a file that does not exist.
   *
   * @param copy on stable storage on return
   */
  public void copyTo(Path copy) throws IOException {
    calls.call(
        () ->
            done(
                () -> {
                  Sqlite.copy(file, copy);
                  return copy;
                }));
  }

  private interface StoreCall<T> {
    T make() throws SQLException, IOException;
  }

  private <T> T done(StoreCall<T> call) throws IOException {
    try {
      return call.make();
    } catch (SQLException e) {
      throw new IOException(name + ": " + FailureText.of(e), e);
    }
  }

  /** Ends the thread, then closes the file; what was committed is in it. */
  @Override
  public void close() {
    calls.close();
    synchronized (this) {
      closed = true;
      if (reading != null) {
        reading.close();
      }
    }
    // Last, for it copies the log into the database.
    writing.close();
  }
}
