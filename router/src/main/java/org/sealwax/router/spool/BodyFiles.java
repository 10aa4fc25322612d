package org.sealwax.router.spool;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.sealwax.router.spool.SpoolException.Kind;
import org.sealwax.router.store.StateFiles;

/**
 * The folder of large contents, one file each, named by the message.
 *
 * <p>A content's file has the suffix {@link #RECEIVING} until its record is committed, and gets its
 * name before the message is acknowledged. So a file with a name belongs to mail that was
 * committed, whatever the database states at a start: it is removed only when the database states
 * that its message is done, and set aside when no record names it. A file with the suffix and
 * without a record was never acknowledged, unless records were lost.
 */
final class BodyFiles {
  /** Ends the name of a content whose record is not committed yet. */
  static final String RECEIVING = ".part";

  /** The folder of contents without a record. */
  static final String UNCLAIMED = "unclaimed";

  /** Bytes between looks at the free space while a large content streams in. */
  private static final long CHECK_EVERY = 1 << 20;

  /** Gathers the small pieces of a session into few writes; each message on its way has one. */
  static final int BUFFER = 16 * 1024;

  private final Path folder;
  private final Path unclaimed;
  private final SpaceCheck spaceCheck;
  private final Consumer<SpoolStep> after;
  private final Set<QueueId> begun = ConcurrentHashMap.newKeySet();
  private volatile boolean swept;
  private boolean ended;

  /** Checks whether there is space. */
  @FunctionalInterface
  interface SpaceCheck {
    /** Throws FULL when there is none. */
    void check() throws SpoolException;
  }

  BodyFiles(Path spool, SpaceCheck space, Consumer<SpoolStep> after) throws IOException {
    this.folder = spool.resolve("bodies");
    this.unclaimed = spool.resolve(UNCLAIMED);
    this.spaceCheck = space;
    this.after = after;
    StateFiles.ownFolder(folder);
  }

  Path file(QueueId id) {
    return folder.resolve(id.text());
  }

  /** Begins the file of a large content. */
  synchronized LargeContent begin(QueueId id) throws IOException {
    if (ended) {
      throw SpoolWriter.closed();
    }
    if (Files.exists(file(id))) {
      throw new SpoolException(Kind.BROKEN, "a content of " + id + " exists already");
    }
    if (!swept) {
      begun.add(id);
    }
    try {
      LargeContent content = new LargeContent(id);
      after.accept(SpoolStep.BEGIN_CONTENT);
      return content;
    } catch (IOException e) {
      throw SpoolException.of("a large content cannot be stored", e);
    }
  }

  /** No more files are begun; unfinished ones are removed at the next start. */
  synchronized void end() {
    ended = true;
  }

  /** Brings the names of new files to stable storage. */
  void syncFolder() throws IOException {
    StateFiles.sync(folder);
  }

  private Path receiving(QueueId id) {
    return folder.resolve(id.text() + RECEIVING);
  }

  void remove(QueueId id) throws IOException {
    Files.deleteIfExists(file(id));
    Files.deleteIfExists(receiving(id));
  }

  InputStream open(QueueId id) throws IOException {
    try {
      // A crash came between its commit and its name.
      return Files.newInputStream(Files.exists(file(id)) ? file(id) : receiving(id));
    } catch (NoSuchFileException e) {
      throw new SpoolException(Kind.DAMAGED, "the content's file is missing", e);
    }
  }

  /** The messages whose whole content is here; files of no message are not touched. */
  List<QueueId> present() throws IOException {
    return named("");
  }

  private List<QueueId> named(String suffix) throws IOException {
    List<QueueId> ids = new ArrayList<>();
    for (Path file : inside(folder)) {
      String name = String.valueOf(file.getFileName());
      if (name.endsWith(suffix)) {
        QueueId.parse(name.substring(0, name.length() - suffix.length()))
            .filter(i -> i.numberIfAny().isPresent())
            .ifPresent(ids::add);
      }
    }
    return ids;
  }

