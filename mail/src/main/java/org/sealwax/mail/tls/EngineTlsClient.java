package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsException;

/**
 * Outbound TLS: one context with our certificate and one without, replaced when it is reloaded, and
 * one on the second engine.
 */
final class EngineTlsClient implements TlsClient {
  private final TlsFactory factory;
  private final ClientTlsSettings settings;
  private final @Nullable IdentityStore identities;
  private final PeerVerifier verifier;
  private EngineFactory.@Nullable ClientContext bare;
  private EngineFactory.@Nullable ClientContext withCertificate;
  private EngineFactory.@Nullable ClientContext compatible;
  private @Nullable Identity certificateIdentity;

  EngineTlsClient(
      TlsFactory factory,
      ClientTlsSettings settings,
      @Nullable IdentityStore identities,
      PeerVerifier verifier) {
    this.factory = factory;
    this.settings = settings;
    this.identities = identities;
    this.verifier = verifier;
  }

  @Override
  public TlsWire connect(Wire clear, ClientOffer offer, Duration total) throws TlsException {
    return HandshakeRun.within(clear, total, () -> shake(clear, offer));
  }

  private EngineWire shake(Wire clear, ClientOffer offer) throws IOException {
    EngineFactory.TlsEngineHandle lease = engine(offer);
    EngineWire wire = new EngineWire(clear, new RecordReader(clear.in()), lease, true, "");
    try {
      wire.runHandshake();
      wire.handshakeDone(
          HandshakeRun.facts(
              wire,
              offer.serverName() == null ? null : offer.serverName().name(),
              (chain, staple) ->
                  verifier.verify(chain, staple, offer.references(), PeerRole.SERVER)));
      return wire;
    } catch (IOException | RuntimeException e) {
      wire.close();
      throw e;
    }
  }

  private synchronized EngineFactory.TlsEngineHandle engine(ClientOffer offer) throws SSLException {
    return context(offer).engine(offer, offer.resumption() ? sessions(offer) : null);
  }

  private EngineFactory.ClientContext context(ClientOffer offer) throws SSLException {
    if (offer.compatible()) {
      EngineFactory.ClientContext there = compatible;
      if (there == null) {
        there = factory.secondEngine().client(settings, null);
        compatible = there;
      }
      return there;
    }
    IdentityStore own = identities;
    if (!offer.clientCertificate() || own == null) {
      EngineFactory.ClientContext there = bare;
      if (there == null) {
        there = factory.engines().client(settings, null);
        bare = there;
      }
      return there;
    }
    Identity now = own.standard();
    EngineFactory.ClientContext there = withCertificate;
    if (there == null || certificateIdentity != now) {
      EngineFactory.ClientContext fresh = factory.engines().client(settings, now);
      if (there != null) {
        there.close();
      }
      withCertificate = fresh;
      certificateIdentity = now;
      return fresh;
    }
    return there;
  }

  /**
   * Sessions cross neither next hops nor requirements nor roots. Hashed, and without a dot, so that
   * no engine takes it for a host name to send.
   */
  private static String sessions(ClientOffer offer) {
    String text =
        offer.resumptionKey()
            + '\n'
            + offer.references().roots().name()
            + '\n'
            + (offer.serverName() == null ? "" : offer.serverName().name());
    return HexFormat.of().formatHex(Pins.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }
}
