package org.sealwax.app;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * The state folder: others may pass through it to the socket that takes mail, and see nothing; what
 * is in it guards itself.
 */
final class StateFolder {
  private static final String PASS_THROUGH = "rwx--x--x";

  private StateFolder() {}

  /** Makes it when it is missing; an existing one keeps its mode, which the admin chose. */
  static void make(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(PASS_THROUGH)));
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw new IOException(folder + " is not a folder", e);
      }
    }
  }
}
