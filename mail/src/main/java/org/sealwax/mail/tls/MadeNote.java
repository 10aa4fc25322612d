package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RegularFile;

/**
 * A note next to the self-signed pair: the host's name in it, and the time from which it is made
 * again. So a start knows without any certificate code whether the pair must be written, and writes
 * it before it listens.
 */
record MadeNote(Domain host, Instant until) {
  static final String CERTIFICATE = "self-signed.crt";
  static final String KEY = "self-signed.key";
  static final String FILE = "self-signed.for";
  private static final int MAX_FILE = 1_024;

  /** Where the pair is. */
  static IdentitySettings.CertificatePair files(Path folder) {
    return new IdentitySettings.CertificatePair(folder.resolve(CERTIFICATE), folder.resolve(KEY));
  }

  /** One line: the name and seconds since 1970. */
  String text() {
    return host.name() + " " + until.getEpochSecond() + "\n";
  }

  /** Whether the pair in {@code folder} is there and serves {@code host} for now. */
  static boolean isGood(Path folder, Domain host, Instant now) {
    if (!Files.exists(folder.resolve(KEY)) || !Files.exists(folder.resolve(CERTIFICATE))) {
      return false;
    }
    try {
      String[] words =
          RegularFile.text(folder.resolve(FILE), StandardCharsets.US_ASCII, MAX_FILE)
              .trim()
              .split(" ", -1);
      return words.length == 2
          && words[0].equals(host.name())
          && now.getEpochSecond() < Long.parseLong(words[1]);
    } catch (IOException | NumberFormatException e) {
      return false;
    }
  }
}
