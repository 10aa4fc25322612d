package org.sealwax.mail.cli;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A folder for the user alone that is deleted, with its content, when it is closed.
 *
 * @param path where
 */
public record TemporaryFolder(Path path) implements Closeable {
  /** Makes one below {@code TMPDIR}, or the system's folder for them where that is not set. */
  public static TemporaryFolder create(ProcessEnvironment around, String name) throws IOException {
    Optional<Path> above = around.variable("TMPDIR").map(around::path);
    return new TemporaryFolder(
        above.isPresent()
            ? Files.createTempDirectory(above.get(), name)
            : Files.createTempDirectory(name));
  }

  @Override
  public void close() throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(path)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }
}
