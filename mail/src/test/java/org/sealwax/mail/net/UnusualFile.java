package org.sealwax.mail.net;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/** What may be where a file is expected, and what our reading calls it. */
public enum UnusualFile {
  /** Blocks its reader: no program writes to it. */
  FIFO("not a regular file"),
  /** Has no end. */
  ENDLESS_DEVICE("not a regular file"),
  FOLDER("it is a folder, not a file"),
  MISSING("no such file"),
  LINK_TO_NOWHERE("no such file"),
  /** Not to be read by any user, root included. */
  UNREADABLE("permission denied for user "),
  /** Larger than any limit; takes no space on the disk. */
  LARGE("larger than ");

  private static final long SIZE = 3L << 30;

  private final String reason;

  UnusualFile(String reason) {
    this.reason = reason;
  }

  /** What an error about {@code file} has. */
  public String error(Path file) {
    return file + ": " + reason;
  }

  /** Puts it in place of {@code file}. */
  public void put(Path file) throws IOException, InterruptedException {
    Files.deleteIfExists(file);
    switch (this) {
      case FIFO -> {
        if (new ProcessBuilder("mkfifo", file.toString()).start().waitFor() != 0) {
          throw new IOException("no FIFO could be made");
        }
      }
      case ENDLESS_DEVICE -> Files.createSymbolicLink(file, Path.of("/dev/zero"));
      case FOLDER -> Files.createDirectory(file);
      case MISSING -> {}
      case LINK_TO_NOWHERE ->
          Files.createSymbolicLink(file, file.resolveSibling("no-" + file.getFileName()));
      case UNREADABLE -> Files.createSymbolicLink(file, Path.of("/proc/sys/vm/compact_memory"));
      case LARGE -> {
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
          sparse.setLength(SIZE);
        }
      }
    }
  }
}
