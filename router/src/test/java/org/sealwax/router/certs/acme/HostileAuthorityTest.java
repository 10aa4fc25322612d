package org.sealwax.router.certs.acme;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpsClient;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.router.certs.acme.CertificateAuthority.OrderFailure;
import org.sealwax.router.certs.acme.RenewalState.RenewalWindow;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.tls.TlsConnectionPair;

/**
 * Orders at a scripted directory: renewal information, profiles, and answers that no honest
 * authority gives. Real ones are in {@link PebbleOrderTest} and the scenario 35-acme.
 */
@Tag("long")
@Timeout(60)
final class HostileAuthorityTest {
  private static final Domain NAME = Domain.of("mx.example.org");
  private static final KeyPair ACCOUNT = NewKey.of(AcmeSettings.KeyType.ECDSA);
  private static final KeyPair KEY = NewKey.of(AcmeSettings.KeyType.ECDSA);

  private final CountDownLatch end = new CountDownLatch(1);
  private final List<Duration> pauses = new ArrayList<>();
  private ScriptedAuthority server;
  private List<Mailbox> contact = List.of();
  private List<String> sent = List.of();
  private String contactFailure = "";
  private final AccountContact known =
      new AccountContact() {
        @Override
        public List<String> sent() {
          return sent;
        }

        @Override
        public void accepted(List<String> urls) {
          sent = urls;
        }

        @Override
        public void failed(String why) {
          contactFailure = why;
        }
      };
  private Optional<String> profile = Optional.empty();
  private Duration order = Duration.ofSeconds(30);

  @BeforeEach
  void start() throws IOException {
    server = new ScriptedAuthority();
  }

  @AfterEach
  void close() throws IOException {
    end.countDown();
    server.close();
  }

  private AcmeClient client(Duration request) {
    HttpsClient http =
        new HttpsClient(
            FixedResolver.builder().address("acme.test", "127.0.0.1").build(),
            SystemDialer.trusted(),
            TlsConnectionPair.factory(TlsEngine.BORINGSSL)
                .client(
                    ClientTlsSettings.defaults(),
                    TlsConnectionPair.store(TlsConnectionPair.SENDER)),
            server.authority.roots(),
            Clock.system());
    return new AcmeClient(
        new AcmeClient.AccountSettings(
            URI.create(server.url("/dir")),
            () -> ACCOUNT,
            contact,
            known,
            profile,
            Optional.empty()),
        http::exchange,
        new AcmeHttp.TimeLimits(request, order),
        pauses::add,
        Clock.system());
  }

  private List<X509Certificate> order() throws OrderFailure, InterruptedException {
    return order(Optional.empty());
  }

  private List<X509Certificate> order(Optional<X509Certificate> former)
      throws OrderFailure, InterruptedException {
    return client(Duration.ofSeconds(20)).order(List.of(NAME), KEY, former, new HttpProofs());
  }

  private Identity joined() throws OrderFailure, InterruptedException {
    return IssuedChain.join("test", order(), List.of(NAME), KEY, Instant.now());
  }

  private String failure() {
    return String.valueOf(assertThrows(OrderFailure.class, this::joined).getMessage());
  }

  private void reply(String path, ScriptedAuthority.Reply reply) {
    server.replies.put(path, reply);
  }

  @Test
  void anHonestOneIssues() throws Exception {
    Identity pair = joined();
    assertEquals(2, pair.chain().size());
    assertEquals(KEY.getPublic(), pair.leaf().getPublicKey());
  }

