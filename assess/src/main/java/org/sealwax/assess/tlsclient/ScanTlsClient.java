package org.sealwax.assess.tlsclient;

import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Hashtable;
import java.util.HexFormat;
import java.util.List;
import java.util.Vector;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.tls.Certificate;
import org.bouncycastle.tls.CertificateEntry;
import org.bouncycastle.tls.CertificateRequest;
import org.bouncycastle.tls.CertificateStatus;
import org.bouncycastle.tls.CertificateStatusRequest;
import org.bouncycastle.tls.ContentType;
import org.bouncycastle.tls.DefaultTlsClient;
import org.bouncycastle.tls.ExtensionType;
import org.bouncycastle.tls.HandshakeMessageInput;
import org.bouncycastle.tls.HandshakeType;
import org.bouncycastle.tls.NewSessionTicket;
import org.bouncycastle.tls.OCSPStatusRequest;
import org.bouncycastle.tls.ProtocolName;
import org.bouncycastle.tls.ProtocolVersion;
import org.bouncycastle.tls.SecurityParameters;
import org.bouncycastle.tls.ServerName;
import org.bouncycastle.tls.SignatureAndHashAlgorithm;
import org.bouncycastle.tls.SignatureScheme;
import org.bouncycastle.tls.TlsAuthentication;
import org.bouncycastle.tls.TlsClientProtocol;
import org.bouncycastle.tls.TlsCredentials;
import org.bouncycastle.tls.TlsDHGroupVerifier;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsFatalAlertReceived;
import org.bouncycastle.tls.TlsServerCertificate;
import org.bouncycastle.tls.crypto.TlsCertificate;
import org.bouncycastle.tls.crypto.TlsCryptoParameters;
import org.bouncycastle.tls.crypto.impl.bc.BcDefaultTlsCredentialedSigner;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.PresentationWriter;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/**
 * A TLS client for scans: supports TLS 1.0 to 1.3, accepts any certificate, and records what the
 * server sends. One connection, one thread.
 */
public final class ScanTlsClient {
  /** Bytes of one handshake message that are taken: long chains and lists of CAs. */
  static final int MAX_MESSAGE = 256 * 1024;

  private static final int MAX_CHAIN = 32;
  private static final HexFormat HEX = HexFormat.of();

  private ScanTlsClient() {}

  /**
   * How a handshake ended.
   *
   * @param wire under TLS, or null when it failed
   * @param facts as far as it came
   * @param alert the server's fatal alert, or -1
   * @param failure in words, empty when there was none
   * @param ourFault whether we broke it off ourselves (we sent an alert)
   * @param silent whether the time passed without an answer
   */
  public record ScanHandshakeResult(
      @Nullable ScanTlsWire wire,
      ScanHandshakeFacts facts,
      int alert,
      String failure,
      boolean ourFault,
      boolean silent) {}

  /** Handshake over {@code clear}, which the caller closes. */
  public static ScanHandshakeResult connect(Wire clear, ScanTlsOffer offer) {
    ScanTlsCrypto crypto = new ScanTlsCrypto();
    ScanTlsPeer peer = new ScanTlsPeer(crypto, offer);
    ScanTlsProtocol protocol = new ScanTlsProtocol(clear, peer);
    try {
      protocol.connect(peer);
      return new ScanHandshakeResult(
          new ScanTlsWire(clear, protocol, peer), peer.facts(), -1, "", false, false);
    } catch (TlsFatalAlertReceived e) {
      return new ScanHandshakeResult(
          null, peer.facts(), e.getAlertDescription(), text(e), false, false);
    } catch (TlsFatalAlert e) {
      return new ScanHandshakeResult(null, peer.facts(), -1, text(e), true, false);
    } catch (IOException e) {
      boolean silent = e instanceof InterruptedIOException;
      return new ScanHandshakeResult(null, peer.facts(), -1, text(e), false, silent);
    } catch (RuntimeException e) {
      // The library throws unchecked exceptions at some hostile input; the connection has failed
      // then too.
      return new ScanHandshakeResult(null, peer.facts(), -1, text(e), true, false);
    }
  }

  private static String text(Exception e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }

  /** The protocol, which also records what the library hides. */
  static final class ScanTlsProtocol extends TlsClientProtocol {
    private final ScanTlsPeer peer;
    private boolean renegotiating;
    private boolean renegotiated;

