package org.sealwax.mail.cli;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.net.FolderLock;

/**
 * The state folder: others may pass through it to the socket that takes mail, and cannot list it;
 * its files have their own permissions.
 */
public final class StateFolder {
  private static final String LOCK = "state.lock";

  private static final String PASS_THROUGH = "rwx--x--x";

  private static final Set<PosixFilePermission> OTHERS_WRITE =
      PosixFilePermissions.fromString("----w--w-");

  private StateFolder() {}

  /** The socket that takes mail of local users: open to all of them, unlike the control socket. */
  public static Path submissionSocket(Path state) {
    return state.resolve("submit");
  }

  /**
   * Keeps an existing state folder to one process, until the lock is closed or the process ends.
   * Everything in it is for one writer: ledger, policies, receipts, reports, sockets. The spool has
   * a lock of its own, which moves with it.
   *
   * @return empty when another process has it
   * @throws IOException when the file of the lock cannot be made
   */
  public static Optional<FolderLock> lock(Path folder) throws IOException {
    return FolderLock.take(folder.resolve(LOCK));
  }

  /** The reason for a start that failed, where {@link #lock} was empty. */
  public static String inUse(Path folder) {
    return "another Sealwax uses the state folder " + folder;
  }

  /** What to do about {@link #inUse}. */
  public static String inUseHelp() {
    return "only one process can use a state folder: stop the other one, or choose another folder";
  }

  private static void removePermissions(Path folder, Set<PosixFilePermission> without)
      throws IOException {
    Set<PosixFilePermission> mode = EnumSet.noneOf(PosixFilePermission.class);
    mode.addAll(Files.getPosixFilePermissions(folder));
    if (!mode.removeAll(without)) {
      return;
    }
    try {
      Files.setPosixFilePermissions(folder, mode);
    } catch (FileSystemException e) {
      throw new IOException(
          folder
              + " is writable by other users, and its permissions cannot be changed; run: chmod go-w "
              + folder,
          e);
    }
  }

  /**
   * Makes it when it is missing. In an existing one no other user may write: a user who can replace
   * files in it can read our mail and our keys. Excess permissions are removed.
   *
   * @throws IOException when it cannot be made, or others may write and that cannot be changed, or
   *     its path has a question mark: the driver of the databases takes what follows for settings,
   *     and would open another file
   */
  public static void create(Path folder) throws IOException {
    if (folder.toString().indexOf('?') >= 0) {
      throw new IOException(
          "the path of the state folder must not contain a question mark: " + folder);
    }
    if (Files.isDirectory(folder)) {
      removePermissions(folder, OTHERS_WRITE);
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
