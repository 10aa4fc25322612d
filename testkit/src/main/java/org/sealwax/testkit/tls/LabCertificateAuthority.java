package org.sealwax.testkit.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.GeneralSubtree;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.NameConstraints;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.RegularFile;

/**
 * The lab's own certificate authority: a root, an intermediate, and every kind of authority that a
 * certificate should not come from. Makes certificates as a {@link CertificateSpec} specifies. Keys
 * of one kind are shared by all leaves: the tests are about the certificates' content. Thread-safe.
 */
public final class LabCertificateAuthority {
  private static final Duration FRESH = Duration.ofHours(1);
  private static final Duration LEAF_LIFE = Duration.ofDays(90);
  private static final Duration AUTHORITY_LIFE = Duration.ofDays(3_650);
  private static final Duration OFF_BY = Duration.ofDays(10);

  /** Bytes of the file that keeps the root. */
  private static final int MAX_FILE = 8_192;

  /** Bytes of one unrelated certificate that fills up a chain. */
  private static final int FILLING = 3_000;

  /** RFC 7633 4. */
  private static final ASN1ObjectIdentifier TLS_FEATURE =
      new ASN1ObjectIdentifier("1.3.6.1.5.5.7.1.24");

  private static final int STATUS_REQUEST = 5;

  /** An arc for examples, under which nothing is defined (RFC 7299 has none for it). */
  private static final ASN1ObjectIdentifier UNKNOWN = new ASN1ObjectIdentifier("2.999.5.25");

  private record IssuerKey(X500Name name, KeyPair pair, byte[] certificate) {}

  private final Clock clock;
  private final RandomSource random;
  private final Map<CertificateSpec.CertificateKeyType, KeyPair> leafKeys =
      new EnumMap<>(CertificateSpec.CertificateKeyType.class);
  private final IssuerKey root;
  private final IssuerKey intermediate;
  private final Map<CertificateSpec.CertificateIssuer, IssuerKey> otherAuthorities =
      new EnumMap<>(CertificateSpec.CertificateIssuer.class);

  /** Makes root and intermediate: a few milliseconds. */
  public LabCertificateAuthority(Clock clock, RandomSource random) {
    this(clock, random, null);
  }

  private LabCertificateAuthority(Clock clock, RandomSource random, @Nullable IssuerKey kept) {
    this.clock = clock;
    this.random = random;
    this.root = kept == null ? authority("Sealwax Lab Root", null, null) : kept;
    this.intermediate = authority("Sealwax Lab Intermediate", root, null);
  }

