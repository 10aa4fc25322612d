package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bouncycastle.tls.AlertDescription;
import org.bouncycastle.tls.TlsFatalAlert;
import org.bouncycastle.tls.TlsFatalAlertReceived;
import org.bouncycastle.tls.crypto.impl.bc.BcTlsCrypto;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.Records;

/** The server side of odd handshakes: one behaviour, many connections. Thread-safe. */
public final class OddTlsServer {
  private static final BcTlsCrypto CRYPTO = new BcTlsCrypto(new SecureRandom());

  private final OddTlsBehaviour behaviour;
  private final Function<@Nullable String, IssuedCertificate> identity;
  private final TlsSessionCache sessions;

  /**
   * A server.
   *
   * @param identity by the server name that the client asks for, in lower case, or null; all of
   *     them have the same kind of key
   */
  public OddTlsServer(
      OddTlsBehaviour behaviour, Function<@Nullable String, IssuedCertificate> identity) {
    this(behaviour, identity, new TlsSessionCache());
  }

  /**
   * The same, with the sessions of a former server.
   *
   * @param sessions used with {@link OddTlsBehaviour.TlsFault#SESSIONS} only
   */
  public OddTlsServer(
      OddTlsBehaviour behaviour,
      Function<@Nullable String, IssuedCertificate> identity,
      TlsSessionCache sessions) {
    this.behaviour = behaviour;
    this.identity = identity;
    this.sessions = sessions;
  }

  /**
   * Handshake over {@code clear}, which the returned wire owns from then on.
   *
   * @param total for the whole handshake
   * @throws TlsException when it fails; {@code clear} is closed then
   */
  public OddTlsWire accept(Wire clear, Duration total) throws TlsException {
    OddTlsPeer peer = new OddTlsPeer(CRYPTO, behaviour, identity, sessions);
    try (Deadline deadline = Deadline.after(total, clear)) {
      try {
        if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.REFUSE_HELLO)) {
          refuse(clear);
        }
        if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.HALF_WAY)) {
          return new OddTlsWire(
              clear, null, PlaintextHandshake.handshake(clear, behaviour, identity));
        }
        InputStream in =
            behaviour.quirks().contains(OddTlsBehaviour.TlsFault.DIES_ON_TLS13)
                ? PlaintextHandshake.unlessTls13(clear)
                : clear.in();
        OddTlsProtocol protocol = new OddTlsProtocol(in, clear.out(), behaviour.quirks());
        protocol.accept(peer);
        if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.KEY_UPDATE)) {
          protocol.updateKeys();
        }
        if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.HELLO_REQUEST)) {
          protocol.requestHello();
        }
        if (behaviour.quirks().contains(OddTlsBehaviour.TlsFault.MANY_TICKETS)) {
          protocol.sendManyTickets();
        }
        return new OddTlsWire(clear, protocol, peer.negotiated());
      } catch (IOException | RuntimeException e) {
        try {
          // The peer may still be sending: let it read the alert.
          clear.finish();
        } catch (IOException closing) {
          e.addSuppressed(closing);
        }
        throw deadline.passed() ? timedOut(total) : failure(e);
      }
    }
  }

  /**
   * Reads the ClientHello's first bytes, and answers with a bare alert as a server without TLS
   * keys.
   */
  private static void refuse(Wire clear) throws IOException {
    byte[] some = new byte[5];
    int count = clear.in().read(some, 0, some.length);
    clear.out().write(Records.fatal(AlertDescription.handshake_failure));
    clear.out().flush();
    throw new TlsFatalAlert(
        AlertDescription.handshake_failure,
        count < 0 ? "connection closed without data" : "as the trap requires");
  }

  private static TlsException timedOut(Duration total) {
    return new TlsException(TlsException.Kind.TIMEOUT, "no handshake within " + total);
  }

  private static TlsException failure(Exception e) {
    return switch (e) {
      case TlsException t -> t;
      case TlsFatalAlertReceived a ->
          new TlsException(
              TlsException.Kind.ALERT_RECEIVED,
              "the client sent " + AlertDescription.getName(a.getAlertDescription()),
              a);
      case TlsFatalAlert a ->
          new TlsException(
              TlsException.Kind.ALERT_SENT,
              "we sent " + AlertDescription.getName(a.getAlertDescription()),
              a);
      case SocketTimeoutException t ->
          new TlsException(TlsException.Kind.TIMEOUT, "the client is silent", t);
      default -> closed(e);
    };
  }

  private static TlsException closed(Exception e) {
    return new TlsException(
        TlsException.Kind.CLOSED,
        "the client went away during the handshake: " + e.getMessage(),
        e);
  }

  static List<byte[]> der(org.bouncycastle.tls.@Nullable Certificate chain) throws IOException {
    List<byte[]> out = new ArrayList<>();
    if (chain != null) {
      for (var certificate : chain.getCertificateList()) {
        out.add(certificate.getEncoded());
      }
    }
    return out;
  }
}
