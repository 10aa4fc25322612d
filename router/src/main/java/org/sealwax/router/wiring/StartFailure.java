package org.sealwax.router.wiring;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.net.FailureText;
import org.sealwax.router.spool.SpoolException;

/**
 * The reason why the router cannot start: a sentence, the fix, and whether to try again. Only what
 * an admin must change ends with {@link ExitStatus#CONFIGURATION}, after which systemd does not
 * start it again.
 */
public final class StartFailure extends IOException {
  private static final long serialVersionUID = 1L;

  /** System messages of temporary failures, in a plain IOException of a write or a read. */
  private static final List<String> PASSING =
      List.of(
          "No space left",
          "quota",
          "Too many open files",
          "Input/output error",
          "Cannot allocate memory",
          "Resource temporarily unavailable",
          "Stale file handle",
          "Read-only file system");

  private final String help;
  private final int exit;

  private StartFailure(String sentence, String help, int exit, Throwable cause) {
    super(sentence, cause);
    this.help = help;
    this.exit = exit;
  }

  public StartFailure(String sentence, String help, Throwable cause) {
    this(sentence, helpFor(help, cause), exitFor(cause), cause);
  }

  /** Another process has this state folder. */
  public static StartFailure stateInUse(Path state) {
    String sentence = StateFolder.inUse(state);
    return new StartFailure(
        sentence, StateFolder.inUseHelp(), ExitStatus.TRY_AGAIN, new IOException(sentence));
  }

  /** The spool in this folder cannot be opened. */
  public static StartFailure of(SpoolException failure, Path spool) {
    String help =
        switch (failure.kind()) {
          case FULL -> "free space on the file system of " + spool;
          case LOCKED ->
              "only one server can use a spool; set another [server] state for a second one";
          case FORMAT ->
              "run the version that wrote it, or set another [server] state; see docs/spool.md";
          case DAMAGED -> "nothing was deleted; see docs/spool.md, Get mail back";
          case BROKEN ->
              "it must be writable for this user, on a local file system; the kernel's log shows"
                  + " errors of the disk";
        };
    return new StartFailure(String.valueOf(failure.getMessage()), help, exitFor(failure), failure);
  }

  /** The process cannot listen at an address. */
  public static StartFailure toListen(InetSocketAddress address, IOException e) {
    int port = address.getPort();
    String text = String.valueOf(e.getMessage());
    if (e instanceof BindException && text.contains("in use")) {
      return new StartFailure(
          "port " + port + " is in use by another program (" + ListenAddress.text(address) + ")",
          "ss -ltnp 'sport = :" + port + "' shows the program; or set another [[listener]] address",
          e);
    }
    if (e instanceof SocketException && text.contains("ermission")) {
      return new StartFailure(
          "port " + port + " is reserved: " + FailureText.of(e),
          "run it by dist/sealwax.service, which grants CAP_NET_BIND_SERVICE, or use a port above"
              + " 1023",
          e);
    }
    return new StartFailure(
        "cannot listen at " + ListenAddress.text(address) + ": " + FailureText.of(e),
        "change [[listener]] address",
        e);
  }

  private static String helpFor(String help, Throwable cause) {
    return exitFor(cause) == ExitStatus.TRY_AGAIN
        ? "check the disk (space, errors) and the limit of open files, then start again"
        : help;
  }

  private static int exitFor(Throwable cause) {
    for (Throwable t = cause; t != null; t = t.getCause()) {
      if (t instanceof BindException) {
        return ExitStatus.SYSTEM;
      }
      if (t instanceof SpoolException failure) {
        return switch (failure.kind()) {
          case FORMAT -> ExitStatus.CONFIGURATION;
          case FULL, LOCKED, DAMAGED, BROKEN -> ExitStatus.TRY_AGAIN;
        };
      }
      if (t instanceof NoSuchFileException
          || t instanceof AccessDeniedException
          || t instanceof NotDirectoryException
          || t instanceof FileAlreadyExistsException) {
        return ExitStatus.CONFIGURATION;
      }
      if (t instanceof FileSystemException || t instanceof SQLException || isPassing(t)) {
        return ExitStatus.TRY_AGAIN;
      }
    }
    return ExitStatus.CONFIGURATION;
  }

  private static boolean isPassing(Throwable t) {
    String text = String.valueOf(t.getMessage());
    return t instanceof IOException && PASSING.stream().anyMatch(text::contains);
  }

  /** What to do. */
  public String help() {
    return help;
  }

  /** The exit status of the process. */
  public int exit() {
    return exit;
  }
}
