package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;

/** A server that speaks TLS 1.2 and nothing newer: our listeners cannot be configured that way. */
public final class Tls12Server implements TlsServer {
  private final EngineFactory.ServerContext context;
  private final ReferenceIdentity references;
  private final PeerVerifier verifier = new PeerVerifier(Clock.system());

  /** With one certificate. */
  public Tls12Server(Identity identity, ReferenceIdentity references) throws IOException {
    this.context =
        new JsseEngines()
            .server(
                ListenerTlsSettings.defaults("old")
                    .withClientCertificates(ClientCertificateMode.NONE),
                identity,
                "old".getBytes(StandardCharsets.US_ASCII));
    this.references = references;
  }

  @Override
  public TlsWire accept(Wire clear, Duration total) throws TlsException {
    return HandshakeRun.within(clear, total, () -> shake(clear));
  }

  private EngineWire shake(Wire clear) throws IOException {
    EngineFactory.TlsEngineHandle lease = context.engine();
    lease.ssl().setEnabledProtocols(new String[] {"TLSv1.2"});
    EngineWire wire = new EngineWire(clear, new RecordReader(clear.in()), lease, false, "");
    wire.runHandshake();
    wire.handshakeDone(
        HandshakeRun.facts(
            wire, null, (chain, staple) -> verifier.verify(chain, references, PeerRole.CLIENT)));
    return wire;
  }
}
