package org.sealwax.router.certs.acme;

import java.io.Closeable;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.http.HttpHandler;
import org.sealwax.mail.http.HttpReply;
import org.sealwax.mail.http.HttpRequest;
import org.sealwax.mail.http.HttpResponse;
import org.sealwax.mail.http.HttpService;
import org.sealwax.mail.net.TcpListener;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.ListenerTlsSettings;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ClientCertificateMode;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;
import org.shredzone.acme4j.util.CertificateUtils;

/**
 * A directory that a test scripts: it checks no signature and validates no name, has the renewal
 * information and the profiles that pebble and Caddy of the distribution do not have, and answers
 * any path with whatever the test states.
 */
final class ScriptedAuthority implements Closeable {
  static final Domain HOST = Domain.of("acme.test");
  private static final Pattern PAYLOAD = Pattern.compile("\"payload\":\"([A-Za-z0-9_-]*)\"");

  /** Replaces the ordinary reply of a path. */
  interface Reply {
    HttpReply answer(HttpReply ordinary) throws IOException, InterruptedException;
  }

  final TestCa authority = AUTHORITY;
  private static final TestCa AUTHORITY = TestCa.root("Authority of the directory");
  private static final Identity DIRECTORY = AUTHORITY.identity(HOST.name());

  /** Contents of the requests, as {@code PATH JSON}. */
  final List<String> requests = new CopyOnWriteArrayList<>();

  /** By path. */
  final Map<String, Reply> replies = new ConcurrentHashMap<>();

  static final KeyPair ISSUER_KEY = NewKey.of(AcmeSettings.KeyType.RSA);
  static final X509Certificate ISSUER =
      CertificateUtils.createTestRootCertificate(
          "CN=Scripted CA", Instant.EPOCH, Instant.parse("2100-01-01T00:00:00Z"), ISSUER_KEY);
  private static final AtomicInteger SERIALS = new AtomicInteger();

  private final TcpListener listener;
  private final AtomicInteger nonces = new AtomicInteger();
  private volatile byte[] csr = {};
  volatile Duration lifetime = Duration.ofDays(45);

