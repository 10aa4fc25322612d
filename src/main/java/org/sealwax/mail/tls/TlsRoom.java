package org.sealwax.mail.tls;

import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The door of this room: makes the client and the servers of one process, over one engine. The
 * engine is loaded at the first handshake or by {@link #warm}, so that it is not on the way to
 * listening.
 */
public final class TlsRoom {
  private static final Logger LOG = LoggerFactory.getLogger(TlsRoom.class);

  private final TlsSettings settings;
  private final Clock clock;
  private final Chance chance;
  private final Judge judge;
  private @Nullable EngineFactory engines;
  private final EngineFactory second = new JsseEngines();

  /** Nothing is loaded yet. */
  public TlsRoom(TlsSettings settings, Clock clock, Chance chance) {
    this.settings = settings;
    this.clock = clock;
    this.chance = chance;
    this.judge = new Judge(clock);
  }

  /**
   * Hands protocol versions over from the JDK's global switches to our floors. JSSE reads them
   * once: call this first thing in {@code main}, before anything else touches TLS. Cheap.
   */
  public static void beforeAnything() {
    JsseEngines.prepare();
  }

  /** Loads the engine now: call it in the background once the listeners listen. */
  public TlsEngine warm() {
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

  /** The JDK's engine: it knows what BoringSSL has given up. */
  EngineFactory second() {
    return second;
  }

  private EngineFactory load() {
    if (settings.engine() == TlsEngine.BORINGSSL) {
      try {
        return BoringEngines.load();
      } catch (SSLException | LinkageError e) {
        LOG.warn(
            "TLS runs on the JDK's engine, slower and without X25519MLKEM768:"
                + " the native library did not load",
            e);
      }
    }
    return second;
  }

  /** Engines of connections not yet closed, for metrics and leak tests. */
  public int openEngines() {
    EngineFactory first = engines();
    return first.open() + (first == second ? 0 : second.open());
  }

  /** The judge that all handshakes of this room go through. */
  public Judge judge() {
    return judge;
  }

  /**
   * The outbound side.
   *
   * @param identities whose default identity is shown to servers that ask
   */
  public TlsClient client(ClientTls client, IdentityStore identities) {
    return new EngineTlsClient(this, client, identities, judge);
  }

  /** An outbound side that never shows a certificate: for those who only ask. */
  public TlsClient client(ClientTls client) {
    return new EngineTlsClient(this, client, null, judge);
  }

  /**
   * The inbound side of one listener.
   *
   * @param references against which clients are judged: names and pins that count for relaying, and
   *     the roots. Keep the instance of {@link TrustRoots}: it is what results are remembered by
   */
  public TlsServer server(ListenerTls listener, IdentityStore identities, References references) {
    return new EngineTlsServer(this, listener, identities, references, judge, clock, chance);
  }
}
