package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.BindException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.EnumSet;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.router.spool.SpoolException;
import org.sealwax.router.spool.SpoolException.Kind;

/** Trouble that passes never ends with the status after which systemd gives up. */
final class StartFailureTest {
  private static int exit(Throwable cause) {
    return new StartFailure("it does not work", "change [server] state", cause).exit();
  }

  @Test
  void temporaryFailuresAreRetried() {
    assertEquals(ExitStatus.TRY_AGAIN, exit(new IOException("No space left on device")));
    assertEquals(
        ExitStatus.TRY_AGAIN,
        exit(new UncheckedIOException(new FileSystemException("x", null, "Too many open files"))));
    assertEquals(
        ExitStatus.TRY_AGAIN,
        exit(new IOException("the ledger: locked", new SQLException("locked"))));
    for (Kind kind : EnumSet.complementOf(EnumSet.of(Kind.FORMAT))) {
      StartFailure failure = StartFailure.of(new SpoolException(kind, "no"), Path.of("/spool"));
      assertEquals(ExitStatus.TRY_AGAIN, failure.exit(), kind.toString());
    }
  }

  @Test
  void configurationFailuresAreNotRetried() {
    assertEquals(ExitStatus.CONFIGURATION, exit(new NoSuchFileException("/etc/x.pem")));
    assertEquals(ExitStatus.CONFIGURATION, exit(new AccessDeniedException("/var/lib/sealwax")));
    assertEquals(
        ExitStatus.CONFIGURATION, exit(new IOException("/etc/x.pem holds no certificate")));
    assertEquals(
        ExitStatus.CONFIGURATION,
        StartFailure.of(new SpoolException(Kind.FORMAT, "newer"), Path.of("/spool")).exit());
    assertEquals(ExitStatus.SYSTEM, exit(new BindException("Address already in use")));
  }

  @Test
  void theHelpFitsTheCause() {
    StartFailure full =
        StartFailure.of(new SpoolException(Kind.FULL, "no room"), Path.of("/spool"));
    assertTrue(full.help().contains("free space on the file system of /spool"), full.help());
    StartFailure held = StartFailure.of(new SpoolException(Kind.LOCKED, "held"), Path.of("/spool"));
    assertTrue(held.help().contains("only one server can use a spool"), held.help());
    StartFailure disk =
        new StartFailure("no", "change [server] state", new IOException("No space left on device"));
    assertTrue(disk.help().contains("space"), disk.help());
    StartFailure file = new StartFailure("no", "change it", new NoSuchFileException("x"));
    assertEquals("change it", file.help());
  }
}
