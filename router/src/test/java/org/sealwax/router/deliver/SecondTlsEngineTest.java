package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.TlsLevel;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.mail.tls.verdict.TlsaAssociation;
import org.sealwax.mail.tls.verdict.TlsaAssociations;
import org.sealwax.testkit.tls.OpenSslServer;

/** Hosts with which one TLS engine has nothing in common, played by OpenSSL. */
@Tag("long")
@Timeout(300)
final class SecondTlsEngineTest {
  private final FakeInternet net = new FakeInternet();

  @TempDir private Path folder = Path.of("");

  @AfterEach
  void closeAll() {
    net.close();
  }

  private static final String DHE_CHACHA20 = "DHE-RSA-CHACHA20-POLY1305";

  static Stream<Arguments> hosts() {
    return Stream.of(
        host("RSA key exchange", "rsa:2048", "-tls1_2", "-cipher", "kRSA"),
        host("RSA key exchange, SHA-384", "rsa:2048", "-tls1_2", "-cipher", "AES256-GCM-SHA384"),
        host("RSA key exchange, CBC", "rsa:2048", "-tls1_2", "-cipher", "AES128-SHA"),
        host("finite field, TLS 1.2", "rsa:2048", "-tls1_2", "-cipher", "kDHE"),
        host("finite field, CBC", "rsa:2048", "-tls1_2", "-cipher", "DHE-RSA-AES256-SHA"),
        host("finite field, TLS 1.3", "rsa:2048", "-tls1_3", "-groups", "ffdhe2048"),
        host("finite field, large", "rsa:2048", "-tls1_3", "-groups", "ffdhe4096"),
        host("finite field, ChaCha20", "rsa:2048", "-tls1_2", "-cipher", DHE_CHACHA20),
        host("finite field, largest", "rsa:2048", "-tls1_3", "-groups", "ffdhe8192"),
        host("X448", "rsa:2048", "-tls1_3", "-groups", "X448"),
        host("P-521", "rsa:2048", "-tls1_2", "-groups", "P-521"),
        host("PSS-only RSA key", "rsa-pss", "-tls1_2"),
        host("Ed448", "ed448", "-tls1_3"),
        host("Ed25519, TLS 1.2", "ed25519", "-tls1_2"),
        host("Ed25519, TLS 1.3", "ed25519", "-tls1_3"));
  }

  private static Arguments host(String name, String key, String... arguments) {
    return Arguments.of(name, key, List.of(arguments));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hosts")
  void getTlsInTheFirstRound(String name, String key, List<String> arguments) throws Exception {
    assumeTrue(OpenSslServer.isThere(), "no openssl command here");
    try (OpenSslServer server = OpenSslServer.of(folder, key, arguments.toArray(String[]::new))) {
      FakeHost host = net.simple().tls(server);
      String mark = name.startsWith("RSA") ? "!no-forward-secrecy" : "";
      assertEquals("delivered may:untrusted" + mark, reason(net.mail().one()));
      assertEquals(2, host.sessions().size(), "the usual offer, and the compatible one");
      assertTrue(host.session(1).encrypted);
      // What worked is where the next delivery begins.
      assertEquals("delivered may:untrusted" + mark, reason(net.mail().one()));
      assertEquals(3, host.sessions().size());
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hosts")
  void secondEngineGivesTlsWhereTlsIsRequired(String name, String key, List<String> arguments)
      throws Exception {
    assumeTrue(OpenSslServer.isThere(), "no openssl command here");
    net.level = TlsLevel.ENCRYPT;
    try (OpenSslServer server = OpenSslServer.of(folder, key, arguments.toArray(String[]::new))) {
      net.simple().tls(server);
      String reason = reason(net.mail().one());
      assertTrue(reason.startsWith("delivered encrypt:untrusted"), reason);
    }
  }

  /** The identity is proven there as on the first engine, and what proves another gets nothing. */
  @ParameterizedTest(name = "{0}")
  @MethodSource("hosts")
  void secondEngineVerifiesByDane(String name, String key, List<String> arguments)
      throws Exception {
    assumeTrue(OpenSslServer.isThere(), "no openssl command here");
    for (boolean matching : new boolean[] {true, false}) {
      try (FakeInternet net = new FakeInternet();
          OpenSslServer server = OpenSslServer.of(folder, key, arguments.toArray(String[]::new))) {
        String pin = matching ? pin() : "00".repeat(32);
        TlsaAssociations associations =
            new TlsaAssociations(Set.of(new TlsaAssociation(3, 1, 1, pin)), List.of());
        net.sources.add(
            subject ->
                List.of(
                    new Evidence.Dane(
                        (Domain) subject.host(),
                        new Evidence.DaneState.Usable(associations),
                        true,
                        FakeInternet.NOON.plusSeconds(60))));
        FakeHost host = net.simple().tls(server);
        String reason = reason(net.mail().one());
        if (matching) {
          String mark = name.startsWith("RSA") ? "!no-forward-secrecy" : "";
          assertEquals("delivered dane:verified" + mark, reason);
        } else {
          assertTrue(reason.startsWith("deferred tls-"), reason);
          assertTrue(host.bodies().isEmpty());
        }
      }
    }
  }

  private String pin() throws Exception {
    try (InputStream in = Files.newInputStream(folder.resolve("certificate.pem"))) {
      Certificate certificate = CertificateFactory.getInstance("X.509").generateCertificate(in);
      return Pins.of((X509Certificate) certificate).hex();
    }
  }
}
