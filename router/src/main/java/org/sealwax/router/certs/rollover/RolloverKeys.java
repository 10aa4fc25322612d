package org.sealwax.router.certs.rollover;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.router.store.StateFiles;

/**
 * Keys that a rollover made: each is a folder named by its digest, with the key and a self-signed
 * certificate for it, which is made again near its end. A folder is there as a whole or not at all.
 *
 * @param folder of all of them
 * @param host name in the certificates
 * @param random source of keys
 */
record RolloverKeys(Path folder, Domain host, RandomSource random) {
  private static final String FRESH = "new";

  /** Makes a key, which is on stable storage when this returns. */
  KeyDigest create(Instant now) throws IOException {
    StateFiles.ownFolder(folder);
    Path fresh = folder.resolve(FRESH);
    delete(fresh); // of a run that did not end: no record names it
    StateFiles.makeFolder(fresh);
    IdentitySettings.CertificatePair pair = IdentityStore.selfSigned(in(fresh), now, random);
    KeyDigest key =
        KeyDigest.of(Identity.read(pair.certificate(), pair.key()).leaf().getPublicKey());
    StateFiles.sync(fresh);
    Files.move(fresh, folder(key), StandardCopyOption.ATOMIC_MOVE);
    StateFiles.sync(folder);
    return key;
  }

  boolean has(KeyDigest key) {
    return Files.isDirectory(folder(key));
  }

  IdentitySettings.CertificatePair files(KeyDigest key) {
    return IdentityStore.selfSignedFiles(in(folder(key)));
  }

  /** The pair as it is. */
  Optional<Identity> readIfMade(KeyDigest key) throws IOException {
    return IdentityStore.selfSignedIfMade(in(folder(key)));
  }

  /** The pair; its certificate is made again near its end or for another host name. */
  Identity read(KeyDigest key, Instant now) throws IOException {
    if (!Files.exists(files(key).key())) {
      throw new IOException(files(key).key() + " is missing"); // and must not become another key
    }
    IdentitySettings.CertificatePair pair = IdentityStore.selfSigned(in(folder(key)), now, random);
    return Identity.read(pair.certificate(), pair.key());
  }

  /** Key and chain of an authority, in one file, so that neither is ever without the other. */
  Path issued(KeyDigest key) {
    return folder(key).resolve("issued.pem");
  }

  void destroy(KeyDigest key) throws IOException {
    delete(folder(key));
  }

  private Path folder(KeyDigest key) {
    return folder.resolve(key.hex());
  }

  private IdentitySettings in(Path made) {
    return new IdentitySettings(null, List.of(), made, host);
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.deleteIfExists(file);
      }
    }
    Files.deleteIfExists(folder);
  }
}
