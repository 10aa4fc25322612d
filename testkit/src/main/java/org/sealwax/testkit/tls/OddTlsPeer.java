package org.sealwax.testkit.tls;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.PrivateKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.List;
import java.util.Locale;
import java.util.Vector;
import java.util.function.Function;
import org.bouncycastle.asn1.ocsp.OCSPResponse;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.tls.AbstractTlsServer;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateEntry;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CertificateStatus;
import org.bouncycastle.tls.CertificateStatusType;
import org.bouncycastle.tls.CipherSuite;
import org.bouncycastle.tls.ClientCertificateType;
import org.bouncycastle.tls.HashAlgorithm;
import org.bouncycastle.tls.KeyExchangeAlgorithm;
import org.bouncycastle.tls.NameType;
import org.bouncycastle.tls.NamedGroup;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SecurityParameters;
import org.bouncycastle.tls.ServerName;
import org.bouncycastle.tls.SignatureAlgorithm;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.SignatureScheme;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsExtensionsUtils;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsSession;
import org.bouncycastle.tls.TlsUtils;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.TlsDHConfig;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedDecryptor;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;

/** The choices of one odd handshake. */
final class OddTlsPeer extends AbstractTlsServer {
  private static final int[] TLS_13 = {
    CipherSuite.TLS_AES_256_GCM_SHA384,
    CipherSuite.TLS_AES_128_GCM_SHA256,
    CipherSuite.TLS_CHACHA20_POLY1305_SHA256
  };
  private static final int[] ECDSA = {
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
    CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA
  };
  private static final int[] RSA = {
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    CipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
    CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA
  };

  private final BcTlsCrypto bc;
  private final OddTlsBehaviour behaviour;
  private final Function<@Nullable String, IssuedCertificate> identity;
  private Certificate clientChain = Certificate.EMPTY_CHAIN;

  /** Kept here: the library forgets it at the end of the handshake. */
  private @Nullable String asked;

  private @Nullable IssuedCertificate presented;

  private final TlsSessionCache sessions;

  OddTlsPeer(
      BcTlsCrypto crypto,
      OddTlsBehaviour behaviour,
      Function<@Nullable String, IssuedCertificate> identity,
      TlsSessionCache sessions) {
    super(crypto);
    this.sessions = sessions;
    this.bc = crypto;
    this.behaviour = behaviour;
    this.identity = identity;
  }

  OddTlsWire.NegotiatedTls negotiated() throws IOException {
    SecurityParameters facts = context.getSecurityParametersConnection();
    return new OddTlsWire.NegotiatedTls(
        facts.getNegotiatedVersion().getFullVersion(),
        facts.getCipherSuite(),
        facts.getNegotiatedGroup(),
        asked,
        OddTlsServer.der(clientChain));
  }

