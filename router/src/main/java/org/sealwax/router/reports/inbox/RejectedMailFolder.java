package org.sealwax.router.reports.inbox;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Messages that came to a reports address and were not reports, for the admin: the newest of them,
 * in files named by their queue identifier. Bounced to their apparent sender, they would make us
 * send mail to forged addresses. Thread-safe.
 */
public final class RejectedMailFolder {
  /** Messages kept; the oldest go first. */
  public static final int MAX = 100;

  /** Bytes of one that are kept. */
  static final int MAX_BYTES = 1 << 20;

  private final Path folder;

  /**
   * @param folder made when something is put into it
   */
  RejectedMailFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Puts a message aside.
   *
   * @param id its queue identifier
   * @param message cut after {@link #MAX_BYTES}
   */
  synchronized void put(String id, byte[] message) throws IOException {
    Files.createDirectories(folder);
    List<Path> there = new ArrayList<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.eml")) {
      files.forEach(there::add);
    }
    there.sort(Comparator.comparing(Path::getFileName)); // identifiers sort by time
    for (int i = 0; i <= there.size() - MAX; i++) {
      Files.deleteIfExists(there.get(i));
    }
    try (var out = Files.newOutputStream(folder.resolve(id + ".eml"))) {
      out.write(message, 0, Math.min(message.length, MAX_BYTES));
    }
  }
}