  ScriptedAuthority() throws IOException {
    TlsServer tls =
        TlsConnectionPair.factory(TlsEngine.BORINGSSL)
            .server(
                ListenerTlsSettings.defaults("acme")
                    .withClientCertificates(ClientCertificateMode.NONE),
                TlsConnectionPair.store(DIRECTORY),
                TlsConnectionPair.references(TlsConnectionPair.NO_ROOTS));
    HttpService service =
        new HttpService(
            new HttpService.HttpLimits(16_384, 65_536, Duration.ofSeconds(60)), this::answer);
    listener =
        TcpListener.start(
            "acme",
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 0),
            20,
            TcpListener.ClientGate.of(32),
            clear -> {
              try (TlsWire wire = tls.accept(clear, Duration.ofSeconds(20))) {
                service.serve(wire);
              }
            },
            problem -> {});
  }

  String url(String path) {
    return "https://" + HOST + ":" + listener.address().getPort() + path;
  }

  private HttpReply answer(HttpRequest request, HttpHandler.RequestContent content)
      throws IOException, InterruptedException {
    String body = new String(content.read().orElse(new byte[0]), StandardCharsets.UTF_8);
    Matcher payload = PAYLOAD.matcher(body);
    String json =
        payload.find()
            ? new String(Base64.getUrlDecoder().decode(payload.group(1)), StandardCharsets.UTF_8)
            : "";
    requests.add(request.path() + " " + json);
    HttpReply ordinary = ordinary(request.path(), json);
    Reply scripted = replies.get(request.path());
    if (scripted == null && request.path().startsWith("/ari/")) {
      scripted = replies.get("/ari");
    }
    return scripted == null ? ordinary : scripted.answer(ordinary);
  }

  private HttpReply ordinary(String path, String json) {
    return switch (path) {
      case "/dir" ->
          json(
              200,
              """
              {"newNonce": "%s", "newAccount": "%s", "newOrder": "%s", "renewalInfo": "%s",
              "meta": {"profiles": {"classic": "90 days", "shortlived": "6 days"}}}
              """
                  .formatted(url("/nonce"), url("/account"), url("/order"), url("/ari")));
      case "/nonce" -> json(200, "");
      case "/account" -> json(201, "{\"status\": \"valid\"}").with("Location", url("/account/1"));
      case "/order" -> order("ready", "").with("Location", url("/o/1"));
      case "/finalize" -> {
        Matcher found = Pattern.compile("\"csr\":\"([^\"]+)\"").matcher(json);
        if (found.find()) {
          csr = Base64.getUrlDecoder().decode(found.group(1));
        }
        yield order("valid", "");
      }
      case "/o/1" -> order(csr.length == 0 ? "ready" : "valid", "");
      case "/c/1" -> chain(issue(), ISSUER);
      default ->
          path.startsWith("/ari/")
              ? json(
                  200,
                  """
                  {"suggestedWindow": {"start": "2027-01-02T04:00:00Z",
                  "end": "2027-01-03T04:00:00Z"}}
                  """)
              : json(404, "{}");
    };
  }

  HttpResponse order(String status, String more) {
    return json(
        status.equals("ready") ? 201 : 200,
        """
        {"status": "%s", "identifiers": [{"type": "dns", "value": "mx.example.org"}],
        "authorizations": [], "finalize": "%s", "certificate": "%s"%s}
        """
            .formatted(status, url("/finalize"), url("/c/1"), more));
  }

  HttpResponse json(int status, String text) {
    return HttpResponse.of(
            status, status < 400 ? "application/json" : "application/problem+json", text)
        .with("Replay-Nonce", "nonce" + nonces.incrementAndGet());
  }

  HttpResponse problem(int status, String type, String detail) {
    return json(
        status,
        "{\"type\": \"urn:ietf:params:acme:error:%s\", \"detail\": \"%s\"}"
            .formatted(type, detail));
  }

  /** For the key and the name of the last order. */
  X509Certificate issue() {
    try {
      return certificate(
          new JcaPKCS10CertificationRequest(csr).getPublicKey(),
          Duration.between(Instant.now(), Instant.now().plus(lifetime)));
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A certificate of this authority for mx.example.org, as public ones issue it. */
  static X509Certificate certificate(PublicKey key, Duration lifetime) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              ISSUER.getSubjectX500Principal(),
              BigInteger.valueOf(SERIALS.incrementAndGet()),
              Date.from(Instant.now().minusSeconds(60)),
              Date.from(Instant.now().plus(lifetime)),
              new X500Principal("CN=mx.example.org"),
              key);
      builder.addExtension(
          Extension.subjectAlternativeName,
          false,
          new GeneralNames(new GeneralName(GeneralName.dNSName, "mx.example.org")));
      builder.addExtension(
          Extension.authorityKeyIdentifier,
          false,
          new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(ISSUER));
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(
                  new JcaContentSignerBuilder("SHA256withRSA").build(ISSUER_KEY.getPrivate())));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  HttpResponse chain(X509Certificate... certificates) {
    StringBuilder text = new StringBuilder();
    for (X509Certificate each : certificates) {
      try {
        text.append(new String(pem("CERTIFICATE", each.getEncoded()), StandardCharsets.US_ASCII));
      } catch (CertificateEncodingException e) {
        throw new IllegalStateException(e);
      }
    }
    return HttpResponse.of(200, "application/pem-certificate-chain", text.toString())
        .with("Replay-Nonce", "nonce" + nonces.incrementAndGet());
  }

  private static byte[] pem(String label, byte[] der) {
    return ("-----BEGIN "
            + label
            + "-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
            + "\n-----END "
            + label
            + "-----\n")
        .getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }
}
