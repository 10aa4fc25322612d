package org.sealwax.mail.tls;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Security;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import javax.net.ssl.ExtendedSSLSession;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** The JDK's own TLS. */
final class JsseEngines implements EngineFactory {
  private static final String DISABLED = "jdk.tls.disabledAlgorithms";

  /** What a floor may ask for; everything else that the JDK disables stays disabled. */
  private static final Set<String> LEFT_TO_FLOORS = Set.of("TLSv1", "TLSv1.1", "TLS_RSA_*");

  private static final int SERVER_SESSIONS = 1_000;

  /** All that JSSE has, the usual ones first. */
  private static final String[] ALL_GROUPS = {
    "x25519",
    "secp256r1",
    "secp384r1",
    "secp521r1",
    "x448",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192"
  };

  private final AtomicInteger open = new AtomicInteger();

  JsseEngines() {
    prepare();
  }

  /**
   * Hands versions and suites over from the JDK's global switch to our floors, and widens limits of
   * the handshake (20 certificates, 64 KiB). JSSE reads these once, when it is first used.
   */
  static void prepare() {
    String disabled = Security.getProperty(DISABLED);
    if (disabled != null) {
      Security.setProperty(
          DISABLED,
          Arrays.stream(disabled.split(","))
              .map(String::strip)
              .filter(word -> !LEFT_TO_FLOORS.contains(word))
              .collect(Collectors.joining(", ")));
    }
    raise("jdk.tls.maxHandshakeMessageSize", 128 * 1024);
    raise("jdk.tls.client.maxInboundCertificateChainLength", 32);
    raise("jdk.tls.server.maxInboundCertificateChainLength", 32);
  }

  private static void raise(String property, int value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, Integer.toString(value));
    }
  }

  @Override
  public TlsEngine kind() {
    return TlsEngine.JSSE;
  }

  @Override
  public int open() {
    return open.get();
  }

  private static SSLContext context(@Nullable Identity identity, int sessions) throws SSLException {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(
          identity == null ? new KeyManager[0] : new KeyManager[] {new OneKey(identity)},
          new TrustManager[] {new AcceptAllTrustManager()},
          null);
      for (var held :
          List.of(context.getServerSessionContext(), context.getClientSessionContext())) {
        held.setSessionCacheSize(sessions);
        held.setSessionTimeout((int) SESSION_LIFETIME.toSeconds());
      }
      return context;
    } catch (GeneralSecurityException e) {
      throw new SSLException("JSSE cannot be initialized", e);
    }
  }

  private static String[] groups(List<String> names) {
    String[] known = names.stream().filter(name -> !name.contains("MLKEM")).toArray(String[]::new);
    return known.length == 0 ? new String[] {"x25519", "secp256r1"} : known;
  }

  @Override
  public ServerContext server(ListenerTlsSettings listener, Identity identity, byte[] context)
      throws SSLException {
    SSLContext shared = context(identity, SERVER_SESSIONS);
    String[] versions = SuitePreference.versions(listener.floor(), TlsVersion.TLS_1_3);
    List<String> suites = SuitePreference.forServer(listener.floor());
    return new ServerContext() {
      @Override
      public TlsEngineHandle engine() throws SSLException {
        // Only a context of its own makes JSSE drop its sessions: its tickets are valid nowhere
        // else.
        SSLContext used = listener.resumption() ? shared : context(identity, 1);
        SSLEngine engine = used.createSSLEngine();
        engine.setUseClientMode(false);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(versions);
        parameters.setCipherSuites(
            BoringSslEngines.supported(suites, engine.getSupportedCipherSuites()));
        parameters.setUseCipherSuitesOrder(true);
        parameters.setNamedGroups(groups(listener.groups()));
        if (!listener.protocols().isEmpty()) {
          // JSSE ends the handshake when the client offers none of these (RFC 7301 3.2).
          parameters.setApplicationProtocols(listener.protocols().toArray(String[]::new));
        }
        if (listener.clientCertificates() != ClientCertificateMode.NONE) {
          parameters.setWantClientAuth(true);
        }
        engine.setSSLParameters(parameters);
        return new JsseEngine(engine);
      }

      @Override
      public void ticketKeys(List<byte[]> keys) {
        // JSSE makes and rotates its own, per SSLContext.
      }

      @Override
      public void close() {
        // Left to the collector.
      }
    };
  }

  @Override
  public ClientContext client(ClientTlsSettings settings, @Nullable Identity identity)
      throws SSLException {
    SSLContext shared = context(identity, settings.sessions());
    return new ClientContext() {
      @Override
      public TlsEngineHandle engine(ClientOffer offer, @Nullable String sessions) {
        SSLEngine engine =
            sessions == null ? shared.createSSLEngine() : shared.createSSLEngine(sessions, 25);
        engine.setUseClientMode(true);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(SuitePreference.versions(offer.floor(), offer.highest()));
        parameters.setCipherSuites(
            BoringSslEngines.supported(
                SuitePreference.forClient(offer), engine.getSupportedCipherSuites()));
        parameters.setNamedGroups(offer.compatible() ? ALL_GROUPS : groups(settings.groups()));
        parameters.setServerNames(
            offer.serverName() == null
                ? List.of()
                : List.of(new HostName(offer.serverName().name())));
        engine.setSSLParameters(parameters);
        return new JsseEngine(engine);
      }

      @Override
      public void close() {
        // Left to the collector.
      }
    };
  }

  /** As SNIHostName, which refuses the underscores that the DNS allows. */
  private static final class HostName extends SNIServerName {
    HostName(String name) {
      super(0, name.getBytes(StandardCharsets.US_ASCII));
    }
  }

  private final class JsseEngine implements TlsEngineHandle {
    private final SSLEngine engine;

    JsseEngine(SSLEngine engine) {
      this.engine = engine;
      open.incrementAndGet();
    }

    @Override
    public SSLEngine ssl() {
      return engine;
    }

    @Override
    public boolean direct() {
      return false;
    }

    @Override
    public boolean passesOverHelloRequests() {
      return false;
    }

    @Override
    public byte @Nullable [] staple() {
      return engine.getUseClientMode()
              && engine.getSession() instanceof ExtendedSSLSession session
              && !session.getStatusResponses().isEmpty()
              && session.getStatusResponses().getFirst().length > 0
          ? session.getStatusResponses().getFirst()
          : null;
    }

    @Override
    public void noTickets() {
      // JSSE leaves a chain that does not fit out by itself.
    }

    @Override
    public void release() {
      open.decrementAndGet();
    }
  }
}
