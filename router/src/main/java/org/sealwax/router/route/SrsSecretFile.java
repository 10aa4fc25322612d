package org.sealwax.router.route;

import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.WatchedFile;

/** Secrets, one a line: the first signs, all verify, so that one can be replaced without a gap. */
public final class SrsSecretFile {
  /** Characters of a secret that is read. */
  static final int MIN_LENGTH = 16;

  /** Secrets in a file: each costs a hash for every bounce. */
  static final int MAX_SECRETS = 16;

  private static final int BYTES = 32;

  private SrsSecretFile() {}

  /**
   * Makes the file with one secret, readable by us alone, unless it exists.
   *
   * @return whether it was made
   */
  public static boolean makeIfAbsent(Path file, RandomSource random) throws IOException {
    if (Files.exists(file)) {
      return false;
    }
    String line = HexFormat.of().formatHex(random.bytes(BYTES)) + "\n";
    var mode = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    var options = Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    // Whole or not at all: a second start next to this one must not read half a secret.
    Path made = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(made);
    try (var channel = Files.newByteChannel(made, options, mode);
        var out = Channels.newOutputStream(channel)) {
      out.write(line.getBytes(StandardCharsets.US_ASCII));
    }
    try {
      Files.createLink(file, made);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    } finally {
      Files.deleteIfExists(made);
    }
  }

  /** Reads the secrets; at least one. */
  static WatchedFile.FileContents<List<byte[]>> read(Path file) throws IOException {
    List<byte[]> secrets = new ArrayList<>();
    Set<String> entries = new HashSet<>();
    int number = 0;
    for (String line : AliasFile.lines(file)) {
      number++;
      String text = line.strip();
      if (text.isEmpty() || text.startsWith("#")) {
        continue;
      }
      // The line itself is never shown.
      if (text.length() < MIN_LENGTH) {
        throw new IOException(
            file + ":" + number + ": a secret has at least " + MIN_LENGTH + " characters");
      }
      secrets.add(text.getBytes(StandardCharsets.UTF_8));
      entries.add(text);
      if (secrets.size() > MAX_SECRETS) {
        throw new IOException(file + ":" + number + ": more than " + MAX_SECRETS + " secrets");
      }
    }
    if (secrets.isEmpty()) {
      throw new IOException(file + " contains no secret");
    }
    return new WatchedFile.FileContents<>(List.copyOf(secrets), Map.of(file, Set.copyOf(entries)));
  }
}