    private final PaddingTamper out;

    ScanTlsProtocol(Wire clear, ScanTlsPeer peer) {
      this(clear, new PaddingTamper(clear.out()), peer);
    }

    private ScanTlsProtocol(Wire clear, PaddingTamper out, ScanTlsPeer peer) {
      super(clear.in(), out);
      this.out = out;
      this.peer = peer;
    }

    void alterPadding() {
      ((ScanTlsCrypto) peer.getCrypto()).longestPadding();
      out.active = true;
    }

    /** Records that were altered. */
    int altered() {
      return out.altered;
    }

    @Override
    protected void receive13NewSessionTicket(ByteArrayInputStream in) throws IOException {
      peer.ticket13(in.readAllBytes());
    }

    @Override
    protected void handleHandshakeMessage(short type, HandshakeMessageInput in) throws IOException {
      if (renegotiating && type == HandshakeType.server_hello) {
        renegotiated = true;
        throw new TlsFatalAlert(org.bouncycastle.tls.AlertDescription.user_canceled);
      }
      super.handleHandshakeMessage(type, in);
    }

    boolean renegotiated() {
      return renegotiated;
    }

    /** An encrypted ClientHello (RFC 5746 3.5). */
    void renegotiate(List<Integer> suites, boolean secure) throws IOException {
      renegotiating = true;
      SecurityParameters now = getContext().getSecurityParametersConnection();
      ClientHelloBuilder hello =
          new ClientHelloBuilder(now.getNegotiatedVersion().getFullVersion())
              .random(getContext().getNonceGenerator().generateNonce(32))
              .suites(suites);
      if (secure) {
        hello.extension(
            ClientHelloBuilder.RENEGOTIATION_INFO,
            new PresentationWriter().vector(1, now.getLocalVerifyData()).done());
      }
      if (now.isExtendedMasterSecret()) {
        // RFC 7627 5.3: what the first handshake had the second must have too.
        hello.extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET);
      }
      hello.groups(List.of(29, 23, 24)).pointFormats().schemes(List.of(0x0401, 0x0403, 0x0804));
      byte[] message = hello.message();
      safeWriteRecord(ContentType.handshake, message, 0, message.length);
    }
  }

  /**
   * Alters the last block but one of records with data. Decrypted, that block and one byte of the
   * last are noise, and both are padding when there is enough of it (RFC 5246 6.2.3.2).
   */
  private static final class PaddingTamper extends FilterOutputStream {
    private static final int BLOCK = 16;
    private static final int ENOUGH = RecordHeader.SIZE + 8 * BLOCK;
    private boolean active;
    private int altered;

    PaddingTamper(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      if (!active || bytes[offset] != RecordHeader.APPLICATION_DATA || length < ENOUGH) {
        out.write(bytes, offset, length);
        return;
      }
      byte[] wrong = Arrays.copyOfRange(bytes, offset, offset + length);
      wrong[length - 2 * BLOCK] ^= 1;
      altered++;
      out.write(wrong);
    }
  }

  /** The client's side: the offer, and the messages received. */
  static final class ScanTlsPeer extends DefaultTlsClient {
    private final ScanTlsOffer offer;
    private final List<ScanHandshakeFacts.SessionTicketFacts> tickets = new ArrayList<>();
    private final List<String> chain = new ArrayList<>();
    private ScanHandshakeFacts.@Nullable CertificateRequestFacts request;
    private @Nullable String staple;
    private int version;
    private int suite = -1;
    private boolean secure;

    ScanTlsPeer(BcTlsCrypto crypto, ScanTlsOffer offer) {
      super(crypto);
      this.offer = offer;
    }

    synchronized ScanHandshakeFacts facts() {
      SecurityParameters now = context == null ? null : parameters();
      int group = now == null ? -1 : now.getNegotiatedGroup();
      byte[] id = now == null ? null : now.getSessionID();
      ProtocolName protocol = now == null ? null : now.getApplicationProtocol();
      return new ScanHandshakeFacts(
          version,
          suite,
          group,
          chain,
          staple,
          request,
          tickets,
          id == null ? "" : HEX.formatHex(id),
          now != null && (version >= Records.TLS13 || now.isExtendedMasterSecret()),
          version >= Records.TLS13 || secure,
          protocol == null ? null : protocol.getUtf8Decoding(),
          -1);
    }

    private @Nullable SecurityParameters parameters() {
      SecurityParameters connection = context.getSecurityParametersConnection();
      return connection != null ? connection : context.getSecurityParametersHandshake();
    }

    @Override
    protected ProtocolVersion[] getSupportedVersions() {
      List<ProtocolVersion> all = new ArrayList<>();
      for (int v = offer.highest(); v >= offer.lowest(); v--) {
        all.add(ProtocolVersion.get(v >> 8, v & 0xff));
      }
      return all.toArray(new ProtocolVersion[0]);
    }

    @Override
    protected int[] getSupportedCipherSuites() {
      List<Integer> wanted = offer.suites();
      if (wanted.isEmpty()) {
        wanted = ScanTlsDefaults.SUITES;
      }
      int[] numbers = wanted.stream().mapToInt(Integer::intValue).toArray();
      return org.bouncycastle.tls.TlsUtils.getSupportedCipherSuites(getCrypto(), numbers);
    }

    @Override
    protected @Nullable Vector<ServerName> getSNIServerNames() {
      if (offer.serverName().isEmpty()) {
        return null;
      }
      Vector<ServerName> names = new Vector<>();
      names.add(
          new ServerName(
              (short) 0, offer.serverName().getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
      return names;
    }

    @Override
    protected Vector<?> getSupportedSignatureAlgorithms() {
      Vector<SignatureAndHashAlgorithm> all = new Vector<>();
      for (int scheme : offer.schemes().isEmpty() ? ScanTlsDefaults.SCHEMES : offer.schemes()) {
        all.add(SignatureScheme.getSignatureAndHashAlgorithm(scheme));
      }
      return all;
    }

    @Override
    @SuppressWarnings("rawtypes") // the library's signature is raw
    protected Vector<Integer> getSupportedGroups(Vector roles) {
      Vector<Integer> all = new Vector<>();
      for (int group : ScanTlsDefaults.GROUPS) {
        if (getCrypto().hasNamedGroup(group)) {
          all.add(group);
        }
      }
      return all;
    }

    @Override
    protected @Nullable Vector<ProtocolName> getProtocolNames() {
      if (offer.alpn().isEmpty()) {
        return null;
      }
      Vector<ProtocolName> names = new Vector<>();
      offer.alpn().forEach(name -> names.add(ProtocolName.asUtf8Encoding(name)));
      return names;
    }

    @Override
    protected CertificateStatusRequest getCertificateStatusRequest() {
      return new CertificateStatusRequest((short) 1, new OCSPStatusRequest(null, null));
    }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"}) // the library's signature is raw
    public Hashtable getClientExtensions() throws IOException {
      Hashtable<Integer, byte[]> all = super.getClientExtensions();
      // MAC first and then encryption: what the tests of padding need, and harmless for the others.
      all.remove(ExtensionType.encrypt_then_mac);
      if (offer.lowest() < Records.TLS13) {
        all.put(ExtensionType.session_ticket, new byte[0]);
      }
      return all;
    }

    @Override
    public TlsDHGroupVerifier getDHGroupVerifier() {
      // Small groups must be accepted here: they are what the scan looks for.
      return group -> true;
    }

    @Override
    public boolean shouldUseExtendedPadding() {
      return true;
    }

    @Override
    public boolean shouldCheckSigAlgOfPeerCerts() {
      return false;
    }

    @Override
    public boolean requiresCloseNotify() {
      return false;
    }

    @Override
    public int getMaxCertificateChainLength() {
      return MAX_CHAIN;
    }

    @Override
    public int getMaxHandshakeMessageSize() {
      return MAX_MESSAGE;
    }

    @Override
    public void notifySecureRenegotiation(boolean spoken) {
      secure = spoken;
    }

    @Override
    public void notifyServerVersion(ProtocolVersion chosen) throws IOException {
      version = chosen.getFullVersion();
      super.notifyServerVersion(chosen);
    }

    @Override
    public void notifySelectedCipherSuite(int chosen) {
      suite = chosen;
      super.notifySelectedCipherSuite(chosen);
    }

    @Override
    public synchronized void notifyNewSessionTicket(NewSessionTicket ticket) throws IOException {
      super.notifyNewSessionTicket(ticket);
      if (ticket.getTicket() != null && ticket.getTicket().length > 0) {
        tickets.add(
            new ScanHandshakeFacts.SessionTicketFacts(
                ticket.getTicketLifetimeHint(), HEX.formatHex(ticket.getTicket()), -1));
      }
    }

    /** RFC 8446 4.6.1. */
    synchronized void ticket13(byte[] body) {
      Tls13Ticket.read(body).ifPresent(tickets::add);
    }

    @Override
    public TlsAuthentication getAuthentication() {
      return new TlsAuthentication() {
        @Override
        public void notifyServerCertificate(TlsServerCertificate sent) throws IOException {
          for (TlsCertificate one : sent.getCertificate().getCertificateList()) {
            chain.add(HEX.formatHex(one.getEncoded()));
          }
          CertificateStatus status = sent.getCertificateStatus();
          if (status != null && status.getStatusType() == 1) {
            staple = HEX.formatHex(status.getOCSPResponse().getEncoded());
          }
        }

        @Override
        public @Nullable TlsCredentials getClientCredentials(CertificateRequest asked)
            throws IOException {
          return credentials(asked);
        }
      };
    }

    private @Nullable TlsCredentials credentials(CertificateRequest asked) throws IOException {
      int bytes = 0;
      Vector<?> names = asked.getCertificateAuthorities();
      if (names != null) {
        for (Object name : names) {
          bytes += 2 + ((X500Name) name).getEncoded("DER").length;
        }
      }
      request =
          new ScanHandshakeFacts.CertificateRequestFacts(names == null ? 0 : names.size(), bytes);
      ScanClientCertificate own = offer.identity();
      return own == null ? null : signer(asked, own);
    }

    private TlsCredentials signer(CertificateRequest asked, ScanClientCertificate own)
        throws IOException {
      AsymmetricKeyParameter key = PrivateKeyFactory.createKey(own.key().getEncoded());
      BcTlsCrypto crypto = (BcTlsCrypto) getCrypto();
      TlsCertificate leaf = crypto.createCertificate(own.certificate());
      Certificate sent =
          version >= Records.TLS13
              ? new Certificate(
                  asked.getCertificateRequestContext(),
                  new CertificateEntry[] {new CertificateEntry(leaf, null)})
              : new Certificate(new TlsCertificate[] {leaf});
      SignatureAndHashAlgorithm algorithm =
          version >= Records.TLS12
              ? SignatureScheme.getSignatureAndHashAlgorithm(SignatureScheme.ecdsa_secp256r1_sha256)
              : null;
      return new BcDefaultTlsCredentialedSigner(
          new TlsCryptoParameters(context), crypto, key, sent, algorithm);
    }
  }

  /** The default offer. */
  private static final class ScanTlsDefaults {
    /** The common ones first: a share is sent for the first one. */
    private static final List<Integer> GROUPS =
        List.of(29, 23, 24, 25, 30, 26, 27, 28, 31, 32, 33, 22, 21, 20, 19, 256, 257, 258);

    private static final List<Integer> SCHEMES =
        List.of(
            0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b,
            0x0401, 0x0501, 0x0601, 0x0303, 0x0301, 0x0203, 0x0201, 0x0202);

    /** Best first: AEAD and forward secrecy, then what old servers have. */
    private static final List<Integer> SUITES =
        TlsSuite.all().stream()
            .filter(TlsSuite::registered)
            .filter(s -> s.certificateOrAnonymous() && !s.export() && s.bits() >= 112)
            .filter(s -> s.authentication() != TlsSuite.Authentication.ANONYMOUS)
            .filter(
                s -> s.exchange() != TlsSuite.Exchange.DH && s.exchange() != TlsSuite.Exchange.ECDH)
            .sorted(
                java.util.Comparator.comparing((TlsSuite s) -> !s.tls13())
                    .thenComparing(s -> !s.forwardSecret())
                    .thenComparing(s -> !s.aead())
                    .thenComparing(s -> s.bulk() != TlsSuite.Bulk.AES))
            .map(TlsSuite::id)
            .toList();
  }
}
