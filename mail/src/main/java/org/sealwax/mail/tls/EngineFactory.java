package org.sealwax.mail.tls;

import java.time.Duration;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** A TLS implementation: makes engines, and reports its capabilities. */
sealed interface EngineFactory permits BoringSslEngines, JsseEngines {
  /** For logs. */
  TlsEngine kind();

  /** Engines made and not yet released: zero when everything is closed. */
  int open();

  /**
   * The server side of one listener with one identity.
   *
   * @param context names listener, identity and client-certificate mode: sessions never cross it
   */
  ServerContext server(ListenerTlsSettings listener, Identity identity, byte[] context)
      throws SSLException;

  /** The client side with one identity, or without any. */
  ClientContext client(ClientTlsSettings settings, @Nullable Identity identity) throws SSLException;

  /** An engine with its properties. */
  interface TlsEngineHandle {
    /** The engine, handshake not begun. */
    SSLEngine ssl();

    /** Whether it is fastest on direct buffers. */
    boolean direct();

    /** Whether it passes over a HelloRequest, and refuses all else that would renegotiate. */
    boolean passesOverHelloRequests();

    /** Sends no ticket on this connection, where that can still be set. */
    void noTickets();

    /**
     * The OCSP answer that the server stapled to the handshake, or to the one that made the resumed
     * session; null when there was none, and always on the side of the server.
     */
    byte @Nullable [] staple();

    /** Releases it; called exactly once. */
    void release();
  }

  /** Makes server engines; thread-safe. */
  interface ServerContext extends AutoCloseable {
    /** A new engine. */
    TlsEngineHandle engine() throws SSLException;

    /** Ticket keys from now on: the first seals, all open. */
    void ticketKeys(List<byte[]> keys);

    /** No new engines; those out go on. */
    @Override
    void close();
  }

  /** Makes client engines; thread-safe; holds sessions. */
  interface ClientContext extends AutoCloseable {
    /**
     * A new engine.
     *
     * @param sessions key under which sessions are looked up and kept, or null for none
     */
    TlsEngineHandle engine(ClientOffer offer, @Nullable String sessions) throws SSLException;

    @Override
    void close();
  }

  /** How long a session may be resumed; short, as a verdict's stored chain should be fresh. */
  Duration SESSION_LIFETIME = Duration.ofHours(2);
}
