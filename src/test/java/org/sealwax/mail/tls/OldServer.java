package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.ClientCertificates;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.TlsTrouble;

/** A server that speaks TLS 1.2 and nothing newer: our listeners cannot be told to be that old. */
public final class OldServer implements TlsServer {
  private final EngineFactory.ServerContext context;
  private final References references;
  private final Judge judge = new Judge(Clock.system());

  /** With one certificate. */
  public OldServer(Identity identity, References references) throws IOException {
    this.context =
        new JsseEngines()
            .server(
                ListenerTls.defaults("old").withClientCertificates(ClientCertificates.NONE),
                identity,
                "old".getBytes(StandardCharsets.US_ASCII));
    this.references = references;
  }

  @Override
  public TlsWire accept(Wire clear, Duration total) throws TlsTrouble {
    return Shake.within(clear, total, () -> shake(clear));
  }

  private EngineWire shake(Wire clear) throws IOException {
    EngineFactory.Engine lease = context.engine();
    lease.ssl().setEnabledProtocols(new String[] {"TLSv1.2"});
    EngineWire wire = new EngineWire(clear, new RecordReader(clear.in()), lease, false, "");
    wire.shake();
    wire.settled(
        Shake.facts(
            wire, null, (chain, staple) -> judge.judge(chain, references, PeerRole.CLIENT)));
    return wire;
  }
}
