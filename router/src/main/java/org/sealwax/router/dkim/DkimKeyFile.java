package org.sealwax.router.dkim;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.router.store.StateFiles;

/** Files with private keys for DKIM: PKCS #8 in PEM, RSA or Ed25519. */
public final class DkimKeyFile {
  private DkimKeyFile() {}

  /**
   * Reads a key.
   *
   * @param domain signing domain
   * @param selector below {@code _domainkey}
   * @param file the key
   * @throws IOException when the file cannot be read or has no such key; the text never quotes it
   */
  public static DkimSigningKey read(Domain domain, Domain selector, Path file) throws IOException {
    String pem = RegularFile.text(file, StandardCharsets.ISO_8859_1, DkimSigningKey.MAX_PEM);
    try {
      return DkimSigningKey.parse(domain, selector, pem);
    } catch (DkimSigningKey.InvalidKey e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Makes a file with a new key, which only its owner may read. The file is there as a whole or not
   * at all.
   *
   * @param file which must not exist
   * @param algorithm of the key
   * @throws FileAlreadyExistsException when it exists; it is unchanged
   * @throws IOException when it cannot be written
   */
  public static void create(Path file, DkimAlgorithm algorithm) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh); // of a run that did not end
    byte[] pem = DkimSigningKey.generatePem(algorithm).getBytes(StandardCharsets.US_ASCII);
    try {
      StateFiles.write(fresh, out -> out.write(pem));
      // A link, because a move would replace a file that was created meanwhile.
      Files.createLink(file, fresh);
    } finally {
      Files.deleteIfExists(fresh);
    }
    StateFiles.sync(Objects.requireNonNull(file.toAbsolutePath().getParent()));
  }

  /**
   * {@return what an admin should know about the mode of a file with a private key}
   *
   * @param file the key
   */
  public static Optional<String> warning(Path file) {
    try {
      Set<PosixFilePermission> mode = Files.getPosixFilePermissions(file);
      boolean open =
          mode.contains(PosixFilePermission.OTHERS_READ)
              || mode.contains(PosixFilePermission.OTHERS_WRITE);
      return open
          ? Optional.of(
              "private key "
                  + file
                  + " is readable by all users of this machine; run: chmod o= "
                  + file)
          : Optional.empty();
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty(); // a file that cannot be read is reported by its reading
    }
  }
}
