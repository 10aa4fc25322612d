package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.certs.PairSource;
import org.sealwax.router.store.StateFiles;

/**
 * The pair of one ACME certificate: key and chain in one file, so that neither is ever without the
 * other.
 *
 * @param file there is none before the first certificate
 */
public record IssuedPair(Path file) implements PairSource {
  @Override
  public String name() {
    return file.toString();
  }

  @Override
  public String stamp() {
    try {
      BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
      return facts.size() + ":" + facts.lastModifiedTime().toInstant() + ":" + facts.fileKey();
    } catch (IOException e) {
      return NONE;
    }
  }

  @Override
  public Identity read() throws IOException {
    return Identity.read(file, file);
  }

  /**
   * Replaces the file, in a folder that is there. When this fails, the former pair is still there.
   *
   * @throws IOException when it cannot be written
   */
  public void store(Identity pair) throws IOException {
    byte[] text = pair.pem().getBytes(StandardCharsets.US_ASCII);
    StateFiles.replace(file, out -> out.write(text));
    StateFiles.sync(Objects.requireNonNull(file.toAbsolutePath().getParent()));
  }

  @Override
  public boolean isReadLate() {
    return true;
  }
}
