package org.sealwax.router.bench;

import java.io.ByteArrayInputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.ledger.FilledLedger;
import org.sealwax.router.sts.FilledStsPolicyStore;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * The world of {@code bench/policy}: a signed zone in which every destination has an MX record and
 * {@code _mta-sts}, and the one MX host a TLSA record; and the state folder of a router that has
 * had the policies of all of them and has seen them for ten days.
 *
 * <p>Arguments: name server's address, its port, MX host's address, its port, certificate (PEM),
 * destinations, state folder. Prints the trust anchor and serves until it is killed.
 */
public final class PolicyBenchSetup {
  private static final Domain HOST = Domain.of("mx.sink.test");

  private PolicyBenchSetup() {}

  /** Fills and serves. */
  public static void main(String[] args) throws Exception {
    byte[] pem = Files.readAllBytes(Path.of(args[4]));
    X509Certificate leaf =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(pem));
    int count = Integer.parseInt(args[5]);
    Path state = Path.of(args[6]);
    List<Domain> domains =
        IntStream.range(0, count).mapToObj(i -> Domain.of("d" + i + ".sink.test")).toList();
    Clock clock = Clock.system();
    Instant now = clock.now();
    FilledStsPolicyStore.write(
        state.resolve("sts.db"),
        domains,
        "a",
        "version: STSv1\nmode: enforce\nmx: " + HOST + "\nmax_age: 604800\n",
        now);
    FilledLedger.write(state.resolve("ledger.db"), domains, List.of(HOST), now);
    StringBuilder zone = new StringBuilder("mx A " + args[2] + "\n");
    zone.append("_" + args[3] + "._tcp.mx TLSA 3 1 1 " + Pins.of(leaf).hex() + "\n");
    for (int i = 0; i < count; i++) {
      zone.append("d" + i + " MX 10 mx\n_mta-sts.d" + i + " TXT \"v=STSv1; id=a\"\n");
    }
    LoopbackResolver server =
        LoopbackResolver.start(
            clock,
            new InetSocketAddress(args[0], Integer.parseInt(args[1])),
            Zone.of("sink.test", zone.toString()).signed());
    System.out.println(server.anchors().getFirst());
    Thread.currentThread().join();
  }
}
