package org.sealwax.testkit.tls;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerWriter;

/**
 * Unencrypted part of handshakes, as far as it needs no cryptography: what the client offers, and
 * whether it accepts the server's choice. With RSA key exchange the server signs nothing, and the
 * client's ClientKeyExchange shows that it accepted version, suite and certificate.
 */
final class PlaintextHandshake {
  private static final int CLIENT_KEY_EXCHANGE = 16;
  private static final int HANDSHAKE_FAILURE = 40;
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
    PeekedWire peeked = new PeekedWire(clear);
    ClientHello.ClientHelloParse parse = peeked.hello();
    byte[] first = peeked.held();
    int version = behaviour.versions().getFirst();
    boolean old = first.length >= 5 && (first[0] & 0x80) != 0 && first[2] == 1;
    if (old && version == OddTlsBehaviour.SSL_2) {
      return new OddTlsWire.NegotiatedTls(OddTlsBehaviour.SSL_2, -1, -1, null, List.of());
    }
    ClientHello hello = offered(parse);
    int suite = behaviour.suites().stream().filter(hello.suites()::contains).findFirst().orElse(-1);
    OutputStream out = clear.out();
    if (suite < 0 || version == OddTlsBehaviour.SSL_2) {
      out.write(Records.fatal(HANDSHAKE_FAILURE));
      out.flush();
      throw new TlsException(
          TlsException.Kind.ALERT_SENT,
          "the client offers no version or suite that this server has");
    }
    byte[] random = new byte[32];
    RANDOM.nextBytes(random);
    IssuedCertificate issued = identity.apply(hello.serverName());
    out.write(
        Records.of(
            RecordHeader.HANDSHAKE,
            version,
            ServerWriter.hello(version, random, new byte[0], suite, 0, new byte[0])));
    out.write(
        Records.of(RecordHeader.HANDSHAKE, version, ServerWriter.certificates(issued.chain())));
    out.write(Records.of(RecordHeader.HANDSHAKE, version, ServerWriter.done()));
    out.flush();
    byte[] answer = clear.in().readNBytes(6);
    if (answer.length == 6
        && answer[0] == RecordHeader.HANDSHAKE
        && answer[5] == CLIENT_KEY_EXCHANGE) {
      return new OddTlsWire.NegotiatedTls(version, suite, -1, hello.serverName(), List.of());
    }
    throw new TlsException(
        answer.length > 0 && answer[0] == RecordHeader.ALERT
            ? TlsException.Kind.ALERT_RECEIVED
            : TlsException.Kind.CLOSED,
        "the client did not agree");
  }

  private static ClientHello offered(ClientHello.ClientHelloParse parse) throws TlsException {
    return switch (parse) {
      case ClientHello.ClientHelloParse.Whole(ClientHello hello) -> hello;
      case ClientHello.ClientHelloParse.Broken(String why, boolean tls) ->
          throw new TlsException(TlsException.Kind.NOT_TLS, why);
      case ClientHello.ClientHelloParse.Partial p ->
          throw new TlsException(TlsException.Kind.CLOSED, "closed in the ClientHello");
    };
  }

  /**
   * The connection, to be read from its beginning.
   *
   * @throws TlsException when the ClientHello offers TLS 1.3: such a server closes the connection
   */
  static InputStream unlessTls13(Wire clear) throws IOException {
    PeekedWire peeked = new PeekedWire(clear);
    if (peeked.hello() instanceof ClientHello.ClientHelloParse.Whole(ClientHello hello)
        && hello.offersTls13()) {
      throw new TlsException(TlsException.Kind.CLOSED, "aborted on TLS 1.3, as the trap requires");
    }
    return peeked.in();
  }
}
