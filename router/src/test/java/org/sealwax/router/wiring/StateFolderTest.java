package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.cli.StateFolder;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.spool.SqliteSpool;

/** Who may do what in our folders. */
final class StateFolderTest {
  @TempDir Path temporary;

  private static String mode(Path folder) throws Exception {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
  }

  @ParameterizedTest
  @CsvSource({
    "rwxrwxrwx, rwxr-xr-x",
    "rwxrwx---, rwxr-x---",
    "rwx---rwx, rwx---r-x",
    "rwxr-xr-x, rwxr-xr-x",
    "rwx------, rwx------",
    "rwx--x--x, rwx--x--x",
  })
  void otherUsersMayNotWriteInAnExistingFolder(String before, String after) throws Exception {
    Path state = Files.createDirectory(temporary.resolve("state"));
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString(before));
    StateFolder.create(state);
    assertEquals(after, mode(state));
  }

  @Test
  void aNewFolderLetsOtherUsersReachTheSocketOnly() throws Exception {
    Path state = temporary.resolve("a/state");
    StateFolder.create(state);
    assertEquals("rwx--x--x", mode(state));
  }

  /** The database's driver would open the file whose name ends before the question mark. */
  @ParameterizedTest
  @ValueSource(strings = {"a?b", "?", "a?cache=shared", "sub?/state"})
  void aPathWithAQuestionMarkIsRefused(String name) {
    assertThrows(IOException.class, () -> StateFolder.create(temporary.resolve(name)));
    assertFalse(Files.exists(temporary.resolve(name)));
  }

  /** Other characters that mean something in addresses and in SQL are part of the name. */
  @ParameterizedTest
  @ValueSource(strings = {"a#b", "a%3fb", "a b", "a'b", "a&b=c", "file:a", ":memory:", "ä;--"})
  void databasesAreInTheFolderThatIsNamed(String name) throws Exception {
    Path spool = temporary.resolve(name);
    SqliteSpool.open(
            new SpoolSettings(spool, 0, 10),
            Clock.system(),
            RandomSource.secure(),
            new RecordingMailLog().log(),
            () -> {})
        .close();
    try (Stream<Path> files = Files.list(spool)) {
      assertTrue(files.anyMatch(f -> f.toString().endsWith(".db")), name);
    }
    try (Stream<Path> files = Files.list(temporary)) {
      assertEquals(List.of(spool), files.toList());
    }
  }

  @Test
  void otherUsersHaveNoAccessToTheSpool() throws Exception {
    Path spool = temporary.resolve("spool");
    Path bodies = Files.createDirectories(spool.resolve("bodies"));
    for (Path folder : new Path[] {spool, bodies}) {
      Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
    }
    SqliteSpool.open(
            new SpoolSettings(spool, 0, 10),
            Clock.system(),
            RandomSource.secure(),
            new RecordingMailLog().log(),
            () -> {})
        .close();
    assertEquals("rwx------", mode(spool));
    assertEquals("rwx------", mode(bodies));
  }
}
