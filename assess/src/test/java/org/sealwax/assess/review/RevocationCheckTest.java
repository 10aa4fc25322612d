package org.sealwax.assess.review;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.net.Clock;

/** Revocation by staple, list and responder, with an authority of the test's own. */
final class RevocationCheckTest {
  private static final String LIST = "http://ca.example/list.crl";
  private static final String RESPONDER = "http://ca.example/ocsp";
  private static final X500Principal CA_NAME = new X500Principal("CN=Revoking CA");

  private final KeyPair caKeys = keys();
  private final KeyPair leafKeys = keys();
  private final X509Certificate ca = certificate(CA_NAME, caKeys, 1, false);
  private final X509Certificate leaf =
      certificate(new X500Principal("CN=mx.example.org"), leafKeys, 4_711, true);

  private static KeyPair keys() {
    try {
      return KeyPairGenerator.getInstance("EC").generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private ContentSigner signer(KeyPair keys) throws Exception {
    return new JcaContentSignerBuilder("SHA256withECDSA").build(keys.getPrivate());
  }

  private static Date in(Duration time) {
    return Date.from(Instant.now().plus(time));
  }

  private X509Certificate certificate(X500Principal name, KeyPair keys, int serial, boolean asks) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              CA_NAME,
              BigInteger.valueOf(serial),
              in(Duration.ofDays(-9)),
              in(Duration.ofDays(9)),
              name,
              keys.getPublic());
      if (asks) {
        GeneralName list = new GeneralName(GeneralName.uniformResourceIdentifier, LIST);
        builder.addExtension(
            Extension.cRLDistributionPoints,
            false,
            new CRLDistPoint(
                new DistributionPoint[] {
                  new DistributionPoint(
                      new DistributionPointName(new GeneralNames(list)), null, null)
                }));
        builder.addExtension(
            Extension.authorityInfoAccess,
            false,
            new AuthorityInformationAccess(
                new AccessDescription(
                    AccessDescription.id_ad_ocsp,
                    new GeneralName(GeneralName.uniformResourceIdentifier, RESPONDER))));
      }
      return new JcaX509CertificateConverter().getCertificate(builder.build(signer(caKeys)));
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] list(boolean revoked, KeyPair by, Duration next) throws Exception {
    JcaX509v2CRLBuilder builder = new JcaX509v2CRLBuilder(CA_NAME, in(Duration.ofDays(-1)));
    builder.setNextUpdate(in(next));
    if (revoked) {
      builder.addCRLEntry(
          leaf.getSerialNumber(), in(Duration.ofHours(-1)), CRLReason.keyCompromise);
    }
    return builder.build(signer(by)).getEncoded();
  }

  private byte[] ocsp(CertificateStatus status) throws Exception {
    DigestCalculator sha1 =
        new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1);
    X509CertificateHolder issuer = new JcaX509CertificateHolder(ca);
    BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(new RespID(issuer.getSubject()));
    builder.addResponse(
        new CertificateID(sha1, issuer, leaf.getSerialNumber()),
        status,
        in(Duration.ofHours(-1)),
        in(Duration.ofDays(1)));
    return new OCSPRespBuilder()
        .build(
            OCSPRespBuilder.SUCCESSFUL,
            builder.build(signer(caKeys), null, in(Duration.ofHours(-1))))
        .getEncoded();
  }

  private static CertificateStatus revoked() {
    return new RevokedStatus(in(Duration.ofHours(-1)), CRLReason.keyCompromise);
  }

  private RevocationCheck.RevocationStatus ask(
      RevocationCheck.RevocationFetcher web, byte @Nullable [] staple, boolean online) {
    return new RevocationCheck(web, Clock.system()).ask(List.of(leaf, ca), staple, online);
  }

  private static RevocationCheck.RevocationFetcher web(byte[] list, byte[] answer) {
    return new RevocationCheck.RevocationFetcher() {
      @Override
      public Optional<byte[]> fetch(String url) {
        assertEquals(LIST, url);
        return list.length == 0 ? Optional.empty() : Optional.of(list);
      }

      @Override
      public Optional<byte[]> ask(String url, byte[] request) {
        assertEquals(RESPONDER, url);
        return answer.length == 0 ? Optional.empty() : Optional.of(answer);
      }
    };
  }

  private static final byte[] NONE = {};

  @Test
  void aStapledResponseDecidesWithoutARequest() throws Exception {
    assertInstanceOf(
        RevocationCheck.RevocationStatus.NotRevoked.class,
        ask(RevocationCheck.RevocationFetcher.none(), ocsp(CertificateStatus.GOOD), false));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevokedCertificate.class,
        ask(RevocationCheck.RevocationFetcher.none(), ocsp(revoked()), false));
  }

  @Test
  void theResponderIsAskedThenTheList() throws Exception {
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevokedCertificate.class,
        ask(web(NONE, ocsp(revoked())), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.NotRevoked.class,
        ask(web(NONE, ocsp(CertificateStatus.GOOD)), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevokedCertificate.class,
        ask(web(list(true, caKeys, Duration.ofDays(1)), NONE), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.NotRevoked.class,
        ask(web(list(false, caKeys, Duration.ofDays(1)), NONE), null, true));
  }

  @Test
  void unsignedOrOldResponsesAreIgnored() throws Exception {
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevocationUnknown.class,
        ask(web(list(true, leafKeys, Duration.ofDays(1)), NONE), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevocationUnknown.class,
        ask(web(list(false, caKeys, Duration.ofHours(-2)), NONE), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevocationUnknown.class,
        ask(web(new byte[] {1, 2, 3}, new byte[] {4, 5}), null, true));
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevocationUnknown.class, ask(web(NONE, NONE), null, true));
  }

  @Test
  void aQuickScanMakesNoRequest() {
    assertInstanceOf(
        RevocationCheck.RevocationStatus.RevocationUnknown.class,
        ask(
            new RevocationCheck.RevocationFetcher() {
              @Override
              public Optional<byte[]> fetch(String url) {
                throw new AssertionError("asked");
              }

              @Override
              public Optional<byte[]> ask(String url, byte[] request) {
                throw new AssertionError("asked");
              }
            },
            null,
            false));
  }

  @Test
  void theRequestIsUnderstoodByOpenssl() throws Exception {
    byte[] der = OcspRequest.of(leaf, ca).orElseThrow();
    OCSPReq request = new OCSPReq(der);
    DigestCalculator sha1 =
        new JcaDigestCalculatorProviderBuilder().build().get(CertificateID.HASH_SHA1);
    CertificateID id =
        new CertificateID(sha1, new JcaX509CertificateHolder(ca), leaf.getSerialNumber());
    assertEquals(id, request.getRequestList()[0].getCertID());
    assertEquals(OCSPResp.SUCCESSFUL, 0);
    assertEquals("1.3.6.1.5.5.7.48.1", OCSPObjectIdentifiers.id_pkix_ocsp.getId());
  }
}
