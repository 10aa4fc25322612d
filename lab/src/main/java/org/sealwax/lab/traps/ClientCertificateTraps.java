package org.sealwax.lab.traps;

import static org.sealwax.lab.traps.Traps.N;
import static org.sealwax.lab.traps.Traps.trap;

import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.sealwax.testkit.tls.OddTlsBehaviour;

/** Group I: the sender's own certificate. */
final class ClientCertificateTraps {
  /** Names that make a list of some 60 KB, below the 65,535 bytes that a list can have. */
  private static final int MANY_NAMES = 700;

  private ClientCertificateTraps() {}

  private static UnaryOperator<Site> asks(
      OddTlsBehaviour.ClientCertificateRequest request, List<String> authorities) {
    return site -> site.eachHost(h -> h.withTls(t -> t.with(request, authorities)));
  }

  static List<Trap> all() {
    List<String> many =
        IntStream.range(0, MANY_NAMES)
            .mapToObj(i -> "CN=An Authority Among Many " + i + ",O=Filling Of A Long List,C=ZZ")
            .toList();
    return List.of(
        trap(
            "I1 | a client certificate is requested, no CA list | deliver | RFC 8446 4.3.2",
            N,
            asks(OddTlsBehaviour.ClientCertificateRequest.OPTIONAL, List.of())),
        trap(
            "I2 | a client certificate is requested, with a list of unknown CAs | deliver | RFC 8446 4.2.4",
            N,
            asks(
                OddTlsBehaviour.ClientCertificateRequest.OPTIONAL,
                List.of("CN=Strange Authority,C=ZZ"))),
        trap(
            "I3 | a client certificate is requested, with a CA list of 60 KB | deliver | RFC 8446 4.2.4",
            N,
            asks(OddTlsBehaviour.ClientCertificateRequest.OPTIONAL, many)),
        trap(
            "I4 | a client certificate is required | send one if configured; else as C1 | RFC 8446 4.4.2",
            N,
            asks(OddTlsBehaviour.ClientCertificateRequest.REQUIRED, List.of())),
        trap("I5 | the client certificate of the sender | recorded | RFC 8446 4.4.2", N, s -> s));
  }
}