  @Override
  protected ProtocolVersion[] getSupportedVersions() {
    List<ProtocolVersion> all = new ArrayList<>();
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DOWNGRADE_SENTINEL)) {
      all.add(ProtocolVersion.TLSv13);
    }
    behaviour.versions().forEach(v -> all.add(ProtocolVersion.get(v >> 8, v & 0xff)));
    return all.stream().distinct().toArray(ProtocolVersion[]::new);
  }

  @Override
  public ProtocolVersion getServerVersion() throws IOException {
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DOWNGRADE_SENTINEL)) {
      // The marker in the random is then made by the library, as for any server that can do more.
      return ProtocolVersion.TLSv12;
    }
    return super.getServerVersion();
  }

  @Override
  protected int[] getSupportedCipherSuites() {
    if (!behaviour.suites().isEmpty()) {
      return behaviour.suites().stream().mapToInt(Integer::intValue).toArray();
    }
    boolean rsa = identity.apply(null).key().getAlgorithm().equals("RSA");
    int[] old = rsa ? RSA : ECDSA;
    int[] all = Arrays.copyOf(TLS_13, TLS_13.length + old.length);
    System.arraycopy(old, 0, all, TLS_13.length, old.length);
    return TlsUtils.getSupportedCipherSuites(bc, all);
  }

  @Override
  public @Nullable TlsSession getSessionToResume(byte[] id) {
    return behaviour.quirks().contains(OddTlsBehaviour.TlsFault.SESSIONS)
        ? sessions.find(id)
        : null;
  }

  @Override
  public byte[] getNewSessionID() {
    return behaviour.quirks().contains(OddTlsBehaviour.TlsFault.SESSIONS)
        ? context.getNonceGenerator().generateNonce(32)
        : TlsUtils.EMPTY_BYTES;
  }

  @Override
  public void notifyHandshakeComplete() throws IOException {
    super.notifyHandshakeComplete();
    TlsSession session = context.getSession();
    if (session != null && behaviour.quirks().contains(OddTlsBehaviour.TlsFault.SESSIONS)) {
      sessions.add(session);
    }
  }

  @Override
  public TlsDHConfig getDHConfig() throws IOException {
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DH_512)) {
      return new TlsDHConfig(WeakDhGroups.dh512());
    }
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DH_768)) {
      return new TlsDHConfig(WeakDhGroups.dh768());
    }
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DH_1024)) {
      return new TlsDHConfig(WeakDhGroups.dh1024());
    }
    return behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DH_2048)
        ? new TlsDHConfig(NamedGroup.ffdhe2048, false)
        : super.getDHConfig();
  }

  @Override
  protected int selectDH(int minimumFiniteFieldBits) {
    return NamedGroup.ffdhe2048;
  }

  @Override
  public int[] getSupportedGroups() {
    return behaviour.groups().stream().mapToInt(Integer::intValue).toArray();
  }

  @Override
  public boolean preferLocalSupportedGroups() {
    return true;
  }

  @Override
  protected int selectECDH(int minimumCurveBits) {
    int[] offered = context.getSecurityParametersHandshake().getClientSupportedGroups();
    for (int group : behaviour.groups()) {
      if (NamedGroup.refersToAnECDHCurve(group)
          && (offered == null || Arrays.stream(offered).anyMatch(o -> o == group))) {
        return group;
      }
    }
    return -1;
  }

  private static @Nullable String serverName(SecurityParameters facts) {
    Vector<?> names = facts.getClientServerNames();
    if (names == null) {
      return null;
    }
    for (Object each : names) {
      if (each instanceof ServerName name && name.getNameType() == NameType.host_name) {
        return new String(name.getNameData(), StandardCharsets.US_ASCII).toLowerCase(Locale.ROOT);
      }
    }
    return null;
  }

  @Override
  public @Nullable TlsCredentials getCredentials() throws IOException {
    SecurityParameters facts = context.getSecurityParametersHandshake();
    String name = serverName(facts);
    asked = name;
    if (name != null && behaviour.quirks().contains(OddTlsBehaviour.TlsFault.REFUSE_SERVER_NAME)) {
      throw new TlsFatalAlert(AlertDescription.unrecognized_name);
    }
    if (isAnonymous(context.getSecurityParametersHandshake())) {
      return null;
    }
    IssuedCertificate issued = identity.apply(name);
    boolean tls13 = TlsUtils.isTLSv13(context);
    List<byte[]> ders = issued.chain();
    CertificateEntry[] entries = new CertificateEntry[ders.size()];
    TlsCertificate[] plain = new TlsCertificate[ders.size()];
    for (int i = 0; i < plain.length; i++) {
      plain[i] = bc.createCertificate(ders.get(i));
      entries[i] = new CertificateEntry(plain[i], i == 0 ? stapled(issued) : null);
    }
    presented = issued;
    Certificate chain =
        tls13 ? new Certificate(TlsUtils.EMPTY_BYTES, entries) : new Certificate(plain);
    AsymmetricKeyParameter key = PrivateKeyFactory.createKey(issued.key().getEncoded());
    if (!tls13 && facts.getKeyExchangeAlgorithm() == KeyExchangeAlgorithm.RSA) {
      return new BcDefaultTlsCredentialedDecryptor(bc, chain, key);
    }
    return new BcDefaultTlsCredentialedSigner(
        new TlsCryptoParameters(context),
        bc,
        key,
        chain,
        algorithm(issued.key(), facts.getClientSigAlgs(), tls13));
  }

  /** RFC 8446 4.4.2.1: with the certificate itself; below TLS 1.3 a message of its own. */
  @SuppressWarnings("JdkObsolete") // the library takes Hashtable and nothing else
  private @Nullable Hashtable<Integer, byte[]> stapled(IssuedCertificate issued)
      throws IOException {
    byte[] answer = issued.staple();
    boolean asked = context.getSecurityParametersHandshake().getStatusRequestVersion() > 0;
    if (answer == null || !asked) {
      return null;
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    status(answer).encode(body);
    Hashtable<Integer, byte[]> out = new Hashtable<>();
    out.put(TlsExtensionsUtils.EXT_status_request, body.toByteArray());
    return out;
  }

  private static CertificateStatus status(byte[] answer) {
    return new CertificateStatus(CertificateStatusType.ocsp, OCSPResponse.getInstance(answer));
  }

  @Override
  public @Nullable CertificateStatus getCertificateStatus() {
    IssuedCertificate of = presented;
    byte[] answer = of == null ? null : of.staple();
    return answer == null ? null : status(answer);
  }

  private static boolean isAnonymous(SecurityParameters facts) {
    return facts.getKeyExchangeAlgorithm() == KeyExchangeAlgorithm.DH_anon
        || facts.getKeyExchangeAlgorithm() == KeyExchangeAlgorithm.ECDH_anon;
  }

  private @Nullable SignatureAndHashAlgorithm algorithm(
      PrivateKey key, @Nullable Vector<?> offered, boolean tls13) {
    if (!TlsUtils.isSignatureAlgorithmsExtensionAllowed(context.getServerVersion())) {
      return null;
    }
    SignatureAndHashAlgorithm pss =
        SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.rsa_pss_rsae_sha256);
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.SHA1_SIGNATURE)) {
      return SignatureScheme.getSignatureAndHashAlgorithm(
          key.getAlgorithm().equals("RSA")
              ? SignatureScheme.rsa_pkcs1_sha1
              : SignatureScheme.ecdsa_sha1);
    }
    if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.MD5_SIGNATURE)) {
      return new SignatureAndHashAlgorithm(HashAlgorithm.md5, SignatureAlgorithm.rsa);
    }
    return switch (key.getAlgorithm()) {
      case "ML-DSA" -> SignatureAndHashAlgorithm.mldsa65;
      case "RSA" ->
          tls13 || (offered != null && offered.contains(pss))
              ? pss
              : SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.rsa_pkcs1_sha256);
      case "EC" ->
          SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.ecdsa_secp256r1_sha256);
      default -> SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.ed25519);
    };
  }

  @SuppressWarnings("JdkObsolete") // the library takes Vector and nothing else
  @Override
  public @Nullable CertificateRequest getCertificateRequest() throws IOException {
    if (behaviour.request() == OddTlsBehaviour.ClientCertificateRequest.NOTHING) {
      return null;
    }
    Vector<SignatureAndHashAlgorithm> algorithms = new Vector<>();
    for (int scheme :
        new int[] {
          SignatureScheme.ecdsa_secp256r1_sha256,
          SignatureScheme.rsa_pss_rsae_sha256,
          SignatureScheme.ecdsa_secp384r1_sha384,
          SignatureScheme.rsa_pss_rsae_sha512,
          SignatureScheme.ed25519,
          SignatureScheme.rsa_pkcs1_sha256
        }) {
      algorithms.add(SignatureScheme.getSignatureAndHashAlgorithm(scheme));
    }
    Vector<X500Name> authorities = new Vector<>();
    behaviour.authorities().forEach(name -> authorities.add(new X500Name(name)));
    return TlsUtils.isTLSv13(context)
        ? new CertificateRequest(
            TlsUtils.EMPTY_BYTES, algorithms, null, authorities.isEmpty() ? null : authorities)
        : new CertificateRequest(
            new short[] {ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign},
            algorithms,
            authorities);
  }

  @Override
  public void notifyClientCertificate(Certificate chain) throws IOException {
    clientChain = chain;
    if (behaviour.request() == OddTlsBehaviour.ClientCertificateRequest.REQUIRED
        && chain.isEmpty()) {
      throw new TlsFatalAlert(
          TlsUtils.isTLSv13(context)
              ? AlertDescription.certificate_required
              : AlertDescription.handshake_failure);
    }
  }
}
