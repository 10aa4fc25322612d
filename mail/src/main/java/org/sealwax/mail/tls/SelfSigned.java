package org.sealwax.mail.tls;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Set;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.NameCheck;

/**
 * The default certificate: ECDSA P-256, self-signed, so that TLS works before the admin configures
 * a certificate. Loading this class loads Bouncy Castle, so it is only touched when a pair must be
 * made.
 */
final class SelfSigned {
  /**
   * Ten years: its only worth is its key (pinned, or in a TLSA record 3 1 1), for which dates do
   * not count, and an expiry at a bad time has no benefit. Not longer, because some TLS stacks fail
   * on far dates.
   */
  private static final Duration LIFE = Duration.ofDays(3652);

  /** A clock that is slow should not see a certificate from the future. */
  private static final Duration BEFORE = Duration.ofDays(1);

  /** Made again, with the same key, this long before its end. */
  private static final Duration RENEW = Duration.ofDays(60);

  private static final Set<PosixFilePermission> SECRET =
      PosixFilePermissions.fromString("rw-------");

  private SelfSigned() {}

  /**
   * The pair in {@code folder}, made when there is none. When the host's name has changed or the
   * end is near, the certificate is made again for the old key, so that pins and TLSA records hold.
   */
  static IdentitySettings.CertificatePair pair(
      Path folder, Domain host, Instant now, RandomSource random) throws IOException {
    IdentitySettings.CertificatePair pair = MadeNote.files(folder);
    Path certificate = pair.certificate();
    Path key = pair.key();
    if (Files.exists(key) && Files.exists(certificate)) {
      Identity there = Identity.read(certificate, key);
      boolean fresh = there.expires().isAfter(now.plus(RENEW));
      if (!fresh || !named(there, host)) {
        write(certificate, make(there.leaf().getPublicKey(), there.key(), host, now, random));
      }
      note(pair, host);
      return pair;
    }
    Files.createDirectories(folder);
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair keys = generator.generateKeyPair();
      String text = make(keys.getPublic(), keys.getPrivate(), host, now, random);
      // The key first: a certificate without its key is an error at the next start, a key without
      // its certificate is simply made again.
      write(key, Pem.encode("PRIVATE KEY", keys.getPrivate().getEncoded()));
      write(certificate, text);
      note(pair, host);
      return pair;
    } catch (GeneralSecurityException e) {
      throw new IOException("cannot make a key", e);
    }
  }

  /** For {@link IdentityStore#mustMake}, which reads no certificate. */
  private static void note(IdentitySettings.CertificatePair pair, Domain host) throws IOException {
    Identity made = Identity.read(pair.certificate(), pair.key());
    write(
        pair.certificate().resolveSibling(MadeNote.FILE),
        new MadeNote(host, made.expires().minus(RENEW)).text());
  }

  private static boolean named(Identity identity, Domain host) {
    return NameCheck.dnsNames(identity.leaf()).contains(host.name());
  }

  private static String make(
      PublicKey open, PrivateKey secret, Domain host, Instant now, RandomSource random)
      throws IOException {
    try {
      // RFC 5280 4.1.2.2: positive and at most 20 bytes. A common name holds 64 characters.
      String common = host.name().length() <= 64 ? host.name() : "sealwax";
      X500Principal name = new X500Principal("CN=" + common);
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              name,
              new BigInteger(1, random.bytes(16)).add(BigInteger.ONE),
              Date.from(now.minus(BEFORE)),
              Date.from(now.plus(LIFE)),
              name,
              open);
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
      builder.addExtension(
          Extension.extendedKeyUsage,
          false,
          new ExtendedKeyUsage(
              new KeyPurposeId[] {KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth}));
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, host.name())));
      X509Certificate made =
          new JcaX509CertificateConverter()
              .getCertificate(
                  builder.build(new JcaContentSignerBuilder("SHA256withECDSA").build(secret)));
      return Pem.encode("CERTIFICATE", made.getEncoded());
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IOException("cannot make a certificate", e);
    }
  }

  /** Whole or not at all, and never readable by others, not even for a moment. */
  private static void write(Path file, String text) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    Files.createFile(fresh, PosixFilePermissions.asFileAttribute(SECRET));
    try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