  /**
   * The same with a root that stays: users add it to their trust stores.
   *
   * @param file where certificate and key are, two lines of Base64; made when it is not there, for
   *     its owner only
   * @throws IOException when the file cannot be read or written, or holds something else
   */
  public static LabCertificateAuthority open(Path file, Clock clock, RandomSource random)
      throws IOException {
    if (Files.exists(file)) {
      return new LabCertificateAuthority(clock, random, read(file));
    }
    LabCertificateAuthority made = new LabCertificateAuthority(clock, random);
    Base64.Encoder encoder = Base64.getEncoder();
    String text =
        encoder.encodeToString(made.root.certificate())
            + "\n"
            + encoder.encodeToString(made.root.pair().getPrivate().getEncoded())
            + "\n";
    try (var out =
        Files.newByteChannel(
            file,
            EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
    }
    return made;
  }

  private static IssuerKey read(Path file) throws IOException {
    List<String> lines = RegularFile.lines(file, StandardCharsets.US_ASCII, MAX_FILE);
    if (lines.size() != 2) {
      throw new IOException(file + " is not a lab root: two lines of Base64");
    }
    try {
      byte[] der = Base64.getDecoder().decode(lines.get(0));
      X509Certificate root =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der));
      PrivateKey key =
          KeyFactory.getInstance("EC")
              .generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(lines.get(1))));
      return new IssuerKey(
          X500Name.getInstance(root.getSubjectX500Principal().getEncoded()),
          new KeyPair(root.getPublicKey(), key),
          der);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // The cause may quote what is in the file.
      throw new IOException(file + " is not a lab root: " + e.getClass().getSimpleName());
    }
  }

  /** The root, for the trust store of the sender under test. */
  public String rootPem() {
    return IssuedCertificate.pem("CERTIFICATE", root.certificate());
  }

  /** Makes a certificate. */
  public synchronized IssuedCertificate issue(CertificateSpec plan) {
    KeyPair pair = leafKeys.computeIfAbsent(plan.key(), LabCertificateAuthority::pair);
    IssuerKey issuer =
        plan.issuer() == CertificateSpec.CertificateIssuer.SELF
            ? new IssuerKey(subject(plan), pair, new byte[0])
            : signer(plan.issuer());
    try {
      byte[] leaf = leaf(plan, pair, issuer);
      List<byte[]> chain = new ArrayList<>(List.of(leaf));
      if (plan.issuer() != CertificateSpec.CertificateIssuer.SELF
          && !plan.oddities().contains(CertificateSpec.CertificateFault.WITHOUT_INTERMEDIATE)
          && plan.issuer() != CertificateSpec.CertificateIssuer.UNKNOWN_AUTHORITY) {
        chain.add(issuer.certificate());
        if (plan.issuer() == CertificateSpec.CertificateIssuer.LEAF) {
          chain.add(intermediate.certificate());
        }
      }
      if (plan.oddities().contains(CertificateSpec.CertificateFault.WITH_ROOT)) {
        chain.add(root.certificate());
      }
      int bytes = chain.stream().mapToInt(c -> c.length).sum();
      while (bytes < plan.chainBytes()) {
        byte[] filling = authority("Filling " + chain.size(), null, filling()).certificate();
        chain.add(filling);
        bytes += filling.length;
      }
      byte[] anchor =
          switch (plan.issuer()) {
            case LAB, CONSTRAINED, LEAF -> root.certificate();
            case UNKNOWN_AUTHORITY -> issuer.certificate();
            case SELF -> leaf;
          };
      return new IssuedCertificate(
          plan, chain, anchor, pair.getPrivate(), staple(plan, leaf, issuer));
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("cannot make " + plan, e);
    }
  }

  private byte @Nullable [] staple(CertificateSpec plan, byte[] leaf, IssuerKey issuer) {
    boolean revoked = plan.oddities().contains(CertificateSpec.CertificateFault.REVOKED);
    return revoked || plan.oddities().contains(CertificateSpec.CertificateFault.STAPLED)
        ? OcspResponseWriter.of(
            leaf, issuer.certificate(), issuer.pair().getPrivate(), revoked, clock.now())
        : null;
  }

  private IssuerKey signer(CertificateSpec.CertificateIssuer issuer) {
    return switch (issuer) {
      case LAB -> intermediate;
      case SELF -> throw new IllegalArgumentException("another CA");
      case UNKNOWN_AUTHORITY ->
          otherAuthorities.computeIfAbsent(
              issuer, i -> authority("Nobody Trusts This", null, null));
      case CONSTRAINED ->
          otherAuthorities.computeIfAbsent(
              issuer,
              i ->
                  authority(
                      "Sealwax Lab Constrained",
                      root,
                      new ExtraExtension(
                          Extension.nameConstraints,
                          true,
                          new NameConstraints(
                              new GeneralSubtree[] {
                                new GeneralSubtree(
                                    new GeneralName(GeneralName.dNSName, "elsewhere.invalid"))
                              },
                              null))));
      case LEAF -> otherAuthorities.computeIfAbsent(issuer, i -> noAuthority());
    };
  }

  private record ExtraExtension(
      ASN1ObjectIdentifier type, boolean critical, org.bouncycastle.asn1.ASN1Encodable value) {}

  private ExtraExtension filling() {
    return new ExtraExtension(
        UNKNOWN.branch("1"), false, new DEROctetString(random.bytes(FILLING)));
  }

  private static KeyPair pair(CertificateSpec.CertificateKeyType kind) {
    try {
      KeyPairGenerator generator =
          KeyPairGenerator.getInstance(
              switch (kind) {
                case P256 -> "EC";
                case RSA_2048, RSA_1024 -> "RSA";
                case ED25519 -> "Ed25519";
                case ML_DSA_65 -> "ML-DSA-65";
              });
      switch (kind) {
        case P256 -> generator.initialize(new ECGenParameterSpec("secp256r1"));
        case RSA_2048 -> generator.initialize(2_048);
        case RSA_1024 -> generator.initialize(1_024);
        case ED25519, ML_DSA_65 -> {}
      }
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + kind, e);
    }
  }

  private BigInteger serial() {
    return new BigInteger(127, new java.util.Random(new BigInteger(random.bytes(8)).longValue()))
        .setBit(126);
  }

  private IssuerKey authority(
      String title, @Nullable IssuerKey above, @Nullable ExtraExtension extension) {
    KeyPair pair = pair(CertificateSpec.CertificateKeyType.P256);
    X500Name name = new X500Name("CN=" + title);
    IssuerKey by = above == null ? new IssuerKey(name, pair, new byte[0]) : above;
    Instant now = clock.now();
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            by.name(),
            serial(),
            Date.from(now.minus(FRESH)),
            Date.from(now.plus(AUTHORITY_LIFE)),
            name,
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
    try {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      builder.addExtension(
          Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
      if (extension != null) {
        builder.addExtension(extension.type(), extension.critical(), extension.value());
      }
      return new IssuerKey(name, pair, signed(builder, by, false));
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("cannot make an authority", e);
    }
  }

  /** A good leaf that signs, as it must not. */
  private IssuerKey noAuthority() {
    KeyPair pair = pair(CertificateSpec.CertificateKeyType.P256);
    CertificateSpec plan = CertificateSpec.of("leaf.invalid");
    try {
      return new IssuerKey(subject(plan), pair, leaf(plan, pair, intermediate));
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("cannot make a leaf", e);
    }
  }

  private static X500Name subject(CertificateSpec plan) {
    String name = plan.names().getFirst();
    // A common name has 64 characters at most (RFC 5280 appendix A).
    return new X500Name("CN=" + (name.length() > 64 ? name.substring(name.length() - 64) : name));
  }

  private byte[] leaf(CertificateSpec plan, KeyPair pair, IssuerKey issuer)
      throws OperatorCreationException, IOException {
    Instant now = clock.now();
    Instant from =
        switch (plan.term()) {
          case NOW -> now.minus(FRESH);
          case PAST -> now.minus(OFF_BY).minus(LEAF_LIFE);
          case FUTURE -> now.plus(OFF_BY);
        };
    Instant until =
        plan.term() == CertificateSpec.CertificateValidity.PAST
            ? now.minus(OFF_BY)
            : from.plus(LEAF_LIFE);
    boolean nameless = plan.oddities().contains(CertificateSpec.CertificateFault.COMMON_NAME_ONLY);
    X509v3CertificateBuilder builder =
        new X509v3CertificateBuilder(
            issuer.name(),
            serial(),
            Date.from(from),
            Date.from(until),
            subject(plan),
            SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()));
    if (!nameless) {
      builder.addExtension(Extension.subjectAlternativeName, false, names(plan));
    }
    boolean authority = plan.oddities().contains(CertificateSpec.CertificateFault.AUTHORITY);
    builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
    builder.addExtension(
        Extension.keyUsage,
        true,
        new KeyUsage(
            KeyUsage.digitalSignature
                | (pair.getPublic().getAlgorithm().equals("RSA") ? KeyUsage.keyEncipherment : 0)
                | (authority ? KeyUsage.keyCertSign : 0)));
    builder.addExtension(
        Extension.extendedKeyUsage,
        false,
        new ExtendedKeyUsage(
            plan.oddities().contains(CertificateSpec.CertificateFault.CLIENT_PURPOSE)
                ? KeyPurposeId.id_kp_clientAuth
                : KeyPurposeId.id_kp_serverAuth));
    if (plan.oddities().contains(CertificateSpec.CertificateFault.UNKNOWN_CRITICAL)) {
      builder.addExtension(UNKNOWN, true, new DERIA5String("must be understood"));
    }
    if (plan.oddities().contains(CertificateSpec.CertificateFault.MUST_STAPLE)) {
      builder.addExtension(TLS_FEATURE, false, new DERSequence(new ASN1Integer(STATUS_REQUEST)));
    }
    return signed(builder, issuer, plan.oddities().contains(CertificateSpec.CertificateFault.SHA1));
  }

  private static GeneralNames names(CertificateSpec plan) {
    boolean ip = plan.oddities().contains(CertificateSpec.CertificateFault.IP_NAMES);
    boolean nul = plan.oddities().contains(CertificateSpec.CertificateFault.NUL_IN_NAME);
    ASN1EncodableVector all = new ASN1EncodableVector();
    for (String name : plan.names()) {
      all.add(
          ip
              ? new GeneralName(GeneralName.iPAddress, name)
              : new GeneralName(GeneralName.dNSName, nul ? name + "\0.elsewhere.invalid" : name));
    }
    return GeneralNames.getInstance(new DERSequence(all));
  }

  private static byte[] signed(X509v3CertificateBuilder builder, IssuerKey by, boolean sha1)
      throws OperatorCreationException, IOException {
    String algorithm =
        switch (by.pair().getPrivate().getAlgorithm()) {
          case "EC" -> sha1 ? "SHA1withECDSA" : "SHA256withECDSA";
          case "RSA" -> sha1 ? "SHA1withRSA" : "SHA256withRSA";
          default -> "Ed25519";
        };
    return builder
        .build(new JcaContentSignerBuilder(algorithm).build(by.pair().getPrivate()))
        .getEncoded();
  }
}
