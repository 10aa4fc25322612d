package org.sealwax.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.sealwax.tls.verdict.ClientCertificates;
import org.sealwax.tls.verdict.PeerRole;
import org.sealwax.tls.verdict.References;
import org.sealwax.tls.verdict.TlsTrouble;
import org.sealwax.world.Clock;
import org.sealwax.world.Wire;

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