  @Test
  void renewalInformationIsAskedForTheCertificateAndNamedInTheNextOrder() throws Exception {
    X509Certificate leaf = ScriptedAuthority.certificate(KEY.getPublic(), Duration.ofDays(45));
    RenewalAnswer answer = client(Duration.ofSeconds(20)).renewalWindow(leaf);
    assertEquals(
        new RenewalAnswer.Window(
            new RenewalWindow(
                Instant.parse("2027-01-02T04:00:00Z"), Instant.parse("2027-01-03T04:00:00Z")),
            Optional.empty()),
        answer);
    String asked = server.requests.getLast().strip();
    assertTrue(asked.matches("/ari/[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+"), asked);
    order(Optional.of(leaf));
    String id = asked.substring("/ari/".length());
    assertTrue(
        server.requests.stream()
            .anyMatch(r -> r.startsWith("/order ") && r.contains("\"replaces\":\"" + id + "\"")),
        server.requests.toString());
  }

  @Test
  void aFormerCertificateThatCannotBeNamedDoesNotMatter() throws Exception {
    X509Certificate unnamed = TlsConnectionPair.CA.identity("mx.example.org").leaf();
    assertEquals(2, order(Optional.of(unnamed)).size());
    assertInstanceOf(
        RenewalAnswer.NoWindow.class, client(Duration.ofSeconds(20)).renewalWindow(unnamed));
  }

  @Test
  void anOrderThatIsRefusedBecauseOfTheFormerCertificateIsMadeWithoutIt() throws Exception {
    X509Certificate leaf = ScriptedAuthority.certificate(KEY.getPublic(), Duration.ofDays(45));
    reply(
        "/order",
        ordinary ->
            server.requests.getLast().contains("replaces")
                ? server.problem(409, "alreadyReplaced", "replaced before")
                : ordinary);
    assertEquals(2, order(Optional.of(leaf)).size());
  }