  /** What is in a folder; nothing when there is no such folder. */
  static List<Path> inside(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  /** The database's entry for a message. */
  enum Claim {
    /** It has a record. */
    QUEUED,
    /** It is done, and its file may be removed. */
    DONE,
    /** Nothing: it was never committed, or its record is lost. */
    NONE
  }

  /** Asks the database. */
  @FunctionalInterface
  interface Claims {
    /** Its data about this message. */
    Claim of(QueueId id) throws SpoolException;
  }

  /** The result of a sweep. */
  record SweepResult(List<QueueId> done, List<QueueId> neverReceived, List<QueueId> setAside) {}

  /**
   * Tidies up what an earlier run left: files of messages that are done and contents that were
   * never received to their end are removed, and those that no record names are set aside. To be
   * called when the database is known to be whole.
   *
   * @param recordsLost whether records may be missing: then nothing without a record is removed
   */
  SweepResult sweep(Claims claims, boolean recordsLost) throws IOException {
    SweepResult found = new SweepResult(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (QueueId id : named(RECEIVING)) {
      if (begun.contains(id)) {
        continue;
      }
      switch (claims.of(id)) {
        case QUEUED -> {
          if (!Files.exists(file(id))) {
            try {
              Files.move(receiving(id), file(id), StandardCopyOption.ATOMIC_MOVE);
              after.accept(SpoolStep.NAME_LEFT);
            } catch (NoSuchFileException e) {
              // Delivered and removed meanwhile.
            }
          }
        }
        case DONE, NONE -> {
          if (!recordsLost) {
            Files.deleteIfExists(receiving(id));
            found.neverReceived().add(id);
            after.accept(SpoolStep.REMOVE_PART);
          } else if (setAside(receiving(id))) {
            found.setAside().add(id);
          }
        }
      }
    }
    for (QueueId id : present()) {
      if (begun.contains(id)) {
        continue;
      }
      switch (claims.of(id)) {
        case QUEUED -> {}
        case DONE -> {
          remove(id);
          found.done().add(id);
          after.accept(SpoolStep.REMOVE_LEFT);
        }
        case NONE -> {
          if (setAside(file(id))) {
            found.setAside().add(id);
          }
        }
      }
    }
    swept = true;
    begun.clear();
    return found;
  }

  /** False when it is gone meanwhile. */
  private boolean setAside(Path file) throws IOException {
    StateFiles.ownFolder(unclaimed);
    Path to = unclaimed.resolve(String.valueOf(file.getFileName()));
    for (int i = 1; Files.exists(to); i++) {
      to = unclaimed.resolve(file.getFileName() + "-" + i);
    }
    try {
      Files.move(file, to, StandardCopyOption.ATOMIC_MOVE);
      after.accept(SpoolStep.SET_ASIDE);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Contents that were set aside, in this run and before. */
  List<Path> unclaimed() throws IOException {
    return inside(unclaimed);
  }

  /** One large content on its way into its file. */
  final class LargeContent {
    private final QueueId id;
    private final FileChannel channel;
    private final OutputStream out;
    private long sinceCheck;

    private LargeContent(QueueId id) throws IOException {
      this.id = id;
      this.channel =
          FileChannel.open(receiving(id), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      this.out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
    }

    void write(byte[] from, int offset, int length) throws SpoolException {
      sinceCheck += length;
      if (sinceCheck >= CHECK_EVERY) {
        sinceCheck = 0;
        spaceCheck.check();
      }
      try {
        out.write(from, offset, length);
      } catch (IOException e) {
        throw SpoolException.of("writing a large content failed", e);
      }
    }

    /** What was written so far. */
    InputStream read() throws IOException {
      try {
        out.flush();
        return Files.newInputStream(receiving(id));
      } catch (IOException e) {
        throw SpoolException.of("reading a large content failed", e);
      }
    }

    /** Writes over bytes that were written before. */
    void overwrite(long offset, byte[] bytes) throws SpoolException {
      try {
        out.flush();
        ByteBuffer left = ByteBuffer.wrap(bytes);
        while (left.hasRemaining()) {
          channel.write(left, offset + left.position());
        }
      } catch (IOException e) {
        throw SpoolException.of("writing a large content failed", e);
      }
    }

    /** Brings the content to stable storage; the name in the folder is not yet. */
    void sync() throws SpoolException {
      try {
        out.flush();
        channel.force(false);
      } catch (IOException e) {
        throw SpoolException.of("syncing a large content failed", e);
      }
      after.accept(SpoolStep.SYNC_CONTENT);
    }

    /** The record is committed: the file gets its name. */
    void committed() throws IOException {
      Files.move(receiving(id), file(id), StandardCopyOption.ATOMIC_MOVE);
    }

    /** Ends writing; removes the file unless it was kept. */
    void close(boolean keep) throws IOException {
      channel.close();
      if (!keep) {
        Files.deleteIfExists(receiving(id));
      }
    }
  }
}
