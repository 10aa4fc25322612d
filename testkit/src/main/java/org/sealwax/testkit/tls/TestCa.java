package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.TrustRoots;

/**
 * A certificate authority for tests.
 *
 * <pre>{@code
 * TestCa ca = TestCa.root("Test Root");
 * Identity mx = ca.identity("mx.example.org");
 * TrustRoots roots = ca.roots();
 * Identity odd = ca.leaf("mx.example.org").expired().identity();
 * }</pre>
 */
public final class TestCa {
  private static final AtomicLong SERIAL = new AtomicLong(1_000);

  /** The key of each leaf, by certificate: an identity does not expose its key. */
  private static final Map<X509Certificate, PrivateKey> KEYS = new ConcurrentHashMap<>();

  private final String name;
  private final KeyPair keys;
  private final X509Certificate certificate;
  private final @Nullable TestCa parent;

  private TestCa(String name, KeyPair keys, X509Certificate certificate, @Nullable TestCa parent) {
    this.name = name;
    this.keys = keys;
    this.certificate = certificate;
    this.parent = parent;
  }

  /** A self-signed root, valid from a month ago for ten years. */
  public static TestCa root(String name) {
    return root(
        name,
        Clock.system().now().minus(Duration.ofDays(30)),
        Clock.system().now().plus(Duration.ofDays(3650)));
  }

  /** A self-signed root with its dates. */
  public static TestCa root(String name, Instant notBefore, Instant notAfter) {
    Leaf form = new Leaf(null, name);
    form.authority = true;
    form.notBefore = notBefore;
    form.notAfter = notAfter;
    form.sans.clear();
    form.purposes = null;
    KeyPair keys = form.keys();
    return new TestCa(name, keys, form.sign(keys), null);
  }

  /** A CA below this one. */
  public TestCa intermediate(String child) {
    Leaf form = new Leaf(this, child);
    form.authority = true;
    form.sans.clear();
    form.purposes = null;
    KeyPair keys = form.keys();
    return new TestCa(child, keys, form.sign(keys), this);
  }

  /** This CA's name and key in a certificate of another: a cross-signed one. */
  public X509Certificate crossSigned(TestCa by, Instant notBefore, Instant notAfter) {
    Leaf form = new Leaf(by, name);
    form.authority = true;
    form.notBefore = notBefore;
    form.notAfter = notAfter;
    form.sans.clear();
    form.purposes = null;
    return form.sign(keys);
  }

  /** An ordinary certificate: ECDSA, serverAuth and clientAuth, names as DNS-IDs. */
  public Identity identity(String... names) {
    return leaf(names).identity();
  }

  /** A certificate to be shaped. */
  public Leaf leaf(String... names) {
    return new Leaf(this, names);
  }

  /** A self-signed leaf. */
  public static Identity selfSigned(String name) {
    return new Leaf(null, name).identity();
  }

  /** A certificate issued by a leaf of this CA, which is not a CA itself. */
  public Identity leafAsAuthority(String issued) {
    Leaf form = new Leaf(this, "not-an-authority.example.org");
    KeyPair formKeys = form.keys();
    TestCa fake = new TestCa("fake", formKeys, form.sign(formKeys), this);
    return fake.identity(issued);
  }

  /** This root as what is trusted. */
  public TrustRoots roots() {
    return new TrustRoots(name, Set.of(certificate));
  }

  /** Its own certificate. */
  public X509Certificate certificate() {
    return certificate;
  }

