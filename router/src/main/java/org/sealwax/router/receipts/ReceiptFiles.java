package org.sealwax.router.receipts;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The names in the folder of receipts. */
final class ReceiptFiles {
  private static final Pattern NAME = Pattern.compile("receipts-[0-9]{18}\\.log");

  private ReceiptFiles() {}

  static Path file(Path folder, long first) {
    return folder.resolve("receipts-%018d.log".formatted(first));
  }

  /** The salts of a file of receipts. */
  static Path salts(Path file) {
    String name = file.getFileName().toString();
    return file.resolveSibling("salts-" + name.substring("receipts-".length()));
  }

  /** All files, the oldest first. */
  static List<Path> all(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(f -> NAME.matcher(f.getFileName().toString()).matches())
          .sorted()
          .toList();
    }
  }
}
