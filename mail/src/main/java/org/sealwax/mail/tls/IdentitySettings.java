package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.settings.Setting;
import org.sealwax.mail.settings.SettingTable;
import org.sealwax.mail.tls.verdict.CertificateName;

/**
 * Where certificates and keys come from.
 *
 * @param pair the default identity, for both roles; null: one is made and kept in {@code made}
 * @param named further identities for the receiving side, by the name a client asks for (SNI)
 * @param made folder of the self-made pair
 * @param hostName name in the self-made certificate
 */
public record IdentitySettings(
    @Nullable CertificatePair pair, List<NamedPair> named, Path made, Domain hostName) {
  /** Copies. */
  public IdentitySettings {
    named = List.copyOf(named);
  }

  /**
   * Two PEM files, which may be one.
   *
   * @param certificate chain, leaf first
   * @param key unencrypted: PKCS#8, PKCS#1 or SEC1
   */
  public record CertificatePair(
      @Setting(
              example = "/etc/sealwax/other.pem",
              required = true,
              restart = true,
              doc = "Certificate chain in PEM, leaf first.")
          Path certificate,
      @Setting(
              example = "/etc/sealwax/other.key",
              required = true,
              restart = true,
              doc = "Private key in PEM.")
          Path key) {
    /**
     * {@return size, time and file number of both files: what changes when one is written or
     * replaced, also behind a symbolic link}
     */
    public String stamp() {
      return stamp(certificate) + '|' + stamp(key);
    }

    private static String stamp(Path file) {
      try {
        BasicFileAttributes facts = Files.readAttributes(file, BasicFileAttributes.class);
        return facts.size() + ":" + facts.lastModifiedTime().toInstant() + ":" + facts.fileKey();
      } catch (IOException e) {
        return "unreadable";
      }
    }
  }

  /**
   * An identity by name.
   *
   * @param names names asked for: {@code mx.example.org}, or {@code *.example.org} for one label;
   *     empty: the DNS names of the certificate
   * @param pair its files
   */
  @SettingTable(
      name = "identity_for",
      rows = true,
      purpose = "Certificate for other server names (SNI).")
  public record NamedPair(
      @Setting(
              example = "mx.other.example",
              required = true,
              restart = true,
              doc =
                  "Server names (SNI) that select this certificate; \"*.example.org\" is one label"
                      + " below example.org.")
          List<CertificateName> names,
      CertificatePair pair) {
    /** Copies. */
    public NamedPair {
      names = List.copyOf(names);
    }
  }

  /**
   * {@return no files: a self-signed certificate for {@code hostName}, kept in {@code made}}
   *
   * @param made the folder of the self-signed certificate
   * @param hostName the name in the self-signed certificate
   */
  public static IdentitySettings defaults(Path made, Domain hostName) {
    return new IdentitySettings(null, List.of(), made, hostName);
  }
}
