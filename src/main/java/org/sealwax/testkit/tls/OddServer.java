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
import org.sealwax.mail.tls.verdict.TlsTrouble;

/** The server side of odd handshakes: one way of being odd, many connections. Thread-safe. */
public final class OddServer {
  private static final BcTlsCrypto CRYPTO = new BcTlsCrypto(new SecureRandom());

  private final OddTls how;
  private final Function<@Nullable String, Minted> identity;
  private final Sessions sessions;

  /**
   * A server.
   *
   * @param identity by the server name that the client asks for, in lower case, or null; all of
   *     them have the same kind of key
   */
  public OddServer(OddTls how, Function<@Nullable String, Minted> identity) {
    this(how, identity, new Sessions());
  }

  /**
   * The same, with the sessions of a server that was here before.
   *
   * @param sessions used with {@link OddTls.Quirk#SESSIONS} only
   */
  public OddServer(OddTls how, Function<@Nullable String, Minted> identity, Sessions sessions) {
    this.how = how;
    this.identity = identity;
    this.sessions = sessions;
  }

  /**
   * Shakes hands over {@code clear}, which the returned wire owns from then on.
   *
   * @param total for the whole handshake
   * @throws TlsTrouble when it does not come about; {@code clear} is closed then
   */
  public OddWire accept(Wire clear, Duration total) throws TlsTrouble {
    OddPeer peer = new OddPeer(CRYPTO, how, identity, sessions);
    try (Deadline deadline = Deadline.after(total, clear)) {
      try {
        if (how.quirks().contains(OddTls.Quirk.REFUSE_HELLO)) {
          refuse(clear);
        }
        if (how.quirks().contains(OddTls.Quirk.HALF_WAY)) {
          return new OddWire(clear, null, HalfWay.shake(clear, how, identity));
        }
        InputStream in =
            how.quirks().contains(OddTls.Quirk.DIES_ON_TLS13)
                ? HalfWay.unlessTls13(clear.in())
                : clear.in();
        OddProtocol protocol = new OddProtocol(in, clear.out(), how.quirks());
        protocol.accept(peer);
        if (how.quirks().contains(OddTls.Quirk.KEY_UPDATE)) {
          protocol.updateKeys();
        }
        if (how.quirks().contains(OddTls.Quirk.HELLO_REQUEST)) {
          protocol.requestHello();
        }
        if (how.quirks().contains(OddTls.Quirk.TICKET_STORM)) {
          protocol.stormOfTickets();
        }
        return new OddWire(clear, protocol, peer.negotiated());
      } catch (IOException | RuntimeException e) {
        try {
          // The peer may still be sending: let it read the alert.
          clear.finish();
        } catch (IOException closing) {
          e.addSuppressed(closing);
        }
        throw deadline.passed() ? late(total) : trouble(e);
      }
    }
  }

  /** Reads the hello's first octets, and answers with a bare alert as a server without TLS keys. */
  private static void refuse(Wire clear) throws IOException {
    byte[] some = new byte[5];
    int count = clear.in().read(some, 0, some.length);
    clear.out().write(new byte[] {21, 3, 3, 0, 2, 2, (byte) AlertDescription.handshake_failure});
    clear.out().flush();
    throw new TlsFatalAlert(
        AlertDescription.handshake_failure, count < 0 ? "nothing came" : "as the trap has it");
  }

  private static TlsTrouble late(Duration total) {
    return new TlsTrouble(TlsTrouble.Kind.TIMEOUT, "no handshake within " + total);
  }

  private static TlsTrouble trouble(Exception e) {
    return switch (e) {
      case TlsTrouble t -> t;
      case TlsFatalAlertReceived a ->
          new TlsTrouble(
              TlsTrouble.Kind.ALERT_RECEIVED,
              "the client sent " + AlertDescription.getName(a.getAlertDescription()),
              a);
      case TlsFatalAlert a ->
          new TlsTrouble(
              TlsTrouble.Kind.ALERT_SENT,
              "we sent " + AlertDescription.getName(a.getAlertDescription()),
              a);
      case SocketTimeoutException t ->
          new TlsTrouble(TlsTrouble.Kind.TIMEOUT, "the client is silent", t);
      default -> closed(e);
    };
  }

  private static TlsTrouble closed(Exception e) {
    return new TlsTrouble(
        TlsTrouble.Kind.CLOSED, "the client went away during the handshake: " + e.getMessage(), e);
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
