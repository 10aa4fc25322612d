package org.sealwax.testkit.zone;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import org.sealwax.mail.net.RegularFile;
import org.xbill.DNS.Name;

/**
 * The key of a zone that others delegate to us, kept in a file: its DS stands in the parent, so it
 * must be the same after a restart. ECDSA P-256 (RFC 6605).
 */
public final class StoredZoneKey {
  /** Bytes of the file: two lines of Base64. */
  private static final int MAX_FILE = 4_096;

  private final ZoneKey key;

  private StoredZoneKey(ZoneKey key) {
    this.key = key;
  }

  /**
   * Reads the key; makes it when there is no such file, readable for its owner only.
   *
   * @throws IOException when the file cannot be read or written, or holds no such key
   */
  public static StoredZoneKey open(Path file, String origin) throws IOException {
    Name name = ServedZone.absolute(origin);
    if (!Files.exists(file)) {
      ZoneKey made = new ZoneKey(name, Zone.Algorithm.ECDSA_P256, false);
      write(file, made.pair());
      return new StoredZoneKey(made);
    }
    return new StoredZoneKey(new ZoneKey(name, Zone.Algorithm.ECDSA_P256, false, read(file)));
  }

  private static void write(Path file, KeyPair pair) throws IOException {
    Base64.Encoder encoder = Base64.getEncoder();
    String text =
        encoder.encodeToString(pair.getPublic().getEncoded())
            + "\n"
            + encoder.encodeToString(pair.getPrivate().getEncoded())
            + "\n";
    try (var out =
        Files.newByteChannel(
            file,
            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      var bytes = java.nio.ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
  }

  private static KeyPair read(Path file) throws IOException {
    List<String> lines = RegularFile.lines(file, StandardCharsets.US_ASCII, MAX_FILE);
    try {
      if (lines.size() != 2) {
        throw new IOException(file + " is not a zone key: two lines of Base64");
      }
      KeyFactory factory = KeyFactory.getInstance("EC");
      PublicKey open =
          factory.generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(lines.get(0))));
      PrivateKey secret =
          factory.generatePrivate(
              new PKCS8EncodedKeySpec(Base64.getDecoder().decode(lines.get(1))));
      return new KeyPair(open, secret);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // The cause may quote what is in the file.
      throw new IOException(file + " is not a zone key: " + e.getClass().getSimpleName());
    }
  }

  /** What the parent zone must have, in presentation form. */
  public String ds() {
    return key.ds().toString().replace('\t', ' ');
  }

  ZoneKey key() {
    return key;
  }
}
