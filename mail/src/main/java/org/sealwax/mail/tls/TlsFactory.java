package org.sealwax.mail.tls;

import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The entry point of this package: makes the client and the servers of one process, over one
 * engine. The engine is loaded at the first handshake or by {@link #loadEngine}, so that it does
 * not delay the listeners.
 */
public final class TlsFactory {
  private static final Logger LOG = LoggerFactory.getLogger(TlsFactory.class);

  private final TlsSettings settings;
  private final Clock clock;
  private final RandomSource random;
  private final PeerVerifier verifier;
  private @Nullable EngineFactory engines;
  private final EngineFactory secondEngine = new JsseEngines();

  /**
   * Nothing is loaded yet.
   *
   * @param settings which engine is tried first
   * @param clock source of the current time
   * @param random source of randomness
   */
  public TlsFactory(TlsSettings settings, Clock clock, RandomSource random) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
    this.verifier = new PeerVerifier(clock);
  }

  /**
   * Hands protocol versions over from the JDK's global switches to our floors. JSSE reads them
   * once: call this first thing in {@code main}, before anything else touches TLS. Cheap.
   */
  public static void prepareJvm() {
    JsseEngines.prepare();
  }

  /**
   * Loads the engine now: call it in the background once the listeners listen.
   *
   * @return the engine that was loaded
   */
  public TlsEngine loadEngine() {
    return engines().kind();
  }

  synchronized EngineFactory engines() {
    EngineFactory there = engines;
    if (there == null) {
      there = load();
      engines = there;
    }
    return there;
  }

  /** The JDK's engine: it supports algorithms that BoringSSL has removed. */
  EngineFactory secondEngine() {
    return secondEngine;
  }

  private EngineFactory load() {
    if (settings.engine() == TlsEngine.BORINGSSL) {
      try {
        return BoringSslEngines.load();
      } catch (SSLException | LinkageError e) {
        LOG.warn(
            "the BoringSSL library could not be loaded; TLS uses the JDK's engine, which is"
                + " slower and does not support X25519MLKEM768",
            e);
      }
    }
    return secondEngine;
  }

  /**
   * Engines of connections not yet closed, for metrics and leak tests.
   *
   * @return how many
   */
  public int openEngines() {
    EngineFactory first = engines();
    return first.open() + (first == secondEngine ? 0 : secondEngine.open());
  }

  /** {@return the verifier that all handshakes of this package use} */
  public PeerVerifier verifier() {
    return verifier;
  }

  /**
   * {@return the outbound side}
   *
   * @param client groups and session cache
   * @param identities whose default identity is shown to servers that ask
   */
  public TlsClient client(ClientTlsSettings client, IdentityStore identities) {
    return new EngineTlsClient(this, client, identities, verifier);
  }

  /**
   * {@return an outbound side that never shows a certificate: for clients that only scan}
   *
   * @param client groups and session cache
   */
  public TlsClient client(ClientTlsSettings client) {
    return new EngineTlsClient(this, client, null, verifier);
  }

  /**
   * {@return the inbound side of one listener}
   *
   * @param listener the settings of the listener
   * @param identities the certificates that are shown
   * @param references identities that clients are checked against: names and pins that count for
   *     relaying, and the roots. Keep the instance of {@link TrustRoots}: it is what results are
   *     remembered by
   */
  public TlsServer server(
      ListenerTlsSettings listener, IdentityStore identities, ReferenceIdentity references) {
    return server(listener, identities, ProtocolIdentities.NONE, references);
  }

  /**
   * {@return the inbound side of one listener, with certificates of their own for one application
   * protocol}
   *
   * @param listener the settings of the listener
   * @param identities the certificates that are shown
   * @param special those for one application protocol
   * @param references as above
   */
  public TlsServer server(
      ListenerTlsSettings listener,
      IdentityStore identities,
      ProtocolIdentities special,
      ReferenceIdentity references) {
    return new EngineTlsServer(
        this, listener, identities, special, references, verifier, clock, random);
  }
}