  @Test
  void theTimeOfTheNextQuestionComesFromRetryAfter() throws Exception {
    X509Certificate leaf = ScriptedAuthority.certificate(KEY.getPublic(), Duration.ofDays(45));
    reply("/ari", ordinary -> ((HttpResponse) ordinary).with("Retry-After", "21600"));
    RenewalAnswer.Window window =
        assertInstanceOf(
            RenewalAnswer.Window.class, client(Duration.ofSeconds(20)).renewalWindow(leaf));
    assertEquals(Optional.of(Duration.ofHours(6)), window.retryAfter());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "[]",
        "{\"suggestedWindow\": 3}",
        "{\"suggestedWindow\": {\"start\": \"soon\", \"end\": \"later\"}}",
        "{\"suggestedWindow\": {\"start\": \"2027-01-02T04:00:00Z\"}}",
        "<html>",
      })
  void renewalInformationThatCannotBeReadIsNone(String text) throws Exception {
    X509Certificate leaf = ScriptedAuthority.certificate(KEY.getPublic(), Duration.ofDays(45));
    reply("/ari", ordinary -> server.json(200, text));
    assertInstanceOf(
        RenewalAnswer.NoWindow.class, client(Duration.ofSeconds(20)).renewalWindow(leaf));
  }

  private List<String> contactUpdates() {
    return server.requests.stream().filter(r -> r.startsWith("/account/1 ")).toList();
  }

  @Test
  void aChangedContactIsSentOnce() throws Exception {
    contact = List.of(new Mailbox("ann", Domain.of("example.org")));
    reply("/account/1", _ -> server.json(200, "{\"status\": \"valid\"}"));
    order();
    order();
    assertEquals(
        List.of("/account/1 {\"contact\":[\"mailto:ann@example.org\"]}"), contactUpdates());
    contact = List.of();
    order();
    order();
    assertEquals("/account/1 {\"contact\":[]}", contactUpdates().getLast());
    assertEquals(2, contactUpdates().size());
    assertEquals("", contactFailure);
  }

  @Test
  void aContactThatIsRefusedIsReportedAndSentAgain() throws Exception {
    contact = List.of(new Mailbox("ann", Domain.of("example.org")));
    reply("/account/1", _ -> server.problem(400, "invalidContact", "no MX record"));
    assertEquals(2, order().size(), "the certificate is issued all the same");
    assertTrue(contactFailure.contains("no MX record"), contactFailure);
    order();
    assertEquals(2, contactUpdates().size());
  }

  @Test
  void aProfileIsNamedInTheOrder() throws Exception {
    profile = Optional.of("shortlived");
    joined();
    assertTrue(
        server.requests.stream()
            .anyMatch(r -> r.startsWith("/order ") && r.contains("\"profile\":\"shortlived\"")),
        server.requests.toString());
  }

  @Test
  void aProfileThatTheDirectoryDoesNotListIsAFailure() {
    profile = Optional.of("eternal");
    assertTrue(failure().contains("profile: eternal"), failure());
  }

  @Test
  void aRateLimitCarriesItsTime() {
    reply(
        "/order",
        ordinary ->
            server
                .problem(429, "rateLimited", "too many certificates")
                .with("Retry-After", "7200"));
    OrderFailure failure = assertThrows(OrderFailure.class, this::order);
    assertEquals(Optional.of(Duration.ofHours(2)), failure.retryAfter());
    assertTrue(String.valueOf(failure.getMessage()).contains("too many certificates"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"never", "-1", "99999999999999999999", "Thu, 01 Jan 1970 00:00:00 GMT"})
  void aRetryAfterThatCannotBeUsedIsNone(String text) {
    reply("/order", ordinary -> server.problem(429, "rateLimited", "x").with("Retry-After", text));
    OrderFailure failure = assertThrows(OrderFailure.class, this::order);
    assertEquals(Optional.empty(), failure.retryAfter());
  }

  @Test
  void aRedirectIsNotFollowed() {
    reply(
        "/dir",
        ordinary ->
            new HttpResponse(302, List.of(), new byte[0]).with("Location", server.url("/x")));
    assertEquals("acme.test: HTTP status 302, redirects are not followed", failure());
    assertEquals(1, server.requests.size());
  }

  @Test
  void onlyHttpsIsSpoken() {
    reply(
        "/dir",
        ordinary ->
            server.json(
                200,
                "{\"newNonce\": \"http://acme.test:1/n\", \"newAccount\": \"http://acme.test:1/a\"}"));
    assertTrue(failure().startsWith("not an HTTPS URL: "), failure());
  }

  @Test
  void aChainOf200KilobytesIsNotRead() {
    reply(
        "/c/1",
        ordinary -> {
          X509Certificate[] chain = new X509Certificate[300];
          Arrays.fill(chain, ScriptedAuthority.ISSUER);
          return server.chain(chain);
        });
    assertEquals("acme.test: the response is over 65536 bytes", failure());
  }

  @Test
  void aChainThatNeverEndsIsOverAtItsTimeLimit() {
    reply(
        "/c/1",
        ordinary -> {
          end.await();
          return ordinary;
        });
    OrderFailure failure =
        assertThrows(
            OrderFailure.class,
            () ->
                client(Duration.ofSeconds(1))
                    .order(List.of(NAME), KEY, Optional.empty(), new HttpProofs()));
    assertEquals("acme.test: no complete response within 1 s", failure.getMessage());
  }

  @Test
  void anOrderThatIsNeverReadyIsOverAtItsTimeLimit() {
    order = Duration.ofSeconds(1);
    reply("/order", ordinary -> server.order("pending", "").with("Location", server.url("/o/1")));
    reply("/o/1", ordinary -> server.order("pending", "").with("Retry-After", "0"));
    String failure = failure();
    assertTrue(
        failure.startsWith("the authority did not finish within 1 s")
            || failure.startsWith("acme.test: no complete response within"),
        failure);
    assertTrue(pauses.stream().allMatch(p -> p.compareTo(Duration.ofMillis(250)) >= 0));
  }

  @Test
  void nestedJsonOfAnyDepthIsAFailure() {
    reply("/dir", ordinary -> server.json(200, "{\"a\":".repeat(12_000)));
    assertTrue(failure().startsWith("the answer of the authority cannot be used"), failure());
    reply("/dir", ordinary -> server.json(200, "[".repeat(60_000)));
    assertTrue(failure().startsWith("the answer of the authority cannot be used"), failure());
  }

  @Test
  void wordsOfTheAuthorityAreOneShortLine() {
    reply(
        "/order",
        ordinary -> server.problem(403, "unauthorized", "a\\nb\\u001b[31mc" + "x".repeat(5_000)));
    String failure = failure();
    assertTrue(failure.length() < 400, failure);
    assertTrue(failure.chars().allMatch(c -> c >= ' ' && c < 0x7f), failure);
  }

  @Test
  void aCertificateForAnotherKeyIsNotUsed() {
    X509Certificate other = TlsConnectionPair.CA.identity("mx.example.org").leaf();
    reply("/c/1", ordinary -> server.chain(other, TlsConnectionPair.CA.certificate()));
    assertEquals("the certificate that was issued is not used: it is for another key", failure());
  }

  @Test
  void aCertificateForAnotherNameIsNotUsed() throws Exception {
    List<X509Certificate> chain = order();
    OrderFailure failure =
        assertThrows(
            OrderFailure.class,
            () ->
                IssuedChain.join(
                    "test", chain, List.of(Domain.of("other.example.org")), KEY, Instant.now()));
    assertEquals(
        "the certificate that was issued is not used: it is not for other.example.org",
        failure.getMessage());
  }

  @Test
  void aChainOfCertificatesThatDoNotBelongTogetherIsNotUsed() {
    reply("/c/1", ordinary -> server.chain(server.issue(), TlsConnectionPair.CA.certificate()));
    assertEquals(
        "the certificate that was issued is not used: certificate 1 of its chain is not signed by"
            + " the next one",
        failure());
    reply(
        "/c/1",
        ordinary -> {
          X509Certificate[] chain = new X509Certificate[IssuedChain.MAX_CERTIFICATES + 1];
          Arrays.fill(chain, ScriptedAuthority.ISSUER);
          chain[0] = server.issue();
          return server.chain(chain);
        });
    assertTrue(failure().endsWith("its chain has more than 8 certificates"), failure());
  }

  @Test
  void aCertificateThatHasExpiredIsNotUsed() {
    server.lifetime = Duration.ofMinutes(59);
    assertTrue(failure().contains("it expires on 20"), failure());
  }

  /** Every answer in turn is one of these: the result is a failure, never an exception. */
  @Test
  void answersOfAnyFormAreFailures() {
    List<HttpReply> answers =
        List.of(
            server.json(200, ""),
            server.json(200, "null"),
            server.json(200, "{}"),
            server.json(200, "[1, 2]"),
            server.json(200, "{\"status\": 7, \"authorizations\": {}, \"finalize\": []}"),
            server.json(200, "{\"status\": \"processing?\", \"authorizations\": [null]}"),
            server.json(500, "{\"type\": 5}"),
            server.json(400, "not json"),
            HttpResponse.of(200, "text/html", "<html></html>"),
            HttpResponse.of(
                200,
                "application/pem-certificate-chain",
                "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n"),
            new HttpResponse(503, List.of(), new byte[0]));
    Set<String> harmless = Set.of("/nonce", "/account");
    for (String path :
        List.of("/dir", "/nonce", "/account", "/order", "/finalize", "/o/1", "/c/1")) {
      for (HttpReply answer : answers) {
        reply(path, ordinary -> answer);
        @Nullable OrderFailure failure = null;
        try {
          joined();
        } catch (OrderFailure e) {
          failure = e;
        } catch (InterruptedException e) {
          throw new AssertionError(e);
        }
        assertTrue(
            failure != null || harmless.contains(path) || path.equals("/finalize"),
            path + " " + answer);
      }
      server.replies.clear();
    }
  }
}
