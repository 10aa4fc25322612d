package org.sealwax.testkit.tls;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.net.WireOver;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/**
 * A handshake of one word in each direction and no encryption: for tests of sessions, which check
 * what is read before and after it. It fails at any other input, such as an injected command.
 */
public final class FakeTls {
  private static final byte[] HELLO = "\u0016hello".getBytes(StandardCharsets.ISO_8859_1);
  private static final byte[] DONE = "\u0016done!".getBytes(StandardCharsets.ISO_8859_1);

  private FakeTls() {}

  /** A handshake with this verdict on the peer. */
  public static Handshake handshake(Verdict verdict) {
    return new Handshake(
        TlsVersion.TLS_1_3,
        "TLS_AES_256_GCM_SHA384",
        256,
        "X25519MLKEM768",
        false,
        null,
        List.of(),
        true,
        verdict,
        List.of());
  }

  /** The server's side. */
  public static TlsServer server(Verdict verdict) {
    return (clear, total) -> {
      expect(clear, HELLO);
      send(clear, DONE);
      return new FakeTlsSession(clear, handshake(verdict));
    };
  }

  /** The client's side. */
  public static TlsClient client(Verdict verdict) {
    return (clear, offer, total) -> {
      send(clear, HELLO);
      expect(clear, DONE);
      return new FakeTlsSession(clear, handshake(verdict));
    };
  }

  /** The client's bytes. */
  public static void asClient(Wire wire) throws TlsException {
    send(wire, HELLO);
    expect(wire, DONE);
  }

  /** The server's bytes. */
  public static void asServer(Wire wire) throws TlsException {
    expect(wire, HELLO);
    send(wire, DONE);
  }

  private static void send(Wire wire, byte[] word) throws TlsException {
    try {
      wire.out().write(word);
    } catch (IOException e) {
      throw new TlsException(TlsException.Kind.CLOSED, "closed", e);
    }
  }

  private static void expect(Wire wire, byte[] word) throws TlsException {
    try {
      for (byte b : word) {
        int read = wire.in().read();
        if (read != b) {
          TlsException.Kind kind = read < 0 ? TlsException.Kind.CLOSED : TlsException.Kind.NOT_TLS;
          throw new TlsException(kind, "byte " + read);
        }
      }
    } catch (TlsException e) {
      close(wire);
      throw e;
    } catch (IOException e) {
      close(wire);
      throw new TlsException(TlsException.Kind.TIMEOUT, "connection closed without data", e);
    }
  }

  private static void close(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      throw new IllegalStateException("memory does not break", e);
    }
  }

  private static final class FakeTlsSession extends WireOver implements TlsWire {
    private final Handshake handshake;

    FakeTlsSession(Wire clear, Handshake handshake) {
      super(clear);
      this.handshake = handshake;
    }

    @Override
    public Handshake handshake() {
      return handshake;
    }

    @Override
    public boolean truncated() {
      return false;
    }
  }
}