  /**
   * Writes an identity as two PEM files (PKCS#8) into a folder.
   *
   * @throws IllegalArgumentException when no {@code TestCa} made it
   */
  public static IdentitySettings.CertificatePair write(
      Identity identity, Path folder, String stem) {
    PrivateKey secret = KEYS.get(identity.leaf());
    if (secret == null) {
      throw new IllegalArgumentException("not made here: " + stem);
    }
    try {
      Path chain = folder.resolve(stem + ".crt");
      Path key = folder.resolve(stem + ".key");
      StringBuilder text = new StringBuilder();
      for (X509Certificate c : identity.chain()) {
        text.append(IssuedCertificate.pem("CERTIFICATE", c.getEncoded()));
      }
      Files.writeString(chain, text);
      Files.writeString(key, IssuedCertificate.pem("PRIVATE KEY", secret.getEncoded()));
      return new IdentitySettings.CertificatePair(chain, key);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A certificate in the making. */
  public static final class Leaf {
    private final @Nullable TestCa issuer;
    private final String common;
    private final List<String> sans;
    private Instant notBefore = Clock.system().now().minus(Duration.ofDays(1));
    private Instant notAfter = Clock.system().now().plus(Duration.ofDays(90));
    private String algorithm = "EC";
    private int size = 256;
    private String curve = "secp256r1";
    private @Nullable X509Certificate reused;
    private @Nullable String signature;
    private boolean authority;
    private boolean namesIssuer;
    private boolean namesOcsp;
    private boolean omitIntermediates;
    private int padding;
    private KeyPurposeId @Nullable [] purposes = {
      KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
    };

    private Leaf(@Nullable TestCa issuer, String... names) {
      this.issuer = issuer;
      this.common = names[0];
      this.sans = new ArrayList<>(List.of(names));
    }

    /** Dates. */
    public Leaf valid(Instant from, Instant until) {
      notBefore = from;
      notAfter = until;
      return this;
    }

    /** Ended yesterday. */
    public Leaf expired() {
      return valid(
          Clock.system().now().minus(Duration.ofDays(90)),
          Clock.system().now().minus(Duration.ofDays(1)));
    }

    /** Begins tomorrow. */
    public Leaf notYetValid() {
      return valid(
          Clock.system().now().plus(Duration.ofDays(1)),
          Clock.system().now().plus(Duration.ofDays(90)));
    }

    /** An RSA key of so many bits. */
    public Leaf rsa(int bits) {
      algorithm = "RSA";
      size = bits;
      return this;
    }

    /** An Ed25519 key. */
    public Leaf ed25519() {
      algorithm = "Ed25519";
      return this;
    }

    /** A key on this curve, by the JDK's name. */
    public Leaf curve(String name) {
      curve = name;
      return this;
    }

    /** The key of an earlier certificate: a renewal. */
    public Leaf keyOf(Identity earlier) {
      reused = earlier.leaf();
      return this;
    }

    /** The signature algorithm, by the JDK's name. */
    public Leaf signature(String name) {
      signature = name;
      return this;
    }

    /** Only these purposes; none: the extension is left out. */
    public Leaf purposes(KeyPurposeId... only) {
      purposes = only.length == 0 ? null : only;
      return this;
    }

    /** For servers only, as public CAs issue since 2026. */
    public Leaf serverAuthOnly() {
      return purposes(KeyPurposeId.id_kp_serverAuth);
    }

    /** For clients only. */
    public Leaf clientAuthOnly() {
      return purposes(KeyPurposeId.id_kp_clientAuth);
    }

    /** No subjectAltName: the name is only in the common name. */
    public Leaf commonNameOnly() {
      sans.clear();
      return this;
    }

    /** With the address of the issuer's certificate, as public CAs have it. */
    public Leaf namesIssuer() {
      namesIssuer = true;
      return this;
    }

    /** With the address of its issuer's OCSP responder, but not of its issuer's certificate. */
    public Leaf tellsRevocation() {
      namesOcsp = true;
      return this;
    }

    /** Sent without the intermediates. */
    public Leaf alone() {
      omitIntermediates = true;
      return this;
    }

    /** Made larger by so many bytes of names. */
    public Leaf padded(int bytes) {
      padding = bytes;
      return this;
    }

    /** Certificate, chain and key. */
    public Identity identity() {
      KeyPair keys = keys();
      List<X509Certificate> chain = new ArrayList<>(List.of(sign(keys)));
      for (TestCa ca = issuer; ca != null && ca.parent != null; ca = ca.parent) {
        if (!omitIntermediates) {
          chain.add(ca.certificate);
        }
      }
      try {
        KEYS.put(chain.getFirst(), keys.getPrivate());
        return Identity.of(common, chain, keys.getPrivate());
      } catch (Identity.InvalidIdentity e) {
        throw new IllegalStateException(e);
      }
    }

    private KeyPair keys() {
      if (reused != null) {
        return new KeyPair(reused.getPublicKey(), Objects.requireNonNull(KEYS.get(reused)));
      }
      try {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        switch (algorithm) {
          case "EC" -> generator.initialize(new ECGenParameterSpec(curve));
          case "RSA" -> generator.initialize(size);
          default -> {
            // One size.
          }
        }
        return generator.generateKeyPair();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    private X509Certificate sign(KeyPair keys) {
      X500Principal subject = new X500Principal("CN=" + common);
      X500Principal by = issuer == null ? subject : issuer.certificate.getSubjectX500Principal();
      KeyPair signer = issuer == null ? keys : issuer.keys;
      String how = signature;
      if (how == null) {
        how =
            switch (signer.getPrivate().getAlgorithm()) {
              case "EC" -> "SHA256withECDSA";
              case "RSA" -> "SHA256withRSA";
              default -> "Ed25519";
            };
      }
      try {
        JcaX509v3CertificateBuilder builder =
            new JcaX509v3CertificateBuilder(
                by,
                BigInteger.valueOf(SERIAL.incrementAndGet()),
                Date.from(notBefore),
                Date.from(notAfter),
                subject,
                keys.getPublic());
        extensions(builder);
        return new JcaX509CertificateConverter()
            .getCertificate(
                builder.build(new JcaContentSignerBuilder(how).build(signer.getPrivate())));
      } catch (GeneralSecurityException | OperatorCreationException | CertIOException e) {
        throw new IllegalStateException(e);
      }
    }

    private void extensions(JcaX509v3CertificateBuilder builder) throws CertIOException {
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      if (purposes != null) {
        builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purposes));
      }
      List<GeneralName> names = new ArrayList<>();
      sans.forEach(san -> names.add(new GeneralName(GeneralName.dNSName, san)));
      for (int i = 0; i < padding / 64; i++) {
        names.add(
            new GeneralName(GeneralName.dNSName, String.format("%040d.padding.example.org", i)));
      }
      if (!names.isEmpty()) {
        builder.addExtension(
            Extension.subjectAlternativeName,
            false,
            new GeneralNames(names.toArray(GeneralName[]::new)));
      }
      if (namesIssuer) {
        builder.addExtension(
            Extension.authorityInfoAccess,
            false,
            new AuthorityInformationAccess(
                AccessDescription.id_ad_caIssuers,
                new GeneralName(
                    GeneralName.uniformResourceIdentifier, "http://ca.example.org/issuer.der")));
      }
      if (namesOcsp) {
        builder.addExtension(
            Extension.authorityInfoAccess,
            false,
            new AuthorityInformationAccess(
                AccessDescription.id_ad_ocsp,
                new GeneralName(
                    GeneralName.uniformResourceIdentifier, "http://ca.example.org/ocsp")));
      }
    }
  }
}
