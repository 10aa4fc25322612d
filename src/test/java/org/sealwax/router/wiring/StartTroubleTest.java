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
import org.sealwax.mail.cli.Exit;
import org.sealwax.router.spool.SpoolTrouble;
import org.sealwax.router.spool.SpoolTrouble.Kind;

/** Trouble that passes never ends with the status after which systemd gives up. */
final class StartTroubleTest {
  private static int exit(Throwable cause) {
    return new StartTrouble("it does not work", "change [server] state", cause).exit();
  }

  @Test
  void troubleThatPassesIsTriedAgain() {
    assertEquals(Exit.TRY_AGAIN, exit(new IOException("No space left on device")));
    assertEquals(
        Exit.TRY_AGAIN,
        exit(new UncheckedIOException(new FileSystemException("x", null, "Too many open files"))));
    assertEquals(
        Exit.TRY_AGAIN, exit(new IOException("the ledger: locked", new SQLException("locked"))));
    for (Kind kind : EnumSet.complementOf(EnumSet.of(Kind.FORMAT))) {
      StartTrouble trouble = StartTrouble.of(new SpoolTrouble(kind, "no"), Path.of("/spool"));
      assertEquals(Exit.TRY_AGAIN, trouble.exit(), kind.toString());
    }
  }

  @Test
  void whatAPersonMustChangeIsNot() {
    assertEquals(Exit.CONFIGURATION, exit(new NoSuchFileException("/etc/x.pem")));
    assertEquals(Exit.CONFIGURATION, exit(new AccessDeniedException("/var/lib/sealwax")));
    assertEquals(Exit.CONFIGURATION, exit(new IOException("/etc/x.pem holds no certificate")));
    assertEquals(
        Exit.CONFIGURATION,
        StartTrouble.of(new SpoolTrouble(Kind.FORMAT, "newer"), Path.of("/spool")).exit());
    assertEquals(Exit.SYSTEM, exit(new BindException("Address already in use")));
  }

  @Test
  void theHelpFitsTheCause() {
    StartTrouble full = StartTrouble.of(new SpoolTrouble(Kind.FULL, "no room"), Path.of("/spool"));
    assertTrue(full.help().contains("make room on the file system of /spool"), full.help());
    StartTrouble held = StartTrouble.of(new SpoolTrouble(Kind.LOCKED, "held"), Path.of("/spool"));
    assertTrue(held.help().contains("one server uses a spool"), held.help());
    StartTrouble disk =
        new StartTrouble("no", "change [server] state", new IOException("No space left on device"));
    assertTrue(disk.help().contains("room"), disk.help());
    StartTrouble file = new StartTrouble("no", "change it", new NoSuchFileException("x"));
    assertEquals("change it", file.help());
  }
}
