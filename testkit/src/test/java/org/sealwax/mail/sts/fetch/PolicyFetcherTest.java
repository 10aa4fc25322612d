package org.sealwax.mail.sts.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.http.HttpsExchange;
import org.sealwax.mail.http.HttpsFailure;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Dialer;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.sts.StsPolicy;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;

/** Rows F8 to F13 of the lab, against a real HTTPS server on loopback. */
final class PolicyFetcherTest {
  private static final TestCa CA = TestCa.root("public");
  private static final String HOST = "mta-sts.example.org";
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final String POLICY =
      "version: STSv1\nmode: enforce\nmx: mx.example.org\nmax_age: 86400\n";
  private static final Identity GOOD = CA.identity(HOST);
  private static final TlsClient TLS =
      new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure())
          .client(
              ClientTlsSettings.defaults(),
              IdentityStore.fixed(CA.identity("router.example"), Map.of(), Clock.system()));

  private StsPolicyHost host = open();

  private static StsPolicyHost open() {
    try {
      return new StsPolicyHost(GOOD, StsPolicyHost.policy(POLICY));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @BeforeEach
  void fresh() throws IOException {
    host.close();
    host = open();
  }

  @AfterEach
  void close() throws IOException {
    host.close();
  }

  private PolicyFetcher fetcher(Resolver dns, Dialer dialer, Duration total) {
    return new PolicyFetcher(
        new HttpsClient(dns, dialer, TLS, CA.roots(), Clock.system()), host.port(), total);
  }

  private PolicyFetcher fetcher() {
    return fetcher(
        FixedResolver.builder().a(HOST, "127.0.0.1").build(),
        SystemDialer.trusted(),
        Duration.ofSeconds(60));
  }

  private static HttpsFailure failure(PolicyFetch fetch) {
    assertInstanceOf(
        PolicyFetch.FetchOutcome.PolicyHostUnreachable.class, fetch.outcome(), fetch.toString());
    return there(there(fetch.exchange()).failure());
  }

  private static <T> T there(@org.jspecify.annotations.Nullable T value) {
    assertNotNull(value);
    return java.util.Objects.requireNonNull(value);
  }

  @Test
  void f1AGoodPolicyIsObtainedWithItsTextAndFacts() throws Exception {
    PolicyFetch fetch = fetcher().fetch(DOMAIN);
    StsPolicy policy =
        assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetch.outcome()).policy();
    assertEquals(POLICY, policy.text());
    HttpsExchange exchange = there(fetch.exchange());
    assertEquals("verified(name " + HOST + ")", there(exchange.handshake()).verdict().text());
    assertEquals(200, there(exchange.reply()).status());
    assertEquals(List.of(InetAddress.ofLiteral("127.0.0.1")), exchange.addresses());
    assertEquals(List.of(HOST), host.names());
    String request = host.requests().getFirst();
    assertTrue(request.startsWith("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"), request);
    assertTrue(request.contains("\r\nHost: " + HOST + ":" + host.port() + "\r\n"), request);
    assertTrue(request.contains("\r\nConnection: close\r\n"), request);
  }

  static Stream<Arguments> badCertificates() {
    return Stream.of(
        Arguments.of("untrusted(expired)", CA.leaf(HOST).expired().identity()),
        Arguments.of("untrusted(not-yet-valid)", CA.leaf(HOST).notYetValid().identity()),
        Arguments.of("untrusted(self-signed)", TestCa.selfSigned(HOST)),
        Arguments.of("untrusted(unknown-issuer)", TestCa.root("other").identity(HOST)),
        Arguments.of("trusted", CA.identity("mta-sts.example.net")),
        Arguments.of("trusted", CA.identity("example.org", "*.mta-sts.example.org")),
        Arguments.of("trusted", CA.leaf(HOST).commonNameOnly().identity()),
        Arguments.of("untrusted(wrong-purpose)", CA.leaf(HOST).clientAuthOnly().identity()));
  }

  @ParameterizedTest
  @MethodSource("badCertificates")
  void f8NoRequestToAHostWithABadCertificate(String verdict, Identity shown) throws Exception {
    host.shows(shown);
    PolicyFetch fetch = fetcher().fetch(DOMAIN);
    assertEquals(HttpsFailure.Kind.CERTIFICATE_NOT_VERIFIED, failure(fetch).kind());
    assertEquals(verdict, there(there(fetch.exchange()).handshake()).verdict().text());
    assertTrue(host.requests().isEmpty(), "it was asked all the same");
    // An examiner reads on, and never takes the file for a policy.
    PolicyFetch examined = fetcher().examine(DOMAIN);
    assertInstanceOf(PolicyFetch.FetchOutcome.UnverifiedPolicy.class, examined.outcome());
    assertEquals(1, host.requests().size());
  }

  @Test
  void aWildcardCertificateOfTheDomainWillDo() throws Exception {
    host.shows(CA.identity("*.example.org"));
    assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetcher().fetch(DOMAIN).outcome());
  }

  @Test
  void f9ARedirectIsNotFollowed() throws Exception {
    for (int status : List.of(301, 302, 303, 307, 308)) {
      host.says(
          StsPolicyHost.raw(
              "HTTP/1.1 " + status + " X\r\nLocation: https://" + HOST + ":" + host.port(),
              "/there\r\nContent-Type: text/plain\r\nContent-Length: " + POLICY.length(),
              "\r\n\r\n" + POLICY));
      PolicyFetch fetch = fetcher().fetch(DOMAIN);
      PolicyFetch.FetchOutcome.Redirect to =
          assertInstanceOf(PolicyFetch.FetchOutcome.Redirect.class, fetch.outcome());
      assertEquals("https://" + HOST + ":" + host.port() + "/there", to.location());
    }
    assertEquals(5, host.requests().size());
  }

  @Test
  void f10OnlyStatus200Counts() throws Exception {
    for (int status : List.of(201, 203, 206, 400, 404, 500, 503)) {
      host.says(StsPolicyHost.says(status, "text/plain", POLICY));
      assertEquals(
          new PolicyFetch.FetchOutcome.UnexpectedStatus(status), fetcher().fetch(DOMAIN).outcome());
    }
  }

  @Test
  void f11TheMediaTypeMustBeTextPlain() throws Exception {
    for (String type : List.of("text/html", "application/octet-stream", "text/plain2")) {
      host.says(StsPolicyHost.says(200, type, POLICY));
      assertEquals(new PolicyFetch.FetchOutcome.MediaType(type), fetcher().fetch(DOMAIN).outcome());
    }
    host.says(StsPolicyHost.raw("HTTP/1.1 200 OK\r\n\r\n", POLICY));
    assertEquals(new PolicyFetch.FetchOutcome.MediaType(""), fetcher().fetch(DOMAIN).outcome());
  }

  @Test
  void f12Over64KiBIsNotRead() throws Exception {
    String filler = POLICY + "x: " + "y".repeat(StsPolicy.MAX_SIZE - POLICY.length() - 3);
    host.says(StsPolicyHost.policy(filler));
    assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetcher().fetch(DOMAIN).outcome());
    host.says(StsPolicyHost.policy(filler + "y"));
    PolicyFetch.FetchOutcome oversized =
        new PolicyFetch.FetchOutcome.InvalidPolicyFile(StsPolicy.OVERSIZED);
    assertEquals(oversized, fetcher().fetch(DOMAIN).outcome());
    // Nor when it comes without a length and without end.
    byte[] much = new byte[8_192];
    host.says(
        out -> {
          out.write(
              "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
          for (int i = 0; i < 10_000; i++) {
            out.write(much);
          }
        });
    PolicyFetch endless = fetcher().fetch(DOMAIN);
    assertEquals(oversized, endless.outcome());
    assertTrue(endless.isInvalid(), "nobody waits for what no other fetch will bring");
    // What a failing host sends instead is not a policy file, whatever its size.
    host.says(StsPolicyHost.says(503, "text/plain", filler + "y"));
    assertFalse(fetcher().fetch(DOMAIN).isInvalid());
  }

  @Test
  void f13OneTotalTimeCoversASlowAnswer() throws Exception {
    CountDownLatch over = new CountDownLatch(1);
    host.says(
        out -> {
          // Always one more byte: no wait for a single one is ever long.
          for (byte b :
              ("HTTP/1.1 200 OK\r\nX: " + "y".repeat(100_000))
                  .getBytes(StandardCharsets.US_ASCII)) {
            out.write(b);
            out.flush();
            if (over.await(20, TimeUnit.MILLISECONDS)) {
              return;
            }
          }
        });
    Duration total = Duration.ofSeconds(2);
    PolicyFetcher impatient =
        fetcher(
            FixedResolver.builder().a(HOST, "127.0.0.1").build(), SystemDialer.trusted(), total);
    assertEquals(
        new HttpsFailure(HttpsFailure.Kind.TOTAL_TIME_REACHED, "no complete response within 2 s"),
        failure(impatient.fetch(DOMAIN)));
    over.countDown();
  }

  @Test
  void truncatedContentIsNoPolicy() throws Exception {
    host.says(
        StsPolicyHost.raw(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n", POLICY));
    assertEquals(HttpsFailure.Kind.MALFORMED, failure(fetcher().fetch(DOMAIN)).kind());
  }

  @Test
  void chunksWillDo() throws Exception {
    host.says(
        StsPolicyHost.raw(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n",
            Integer.toHexString(POLICY.length()) + "\r\n",
            POLICY,
            "\r\n0\r\n\r\n"));
    assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetcher().fetch(DOMAIN).outcome());
  }

  @Test
  void invalidFileIsReportedWithItsLine() throws Exception {
    host.says(StsPolicyHost.policy(POLICY.replace("enforce", "force")));
    assertEquals(
        "not a policy: line 2: mode is not enforce, testing or none",
        fetcher().fetch(DOMAIN).outcome().text());
  }

  @Test
  void deviationsCountForAssessmentsOnly() throws Exception {
    host.says(StsPolicyHost.policy(POLICY + "\n"));
    assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetcher().fetch(DOMAIN).outcome());
    PolicyFetch.FetchOutcome strict = fetcher().examine(DOMAIN).outcome();
    assertTrue(strict.text().endsWith("empty line"), strict.text());
  }

  @Test
  void dnsFailureAndAbsenceAreDistinct() throws Exception {
    Duration total = Duration.ofSeconds(30);
    assertEquals(
        new HttpsFailure(HttpsFailure.Kind.NO_ADDRESS, "no such name"),
        failure(
            fetcher(FixedResolver.builder().build(), SystemDialer.trusted(), total).fetch(DOMAIN)));
    assertEquals(
        new HttpsFailure(HttpsFailure.Kind.DNS_FAILED, "SERVFAIL"),
        failure(
            fetcher(FixedResolver.builder().fails(HOST).build(), SystemDialer.trusted(), total)
                .fetch(DOMAIN)));
    // One family that fails does not matter when the other one leads there.
    assertInstanceOf(
        PolicyFetch.FetchOutcome.Obtained.class,
        fetcher(
                FixedResolver.builder()
                    .a(HOST, "127.0.0.1")
                    .bogus(HOST, FixedResolver.Type.AAAA)
                    .build(),
                SystemDialer.trusted(),
                total)
            .fetch(DOMAIN)
            .outcome());
  }

  @Test
  void aDeadAddressIsPassedOver() throws Exception {
    // There is no listener on our port there: the host's own socket is bound to 127.0.0.1.
    Resolver dns = FixedResolver.builder().a(HOST, "127.0.0.2").a(HOST, "127.0.0.1").build();
    PolicyFetch fetch = fetcher(dns, SystemDialer.trusted(), Duration.ofSeconds(30)).fetch(DOMAIN);
    assertInstanceOf(PolicyFetch.FetchOutcome.Obtained.class, fetch.outcome());
  }

  @Test
  void aHostBehindOurOwnFirewallIsNotDialled() throws Exception {
    PolicyFetch fetch =
        fetcher(
                FixedResolver.builder().a(HOST, "127.0.0.1").build(),
                SystemDialer.guarded(DialerSettings.defaults()),
                Duration.ofSeconds(30))
            .fetch(DOMAIN);
    assertTrue(failure(fetch).text().contains("special-use"), fetch.toString());
    assertTrue(host.names().isEmpty());
  }

  @Test
  void tooLongHostNameMeansNoPolicy() throws Exception {
    String label = "a".repeat(60);
    Domain longest = Domain.of(String.join(".", label, label, label, label, "bcdefg"));
    assertInstanceOf(
        PolicyFetch.FetchOutcome.PolicyHostUnreachable.class, fetcher().fetch(longest).outcome());
  }
}
