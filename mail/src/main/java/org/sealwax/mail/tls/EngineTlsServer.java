package org.sealwax.mail.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.SignatureScheme;

/** Reads the ClientHello, chooses the identity by its SNI, and only then makes an engine. */
final class EngineTlsServer implements TlsServer {
  private static final int HANDSHAKE_FAILURE = 40;

  private final TlsFactory factory;
  private final ListenerTlsSettings listener;
  private final IdentityStore identities;
  private final ProtocolIdentities special;
  private final ReferenceIdentity references;
  private final PeerVerifier verifier;
  private final Clock clock;
  private final RandomSource random;
  private final Map<Identity, ServerContextWithKeys> contexts = new HashMap<>();

  private record ServerContextWithKeys(EngineFactory.ServerContext engines, TicketKeys keys) {}

  EngineTlsServer(
      TlsFactory factory,
      ListenerTlsSettings listener,
      IdentityStore identities,
      ProtocolIdentities special,
      ReferenceIdentity references,
      PeerVerifier verifier,
      Clock clock,
      RandomSource random) {
    this.factory = factory;
    this.listener = listener;
    this.identities = identities;
    this.special = special;
    this.references = references;
    this.verifier = verifier;
    this.clock = clock;
    this.random = random;
  }

  @Override
  public TlsWire accept(Wire clear, Duration total) throws TlsException {
    return HandshakeRun.within(clear, total, () -> shake(clear));
  }

  private EngineWire shake(Wire clear) throws IOException {
    RecordReader records = new RecordReader(clear.in());
    EngineFactory.TlsEngineHandle lease;
    ClientHello hello;
    try {
      hello = hello(records);
      Identity own = ownOfProtocol(hello);
      Identity identity = own == null ? identities.forName(hello.serverName()) : own;
      if (!soundlySigned(hello, identity)) {
        clear.out().write(Records.fatal(HANDSHAKE_FAILURE));
        clear.out().flush();
        throw new TlsException(
            TlsException.Kind.ALERT_SENT,
            "rejected the ClientHello: the client accepts only signatures over SHA-1 or MD5");
      }
      lease = engine(identity, own == null ? listener.protocols() : List.of(special.protocol()));
    } catch (IOException | RuntimeException e) {
      records.giveBack();
      throw e;
    }
    EngineWire wire = new EngineWire(clear, records, lease, false, hello.sessionId());
    try {
      wire.runHandshake();
      wire.handshakeDone(
          HandshakeRun.facts(
              wire,
              hello.serverName(),
              (chain, staple) -> verifier.verify(chain, references, PeerRole.CLIENT)));
      return wire;
    } catch (IOException | RuntimeException e) {
      wire.close();
      throw e;
    }
  }

  /** The certificate that is for connections of this application protocol only, or null. */
  private @Nullable Identity ownOfProtocol(ClientHello hello) {
    String name = hello.serverName();
    return name != null && hello.protocols().contains(special.protocol())
        ? special.byName().apply(name)
        : null;
  }

  /**
   * Whether the handshake can be signed over SHA-2. RFC 9155: servers must not sign over SHA-1 or
   * MD5 in TLS 1.2, and a ClientHello of TLS 1.2 without signature_algorithms stands for SHA-1. The
   * engines have no switch for it. TLS 1.3 has no such signatures, and before 1.2 there is no
   * choice: the floor decides about that.
   */
  private static boolean soundlySigned(ClientHello hello, Identity identity) {
    if (hello.offersTls13() || hello.legacyVersion() < Records.TLS12) {
      return true;
    }
    String kind =
        switch (identity.leaf().getPublicKey().getAlgorithm()) {
          case "EC" -> "ecdsa_";
          case "RSA" -> "rsa_";
          default -> "ed";
        };
    return hello.signatures().stream()
        .map(SignatureScheme::of)
        .flatMap(Optional::stream)
        .anyMatch(s -> s.label().startsWith(kind) && !s.brokenHash());
  }

  private static ClientHello hello(RecordReader records) throws IOException {
    while (true) {
      switch (ClientHello.read(records.bytes(), records.offset(), records.filled())) {
        case ClientHello.ClientHelloParse.Whole(ClientHello hello) -> {
          return hello;
        }
        case ClientHello.ClientHelloParse.Broken(String why, boolean tls) ->
            throw tls
                ? new TlsException(TlsException.Kind.ALERT_SENT, "rejected the ClientHello: " + why)
                : records.notTls();
        case ClientHello.ClientHelloParse.Partial(int missing) -> {
          // Read on before parsing again: single bytes must not cost a parse each.
          int wanted = records.filled() + missing;
          while (records.filled() < wanted) {
            if (!records.more()) {
              throw new TlsException(
                  TlsException.Kind.CLOSED,
                  records.cut()
                      ? "closed inside the ClientHello"
                      : "closed before the ClientHello");
            }
          }
        }
      }
    }
  }

  private EngineFactory.TlsEngineHandle engine(Identity identity, List<String> protocols)
      throws SSLException {
    synchronized (contexts) {
      ServerContextWithKeys context = contexts.get(identity);
      if (context == null) {
        dropFormer();
        byte[] id = sessionContext(identity);
        context =
            new ServerContextWithKeys(
                factory.engines().server(listener.withProtocols(protocols), identity, id),
                new TicketKeys(listener, clock, random));
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
    for (Iterator<Map.Entry<Identity, ServerContextWithKeys>> all = contexts.entrySet().iterator();
        all.hasNext(); ) {
      Map.Entry<Identity, ServerContextWithKeys> entry = all.next();
      if (!identities.isInUse(entry.getKey())) {
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
