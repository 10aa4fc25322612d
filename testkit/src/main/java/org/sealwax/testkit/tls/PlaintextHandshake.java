package org.sealwax.testkit.tls;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.SequenceInputStream;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerWriter;

/**
 * Unencrypted part of handshakes, as far as it needs no cryptography: what the client offers, and
 * whether it accepts the server's choice. With RSA key exchange the server signs nothing, and the
 * client's ClientKeyExchange says that it took version, suite and certificate.
 */
final class PlaintextHandshake {
  private static final int HANDSHAKE = 22;
  private static final int ALERT = 21;
  private static final int CLIENT_KEY_EXCHANGE = 16;
  private static final int HANDSHAKE_FAILURE = 40;
  private static final int FATAL = 2;
  private static final SecureRandom RANDOM = new SecureRandom();

  private PlaintextHandshake() {}

  /**
   * Goes half of the way.
   *
   * @throws IOException when the client does not
   */
  static OddTlsWire.NegotiatedTls handshake(
      Wire clear, OddTlsBehaviour behaviour, Function<@Nullable String, IssuedCertificate> identity)
      throws IOException {
    byte[] first = clear.in().readNBytes(5);
    int version = behaviour.versions().getFirst();
    boolean old = first.length == 5 && (first[0] & 0x80) != 0 && first[2] == 1;
    if (old && version == OddTlsBehaviour.SSL_2) {
      return new OddTlsWire.NegotiatedTls(OddTlsBehaviour.SSL_2, -1, -1, null, List.of());
    }
    ClientHello hello = hello(first, clear.in());
    int suite = behaviour.suites().stream().filter(hello.suites()::contains).findFirst().orElse(-1);
    OutputStream out = clear.out();
    if (suite < 0 || version == OddTlsBehaviour.SSL_2) {
      out.write(Records.alert(Records.TLS12, FATAL, HANDSHAKE_FAILURE));
      out.flush();
      throw new TlsException(
          TlsException.Kind.ALERT_SENT, "the client offers nothing of what is spoken here");
    }
    byte[] random = new byte[32];
    RANDOM.nextBytes(random);
    IssuedCertificate issued = identity.apply(hello.serverName());
    out.write(
        Records.of(
            HANDSHAKE,
            version,
            ServerWriter.hello(version, random, new byte[0], suite, 0, new byte[0])));
    out.write(Records.of(HANDSHAKE, version, ServerWriter.certificates(issued.chain())));
    out.write(Records.of(HANDSHAKE, version, ServerWriter.done()));
    out.flush();
    byte[] answer = clear.in().readNBytes(6);
    if (answer.length == 6 && answer[0] == HANDSHAKE && answer[5] == CLIENT_KEY_EXCHANGE) {
      return new OddTlsWire.NegotiatedTls(version, suite, -1, hello.serverName(), List.of());
    }
    throw new TlsException(
        answer.length > 0 && answer[0] == ALERT
            ? TlsException.Kind.ALERT_RECEIVED
            : TlsException.Kind.CLOSED,
        "the client did not agree");
  }

  private static ClientHello hello(byte[] first, InputStream in) throws IOException {
    byte[] held = first;
    while (true) {
      switch (ClientHello.read(held, 0, held.length)) {
        case ClientHello.ClientHelloParse.Whole(ClientHello hello) -> {
          return hello;
        }
        case ClientHello.ClientHelloParse.Broken(String why, boolean tls) ->
            throw new TlsException(TlsException.Kind.NOT_TLS, why);
        case ClientHello.ClientHelloParse.Partial(int missing) -> {
          byte[] more = in.readNBytes(missing);
          if (more.length == 0 || held.length > ClientHello.MAX_SIZE) {
            throw new TlsException(TlsException.Kind.CLOSED, "closed in the hello");
          }
          held = Arrays.copyOf(held, held.length + more.length);
          System.arraycopy(more, 0, held, held.length - more.length, more.length);
        }
      }
    }
  }

  /**
   * The stream, read again from its beginning.
   *
   * @throws TlsException when the ClientHello offers TLS 1.3: such a server closes the connection
   */
  static InputStream unlessTls13(InputStream in) throws IOException {
    byte[] head = in.readNBytes(5);
    int length = head.length < 5 ? 0 : (head[3] & 0xff) << 8 | (head[4] & 0xff);
    byte[] body = in.readNBytes(Math.min(length, 1 << 14));
    byte[] whole = Arrays.copyOf(head, head.length + body.length);
    System.arraycopy(body, 0, whole, head.length, body.length);
    if (ClientHello.read(whole, 0, whole.length)
            instanceof ClientHello.ClientHelloParse.Whole(ClientHello hello)
        && hello.offersTls13()) {
      throw new TlsException(TlsException.Kind.CLOSED, "it died of TLS 1.3, as the trap has it");
    }
    return new SequenceInputStream(new ByteArrayInputStream(whole), in);
  }
}
