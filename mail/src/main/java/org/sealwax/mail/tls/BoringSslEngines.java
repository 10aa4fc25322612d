package org.sealwax.mail.tls;

import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslCachingX509KeyManagerFactory;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslServerSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;
import io.netty.handler.ssl.ReferenceCountedOpenSslContext;
import io.netty.handler.ssl.ReferenceCountedOpenSslEngine;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;
import io.netty.internal.tcnative.SSL;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;

/** BoringSSL by netty-tcnative. Loading this class loads the native library. */
final class BoringSslEngines implements EngineFactory {
  /** A chain of 20 certificates of 4 KiB with reserve; BoringSSL's own default is 100 KiB. */
  private static final int MAX_CHAIN = 128 * 1024;

  /** SSL_MODE_SEND_FALLBACK_SCSV (RFC 7507). */
  private static final int SEND_FALLBACK_SCSV = 0x400;

  private static final int SERVER_SESSIONS = 1_000;
  private static final UnpooledByteBufAllocator MEMORY = UnpooledByteBufAllocator.DEFAULT;

  private final AtomicInteger open = new AtomicInteger();

  private BoringSslEngines() {}

  /**
   * Loads the native library.
   *
   * @throws SSLException with the reason when this machine cannot
   */
  static BoringSslEngines load() throws SSLException {
    if (!OpenSsl.isAvailable()) {
      throw new SSLException(
          "the BoringSSL library cannot be loaded", OpenSsl.unavailabilityCause());
    }
    return new BoringSslEngines();
  }

  @Override
  public TlsEngine kind() {
    return TlsEngine.BORINGSSL;
  }

  @Override
  public int open() {
    return open.get();
  }

  /** BoringSSL's names; unknown ones would be refused as a whole list. */
  private static String[] groups(List<String> names, boolean hybrid) {
    return names.stream()
        .filter(name -> hybrid || !name.contains("MLKEM"))
        .map(
            name ->
                switch (name) {
                  case "X25519MLKEM768" -> "X25519MLKEM768";
                  case "x25519" -> "X25519";
                  case "secp256r1" -> "P-256";
                  case "secp384r1" -> "P-384";
                  case "secp521r1" -> "P-521";
                  default -> "";
                })
        .filter(name -> !name.isEmpty())
        .toArray(String[]::new);
  }

  private static SslContextBuilder common(
      SslContextBuilder builder, TlsFloor floor, List<String> suites, String[] groups) {
    return builder
        .sslProvider(SslProvider.OPENSSL_REFCNT)
        .trustManager(new AcceptAllTrustManager())
        .protocols(SuitePreference.versions(floor, TlsVersion.TLS_1_3))
        .ciphers(suites, SupportedCipherSuiteFilter.INSTANCE)
        .sessionTimeout(SESSION_LIFETIME.toSeconds())
        .option(OpenSslContextOption.USE_TASKS, false)
        .option(OpenSslContextOption.GROUPS, groups)
        .option(OpenSslContextOption.MAX_CERTIFICATE_LIST_BYTES, MAX_CHAIN);
  }

  @Override
  public ServerContext server(ListenerTlsSettings listener, Identity identity, byte[] context)
      throws SSLException {
    SslContextBuilder builder =
        common(
                SslContextBuilder.forServer(
                    new OpenSslCachingX509KeyManagerFactory(OneKey.factory(identity))),
                listener.floor(),
                SuitePreference.forServer(listener.floor()),
                groups(listener.groups(), true))
            .sessionCacheSize(SERVER_SESSIONS)
            // Never REQUIRE: a client without a certificate gets an SMTP reply, not an alert.
            .clientAuth(
                listener.clientCertificates() == ClientCertificateMode.NONE
                    ? ClientAuth.NONE
                    : ClientAuth.OPTIONAL);
    if (!listener.protocols().isEmpty()) {
      // BoringSSL's netty binding knows no other behaviours; without a common protocol none is
      // chosen.
      builder.applicationProtocolConfig(
          new ApplicationProtocolConfig(
              ApplicationProtocolConfig.Protocol.ALPN,
              ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
              ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
              listener.protocols()));
    }
    ReferenceCountedOpenSslContext ctx = (ReferenceCountedOpenSslContext) builder.build();
    OpenSslServerSessionContext sessions = (OpenSslServerSessionContext) ctx.sessionContext();
    sessions.setSessionIdContext(context);
    sessions.setSessionCacheEnabled(listener.resumption());
    boolean tickets = listener.tickets() && listener.resumption();
    return new ServerContext() {
      @Override
      public TlsEngineHandle engine() {
        BoringSslEngine made = new BoringSslEngine(ctx.newEngine(MEMORY), false);
        if (!tickets) {
          // BoringSSL has ticket keys of its own unless it is configured not to.
          made.noTickets();
        }
        return made;
      }

      @Override
      public void ticketKeys(List<byte[]> keys) {
        if (!tickets) {
          return;
        }
        sessions.setTicketKeys(
            keys.stream()
                .map(
                    key ->
                        new OpenSslSessionTicketKey(
                            Arrays.copyOfRange(key, 0, 16),
                            Arrays.copyOfRange(key, 16, 32),
                            Arrays.copyOfRange(key, 32, 48)))
                .toArray(OpenSslSessionTicketKey[]::new));
      }

      @Override
      public void close() {
        ctx.release();
      }
    };
  }

