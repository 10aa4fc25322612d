package org.sealwax.spool;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.spool.SpoolTrouble.Kind;

/** The folder of large contents, one file each, named by the message. */
final class BodyFiles implements Draft.Spill {
  /** Octets between looks at the free space while a large content streams in. */
  private static final long LOOK_EVERY = 1 << 20;

  /** Gathers the small pieces of a session into few writes. */
  private static final int BUFFER = 64 * 1024;

  private final Path folder;
  private final Room room;
  private boolean ended;

  /** Says whether there is room. */
  @FunctionalInterface
  interface Room {
    /** Throws FULL when there is none. */
    void check() throws SpoolTrouble;
  }

  BodyFiles(Path folder, Room room) throws IOException {
    this.folder = folder;
    this.room = room;
    FolderLock.ownFolder(folder);
  }

  Path folder() {
    return folder;
  }

  Path file(QueueId id) {
    return folder.resolve(id.text());
  }

  @Override
  public synchronized Large begin(QueueId id) throws IOException {
    if (ended) {
      throw new SpoolTrouble(Kind.BROKEN, "the spool is closed");
    }
    Path path = file(id);
    FileChannel channel =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    return new LargeFile(path, channel);
  }

  /** No more files are begun; those under way are swept at the next start, if they are left. */
  synchronized void end() {
    ended = true;
  }

  /** Brings the names of new files to stable storage. */
  void syncFolder() throws IOException {
    try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  void remove(QueueId id) throws IOException {
    Files.deleteIfExists(file(id));
  }

  InputStream open(QueueId id) throws IOException {
    try {
      return Files.newInputStream(file(id));
    } catch (NoSuchFileException e) {
      throw new SpoolTrouble(Kind.DAMAGED, "the content's file is missing", e);
    }
  }

  /** The messages that have a file here; files that are no message's are left alone. */
  List<QueueId> present() throws IOException {
    List<QueueId> ids = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Path name = file.getFileName();
        Optional<QueueId> id = name == null ? Optional.empty() : QueueId.parse(name.toString());
        id.filter(i -> i.numberIfAny().isPresent()).ifPresent(ids::add);
      }
    }
    return ids;
  }

  private final class LargeFile implements Large {
    private final Path path;
    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long sinceLook;

    LargeFile(Path path, FileChannel channel) {
      this.path = path;
      this.channel = channel;
    }

    @Override
    public void write(byte[] from, int offset, int length) throws IOException {
      sinceLook += length;
      if (sinceLook >= LOOK_EVERY) {
        sinceLook = 0;
        room.check();
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
        throw new SpoolTrouble(room(e), "writing a large content failed: " + e.getMessage(), e);
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
        throw new SpoolTrouble(room(e), "syncing a large content failed: " + e.getMessage(), e);
      }
    }

    private Kind room(IOException e) {
      String text = String.valueOf(e.getMessage());
      return text.contains("No space left") || text.contains("quota") ? Kind.FULL : Kind.BROKEN;
    }

    @Override
    public void close(boolean keep) throws IOException {
      channel.close();
      if (!keep) {
        Files.deleteIfExists(path);
      }
    }
  }
}
