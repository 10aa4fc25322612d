package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.router.milter.MilterClient;
import org.sealwax.testkit.tls.TestCa;

/** What filters learn of a client: the macros that Postfix and Sendmail send. */
final class FilteredClientTest {
  private static final InetSocketAddress ADDRESS =
      new InetSocketAddress(InetAddress.ofLiteral("192.0.2.7"), 4711);

  private static ClientState client(boolean local, ClientTrust trust) {
    ClientState client =
        new ClientState(
            "s1", ADDRESS, local, ClientNames.withoutLookup(Clock.system()), trust, null);
    client.hello = "helo.example";
    return client;
  }

  private static MilterClient filtered(ClientState client) {
    return filtered(client, null);
  }

  private static MilterClient filtered(ClientState client, @Nullable String author) {
    return FilteredClient.of(
        client, Domain.of("mx.example"), "smtp", InetAddress.ofLiteral("192.0.2.25"), author);
  }

  private static Map<String, String> others(MilterClient client) {
    Map<String, String> macros = new TreeMap<>(client.macros());
    macros
        .keySet()
        .removeAll(
            List.of(
                "j",
                "v",
                "_",
                "daemon_name",
                "daemon_addr",
                "client_addr",
                "client_name",
                "client_port"));
    return macros;
  }

  @Test
  void aClientWithoutTrustHasAddressAndName() {
    MilterClient client = filtered(client(false, new ClientTrust.AnyClient()));
    assertEquals(false, client.mayRelay());
    assertEquals("[192.0.2.7]", client.name());
    assertEquals(
        Map.of(
            "j", "mx.example",
            "v", "Sealwax",
            "_", "unknown [192.0.2.7]",
            "daemon_name", "smtp",
            "daemon_addr", "192.0.2.25",
            "client_addr", "192.0.2.7",
            "client_name", "unknown",
            "client_port", "4711"),
        client.macros());
  }

  /** OpenDKIM, for one, signs mail with {auth_type}. */
  @Test
  void aUserHasNameAndMechanism() {
    MilterClient client =
        filtered(client(false, new ClientTrust.AuthenticatedUser("joe", "SCRAM-SHA-256")));
    assertEquals(true, client.mayRelay());
    assertEquals(Map.of("auth_authen", "joe", "auth_type", "SCRAM-SHA-256"), others(client));
  }

  /** RFC 4954 section 5: AUTH= counts only from a client that is trusted with it. */
  @Test
  void theAuthorIsThatOfAUser() {
    ClientState user = client(false, new ClientTrust.AuthenticatedUser("joe", "PLAIN"));
    assertEquals("a b@x.example", filtered(user, "a+20b@x.example").macros().get("auth_author"));
    assertEquals(null, filtered(user, "<>").macros().get("auth_author"));
    ClientState any = client(false, new ClientTrust.AnyClient());
    assertEquals(Map.of(), others(filtered(any, "a@x.example")));
  }

  @Test
  void tlsHasVersionCipherAndCertificate() {
    ClientState client = client(false, new ClientTrust.AnyClient());
    List<X509Certificate> chain = TestCa.root("Root").identity("app.example").chain();
    client.tls =
        new Handshake(
            TlsVersion.TLS_1_3,
            "TLS_AES_256_GCM_SHA384",
            256,
            null,
            false,
            null,
            chain,
            true,
            new Verdict.Anonymous(),
            List.of());
    assertEquals(
        Map.of(
            "tls_version", "TLSv1.3",
            "cipher", "TLS_AES_256_GCM_SHA384",
            "cipher_bits", "256",
            "cert_subject", chain.getFirst().getSubjectX500Principal().getName(),
            "cert_issuer", chain.getFirst().getIssuerX500Principal().getName()),
        others(filtered(client)));
  }

  /** As mail that Postfix's pickup hands to filters. */
  @Test
  void aLocalProgramIsLocalhost() {
    MilterClient client = filtered(client(true, new ClientTrust.LocalProgram()));
    assertEquals("localhost", client.name());
    assertEquals("mx.example", client.hello());
    assertEquals("127.0.0.1", client.macros().get("client_addr"));
  }
}