  @Override
  public ClientContext client(ClientTlsSettings settings, @Nullable Identity identity)
      throws SSLException {
    TlsFloor lowest = new TlsFloor(TlsVersion.TLS_1_0);
    SslContextBuilder builder =
        common(
                SslContextBuilder.forClient(),
                lowest,
                SuitePreference.of(lowest),
                groups(settings.groups(), true))
            .sessionCacheSize(settings.sessions())
            .enableOcsp(true)
            // Names are judged, not enforced.
            .endpointIdentificationAlgorithm("");
    if (identity != null) {
      builder.keyManager(new OpenSslCachingX509KeyManagerFactory(OneKey.factory(identity)));
    }
    ReferenceCountedOpenSslContext ctx = (ReferenceCountedOpenSslContext) builder.build();
    return new ClientContext() {
      @Override
      public TlsEngineHandle engine(ClientOffer offer, @Nullable String sessions)
          throws SSLException {
        SSLEngine engine =
            sessions == null ? ctx.newEngine(MEMORY) : ctx.newEngine(MEMORY, sessions, 25);
        BoringSslEngine made = new BoringSslEngine(engine, true);
        try {
          SSLParameters parameters = engine.getSSLParameters();
          parameters.setProtocols(SuitePreference.versions(offer.floor(), offer.highest()));
          engine.setSSLParameters(parameters);
          engine.setEnabledCipherSuites(
              BoringSslEngines.supported(
                  SuitePreference.forClient(offer), engine.getSupportedCipherSuites()));
          long ssl = ((ReferenceCountedOpenSslEngine) engine).sslPointer();
          // RFC 5246 §7.4.1.1 lets a client pass over a HelloRequest; refusing it ends good
          // sessions.
          SSL.setRenegotiateMode(ssl, SSL.SSL_RENEGOTIATE_IGNORE);
          if (offer.serverName() != null) {
            SSL.setTlsExtHostName(ssl, offer.serverName().name());
          }
          if (!offer.hybrid()) {
            SSL.setCurvesList(ssl, groups(settings.groups(), false));
          }
          if (offer.fallbackScsv()) {
            SSL.setMode(ssl, SSL.getMode(ssl) | SEND_FALLBACK_SCSV);
          }
          return made;
        } catch (RuntimeException e) {
          made.release();
          throw new SSLException("engine parameters", e);
        } catch (Exception e) { // declared so by the renegotiation mode
          made.release();
          throw new SSLException("engine parameters", e);
        }
      }

      @Override
      public void close() {
        ctx.release();
      }
    };
  }

  static String[] supported(List<String> wanted, String[] there) {
    List<String> known = Arrays.asList(there);
    return wanted.stream().filter(known::contains).toArray(String[]::new);
  }

  private final class BoringSslEngine implements TlsEngineHandle {
    private final ReferenceCountedOpenSslEngine engine;
    private final boolean client;

    BoringSslEngine(SSLEngine engine, boolean client) {
      this.engine = (ReferenceCountedOpenSslEngine) engine;
      this.client = client;
      open.incrementAndGet();
    }

    @Override
    public SSLEngine ssl() {
      return engine;
    }

    @Override
    public boolean direct() {
      return true;
    }

    @Override
    public boolean passesOverHelloRequests() {
      return client;
    }

    @Override
    public void noTickets() {
      SSL.setOptions(engine.sslPointer(), SSL.SSL_OP_NO_TICKET);
    }

    @Override
    public byte @Nullable [] staple() {
      byte[] answer = client ? engine.getOcspResponse() : null;
      return answer == null || answer.length == 0 ? null : answer;
    }

    @Override
    public void release() {
      engine.release();
      open.decrementAndGet();
    }
  }
}
