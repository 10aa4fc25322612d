package org.sealwax.router.spool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.sealwax.mail.net.FileDescriptors;
import org.sealwax.router.spool.SpoolException.Kind;

/**
 * The folder of large contents, one file each, named by the message.
 *
 * <p>A content's file has the suffix {@link #RECEIVING} until its record is committed, and gets its
 * name before the message is acknowledged. So a file with a name belongs to mail that was
 * committed, whatever the database says at a start: it is removed only when the database says that
 * its message is done, and set aside when no record names it. A file with the suffix and without a
 * record was never acknowledged, unless records were lost.
 */
final class BodyFiles implements Draft.Spill {
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
  private final Set<QueueId> begun = ConcurrentHashMap.newKeySet();
  private volatile boolean swept;
  private boolean ended;

  /** Checks whether there is space. */
  @FunctionalInterface
  interface SpaceCheck {
    /** Throws FULL when there is none. */
    void check() throws SpoolException;
  }

  BodyFiles(Path spool, SpaceCheck space) throws IOException {
    this.folder = spool.resolve("bodies");
    this.unclaimed = spool.resolve(UNCLAIMED);
    this.spaceCheck = space;
    FolderLock.ownFolder(folder);
  }

  Path file(QueueId id) {
    return folder.resolve(id.text());
  }

  @Override
  public synchronized Large begin(QueueId id) throws IOException {
    if (ended) {
      throw new SpoolException(Kind.BROKEN, "the spool is closed");
    }
    if (Files.exists(file(id))) {
      throw new SpoolException(Kind.BROKEN, "there is a content of " + id + " already");
    }
    if (!swept) {
      begun.add(id);
    }
    try {
      FileChannel channel =
          FileChannel.open(receiving(id), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      return new LargeFile(receiving(id), file(id), channel);
    } catch (IOException e) {
      throw FileDescriptors.areExhausted(e)
          ? new SpoolException(Kind.BROKEN, FileDescriptors.TEXT, e)
          : new SpoolException(kind(e), "a large content cannot be stored: " + e.getMessage(), e);
    }
  }

  /** No more files are begun; those under way are swept at the next start, if they are left. */
  synchronized void end() {
    ended = true;
  }

  /** Brings the names of new files to stable storage. */
  void syncFolder() throws IOException {
    sync(folder);
  }

  /** Brings a file, or the names in a folder, to stable storage. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
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
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (name.endsWith(suffix)) {
          QueueId.parse(name.substring(0, name.length() - suffix.length()))
              .filter(i -> i.numberIfAny().isPresent())
              .ifPresent(ids::add);
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return ids;
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
    /** What it says of this message. */
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
            } catch (NoSuchFileException e) {
              // Delivered and removed meanwhile.
            }
          }
        }
        case DONE, NONE -> {
          if (!recordsLost) {
            Files.deleteIfExists(receiving(id));
            found.neverReceived().add(id);
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
    FolderLock.ownFolder(unclaimed);
    Path to = unclaimed.resolve(String.valueOf(file.getFileName()));
    for (int i = 1; Files.exists(to); i++) {
      to = unclaimed.resolve(file.getFileName() + "-" + i);
    }
    try {
      Files.move(file, to, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  /** Contents that were set aside, in this run and before. */
  List<Path> unclaimed() throws IOException {
    List<Path> found = new ArrayList<>(0);
    if (Files.isDirectory(unclaimed)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(unclaimed)) {
        files.forEach(found::add);
      }
    }
    return found;
  }

  /** The meaning of a file error for the store. */
  static Kind kind(IOException e) {
    String text = String.valueOf(e.getMessage());
    return text.contains("No space left") || text.contains("quota") ? Kind.FULL : Kind.BROKEN;
  }

  private final class LargeFile implements Large {
    private final Path receiving;
    private final Path whole;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long sinceCheck;

    LargeFile(Path receiving, Path whole, FileChannel channel) {
      this.receiving = receiving;
      this.whole = whole;
      this.channel = channel;
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      sinceCheck += length;
      if (sinceCheck >= CHECK_EVERY) {
        sinceCheck = 0;
        spaceCheck.check();
      }
      try {
        if (length > buffer.remaining()) {
          flush();
        }
        if (length > buffer.capacity()) {
          writeFully(ByteBuffer.wrap(from, offset, length));
        } else {
          buffer.put(from, offset, length);
        }
      } catch (IOException e) {
        throw new SpoolException(kind(e), "writing a large content failed: " + e.getMessage(), e);
      }
    }

    private void flush() throws IOException {
      buffer.flip();
      writeFully(buffer);
      buffer.clear();
    }

    private void writeFully(ByteBuffer bytes) throws IOException {
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
    }

    @Override
    public void sync() throws IOException {
      try {
        flush();
        channel.force(false);
      } catch (IOException e) {
        throw new SpoolException(kind(e), "syncing a large content failed: " + e.getMessage(), e);
      }
    }

    @Override
    public void committed() throws IOException {
      Files.move(receiving, whole, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close(boolean keep) throws IOException {
      channel.close();
      if (!keep) {
        Files.deleteIfExists(receiving);
      }
    }
  }
}
