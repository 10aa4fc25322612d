package org.sealwax.router.store;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * Files of the state folder that are not databases. Only our user may read what this class makes:
 * the domains that we exchange mail with are private.
 */
public final class StateFiles {
  private StateFiles() {}

  /** What a file gets. */
  public interface Content {
    /** Writes all of it. */
    void write(OutputStream out) throws IOException;
  }

  /** Makes a folder unless it is there. */
  public static void makeFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }
  }

  /**
   * Makes a folder that only its owner may enter, because it holds users' mail; removes the
   * permissions of other users from an existing one.
   */
  public static void ownFolder(Path folder) throws IOException {
    makeFolder(folder);
    Set<PosixFilePermission> owner = PosixFilePermissions.fromString("rwx------");
    if (!owner.containsAll(Files.getPosixFilePermissions(folder))) {
      Files.setPosixFilePermissions(folder, owner);
    }
  }

  /** Makes an empty file unless it is there. */
  public static void makeFile(Path file) throws IOException {
    if (!Files.exists(file)) {
      Files.createFile(
          file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    }
  }

  /**
   * Writes a file, which is on stable storage when this returns; its name is when its folder is.
   */
  public static void write(Path file, Content content) throws IOException {
    makeFile(file);
    try (FileChannel channel =
            FileChannel.open(file, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
        OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel))) {
      content.write(out);
      out.flush();
      channel.force(true);
    }
  }

  /** Replaces a file as a whole: after a crash it has the former content or the new one. */
  public static void replace(Path file, Content content) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    write(fresh, content);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** Brings a file, or the names in a folder, to stable storage. */
  public static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
