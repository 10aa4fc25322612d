package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.HashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RegularFile;
import org.sealwax.mail.tls.verdict.TrustRoots;

/** Reads trust roots: those of the system, and those of a CA file. */
public final class RootStore {
  /** Where distributions keep their public roots, in order of trial. */
  private static final List<Path> SYSTEM =
      List.of(
          Path.of("/etc/ssl/certs/ca-certificates.crt"),
          Path.of("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),
          Path.of("/etc/ssl/ca-bundle.pem"),
          Path.of("/etc/ssl/cert.pem"));

  /** Bytes of a bundle; a distribution's has about 220 KiB. */
  private static final int MAX_FILE = 8 << 20;

  private RootStore() {}

  /**
   * {@return the public roots, read when first asked for: the distribution's bundle, which the
   * admin and the distribution keep up to date, else the JDK's own}
   *
   * @throws IllegalStateException when neither can be read, which is a broken installation
   */
  public static synchronized TrustRoots publicRoots() {
    TrustRoots known = publicRoots;
    if (known == null) {
      known = load();
      publicRoots = known;
    }
    return known;
  }

  /**
   * Reads the public roots again, if they were read before: the distribution may have replaced
   * them.
   *
   * @throws IllegalStateException as {@link #publicRoots}
   */
  public static synchronized void rereadPublicRoots() {
    if (publicRoots != null) {
      TrustRoots now = load();
      if (!now.equals(publicRoots)) {
        publicRoots = now;
      }
    }
  }

  private static @Nullable TrustRoots publicRoots;

  private static TrustRoots load() {
    for (Path bundle : SYSTEM) {
      if (Files.isReadable(bundle)) {
        try {
          return new TrustRoots("public", fromPem(bundle).anchors());
        } catch (IOException e) {
          // The next one may do.
        }
      }
    }
    return new TrustRoots("public", JdkRoots.load());
  }

  /**
   * {@return the CA certificates of a PEM file}
   *
   * @param file the PEM file
   * @throws Identity.InvalidIdentity when it cannot be read or has none
   */
  public static TrustRoots fromPem(Path file) throws Identity.InvalidIdentity {
    String text;
    try {
      text = RegularFile.text(file, StandardCharsets.ISO_8859_1, MAX_FILE);
    } catch (IOException e) {
      throw new Identity.InvalidIdentity(FailureText.of(file, e), e);
    }
    List<X509Certificate> found = Pem.certificates(text, file.toString());
    if (found.isEmpty()) {
      throw new Identity.InvalidIdentity(file + ": contains no certificate");
    }
    return new TrustRoots(file.toString(), new HashSet<>(found));
  }
}
