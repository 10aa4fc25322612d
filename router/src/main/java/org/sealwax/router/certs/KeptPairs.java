package org.sealwax.router.certs;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.store.StateFiles;

/**
 * The last good pair of each slot: one file with key and chain, which only its owner can read, and
 * which is replaced whole. After a crash or a full disk the former file is there.
 *
 * @param folder in the state folder
 */
record KeptPairs(Path folder) {
  private static final String SUFFIX = ".pem";
  private static final String STAMP = "stamp: ";

  private Path file(CertificateSlot slot) {
    return folder.resolve(
        slot.name().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.-]", "_") + SUFFIX);
  }

  /** {@return whether the pair of a slot is the one that its source had with this stamp} */
  boolean isOf(CertificateSlot slot, String stamp) {
    try {
      String text = RegularFile.text(file(slot), StandardCharsets.ISO_8859_1, Identity.MAX_FILE);
      return text.startsWith(STAMP + stamp + "\n");
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * {@return the pair of a slot; empty when none was kept}
   *
   * @throws IOException when it cannot be read
   */
  Optional<Identity> read(CertificateSlot slot) throws IOException {
    Path file = file(slot);
    return Files.exists(file) ? Optional.of(Identity.read(file, file)) : Optional.empty();
  }

  /** Keeps a pair in place of the former one. */
  void write(CertificateSlot slot, Identity pair, String stamp) throws IOException {
    StateFiles.ownFolder(folder);
    byte[] text = (STAMP + stamp + "\n" + pair.pem()).getBytes(StandardCharsets.ISO_8859_1);
    StateFiles.replace(file(slot), out -> out.write(text));
    StateFiles.sync(folder);
  }

  /**
   * Deletes the pairs of slots that are no longer configured: a key without use is a risk.
   *
   * @param failed what could not be deleted, in words
   */
  void retain(List<CertificateSlot> slots, Consumer<String> failed) {
    Set<Path> used = slots.stream().map(this::file).collect(Collectors.toSet());
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        if (!used.contains(file)) {
          Files.deleteIfExists(file);
        }
      }
    } catch (NoSuchFileException e) {
      // Nothing was kept yet.
    } catch (IOException e) {
      failed.accept("a certificate that is no longer used cannot be deleted: " + FailureText.of(e));
    }
  }
}
