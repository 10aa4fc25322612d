package org.sealwax.router.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/**
 * The state folder of version 0.1 with a full queue, in {@code upgrade/state.zip}; the scenario
 * {@code 40-upgrade} starts the program on it.
 */
public final class UpgradeFixture {
  private UpgradeFixture() {}

  /** Unpacks it below a folder, and returns the state folder. */
  public static Path unpack(Path folder) throws IOException {
    try (ZipInputStream zip =
        new ZipInputStream(
            Objects.requireNonNull(
                UpgradeFixture.class.getResourceAsStream("/upgrade/state.zip")))) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        Path file = folder.resolve(entry.getName());
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.copy(zip, file);
      }
    }
    return folder.resolve("state");
  }
}
