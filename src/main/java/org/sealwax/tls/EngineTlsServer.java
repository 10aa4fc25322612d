package org.sealwax.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLException;
import org.sealwax.tls.wire.ClientHello;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;
import org.sealwax.world.Wire;

/** Reads the hello, chooses the identity by its SNI, and only then makes an engine. */
final class EngineTlsServer implements TlsServer {
  private final TlsRoom room;
  private final ListenerTls listener;
  private final IdentityStore identities;
  private final References references;
  private final Judge judge;
  private final Clock clock;
  private final Chance chance;
  private final Map<Identity, Context> contexts = new HashMap<>();

  private record Context(EngineFactory.ServerContext engines, TicketKeys keys) {}

  EngineTlsServer(
      TlsRoom room,
      ListenerTls listener,
      IdentityStore identities,
      References references,
      Judge judge,
      Clock clock,
      Chance chance) {
    this.room = room;
    this.listener = listener;
    this.identities = identities;
    this.references = references;
    this.judge = judge;
    this.clock = clock;
    this.chance = chance;
  }

  @Override
  public TlsWire accept(Wire clear, Duration total) throws TlsTrouble {
    return Shake.within(clear, total, () -> shake(clear));
  }

  private EngineWire shake(Wire clear) throws IOException {
    RecordReader records = new RecordReader(clear.in());
    EngineFactory.Engine lease;
    ClientHello hello;
    try {
      hello = hello(records);
      lease = engine(identities.forName(hello.serverName()));
    } catch (IOException | RuntimeException e) {
      records.giveBack();
      throw e;
    }
    EngineWire wire = new EngineWire(clear, records, lease, false, hello.sessionId());
    try {
      wire.shake();
      wire.settled(
          Shake.facts(
              wire,
              hello.serverName(),
              (chain, staple) -> judge.judge(chain, references, PeerRole.CLIENT)));
      return wire;
    } catch (IOException | RuntimeException e) {
      wire.close();
      throw e;
    }
  }

  private static ClientHello hello(RecordReader records) throws IOException {
    while (true) {
      switch (ClientHello.read(records.bytes(), records.offset(), records.filled())) {
        case ClientHello.Reading.Whole(ClientHello hello) -> {
          return hello;
        }
        case ClientHello.Reading.Broken(String why, boolean tls) ->
            throw tls
                ? new TlsTrouble(TlsTrouble.Kind.ALERT_SENT, "refused the client's hello: " + why)
                : EngineWire.notTls(records);
        case ClientHello.Reading.Partial(int missing) -> {
          // Read on before parsing again: single octets must not cost a parse each.
          int wanted = records.filled() + missing;
          while (records.filled() < wanted) {
            if (!records.more()) {
              throw new TlsTrouble(
                  TlsTrouble.Kind.CLOSED,
                  records.cut()
                      ? "closed inside the ClientHello"
                      : "closed before the ClientHello");
            }
          }
        }
      }
    }
  }

  private EngineFactory.Engine engine(Identity identity) throws SSLException {
    synchronized (contexts) {
      Context context = contexts.get(identity);
      if (context == null) {
        dropFormer();
        byte[] id = sessionContext(identity);
        context =
            new Context(
                room.engines().server(listener, identity, id),
                new TicketKeys(listener, clock, chance));
        contexts.put(identity, context);
      }
      List<byte[]> keys = context.keys().changed();
      if (!keys.isEmpty()) {
        context.engines().ticketKeys(keys);
      }
      return context.engines().engine();
    }
  }

  private void dropFormer() {
    for (Iterator<Map.Entry<Identity, Context>> all = contexts.entrySet().iterator();
        all.hasNext(); ) {
      Map.Entry<Identity, Context> entry = all.next();
      if (!identities.holds(entry.getKey())) {
        entry.getValue().engines().close();
        all.remove();
      }
    }
  }

  /**
   * Listener, identity and mode: a session of one is nothing in another (POLICY.md, "Verdicts").
   */
  private byte[] sessionContext(Identity identity) {
    String text =
        listener.name() + '\n' + identity.pin() + '\n' + listener.clientCertificates().name();
    return Pins.sha256().digest(text.getBytes(StandardCharsets.UTF_8));
  }
}
