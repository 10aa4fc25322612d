package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.queue.BugLog;
import org.sealwax.router.server.Router;
import org.sealwax.testkit.sts.StsPolicyHost;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code sealwax assess} as a person runs it, on our own server in a signed zone with DANE, MTA-STS
 * and TLSRPT, and on one without TLS; its pages opened in a browser.
 */
@Tag("long")
@Execution(ExecutionMode.CONCURRENT)
final class OwnServerAssessmentTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  @TempDir Path folder = Path.of(".");
  private final List<AutoCloseable> open = new ArrayList<>();
  private final TestCa root = TestCa.root("Report Root");
  private final TestCa ca = root.intermediate("Report CA");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void first() {
    TlsFactory.prepareJvm();
  }

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable c : open.reversed()) {
      c.close();
    }
  }

  /** Our server with default settings but for where it listens and who it is; its port. */
  private int serve(String listener, Identity identity) throws IOException {
    IdentitySettings.CertificatePair pair = TestCa.write(identity, folder, "mx");
    Path state = Files.createDirectories(folder.resolve("state-" + open.size()));
    String text =
        """
        [server]
        hostname = "mx.example.org"
        [[listener]]
        address = "127.0.0.1:0"
        %s
        [identity]
        certificate = "%s"
        key = "%s"
        """
            .formatted(listener, pair.certificate(), pair.key());
    Configuration read =
        Configuration.parse(
            text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), state));
    if (!(read instanceof Configuration.ValidConfiguration valid)) {
      throw new IOException(read.report());
    }
    Router router =
        new Router(
            valid.settings(),
            Clock.system(),
            RandomSource.secure(),
            new BugLog().log,
            new Counters());
    router.start(_ -> ReloadReport.COMPLETE);
    open.add(router);
    return router.addresses().getFirst().getPort();
  }

  private int sealwax(String... words) {
    out.reset();
    err.reset();
    return new CommandLine(
            new ProcessEnvironment(
                Map.of("HOME", folder.toString()),
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                "nobody",
                folder,
                folder))
        .run(words);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  /** Arguments for a domain whose zone is signed and whose server is {@code port}. */
  private List<String> arguments(int port, Identity shown, String more) throws IOException {
    StsPolicyHost policy =
        new StsPolicyHost(
            ca.identity("mta-sts.example.org"),
            StsPolicyHost.policy(
                "version: STSv1\nmode: enforce\nmax_age: 1209600\nmx: mx.example.org\n"));
    open.add(policy);
    String text =
        """
        @ MX 10 mx
        @ CAA 0 issue "ca.example"
        mx A 127.0.0.1
        _%1$d._tcp.mx TLSA 3 1 1 %2$s
        _%1$d._tcp.mx TLSA 3 1 1 %3$s
        mta-sts A 127.0.0.1
        """
            .formatted(port, Pins.of(shown.leaf()).hex(), "ab".repeat(32));
    LoopbackResolver dns =
        LoopbackResolver.start(
            Clock.system(),
            Zone.of("org", "").signed(),
            Zone.of("example.org", text + more).signed(),
            Zone.of("plain.org", "@ MX 10 mx\nmx A 127.0.0.1\n"));
    open.add(dns);
    Path anchor = folder.resolve("anchor");
    Files.write(anchor, dns.anchors());
    Path roots = folder.resolve("roots.pem");
    try {
      Files.writeString(
          roots,
          "-----BEGIN CERTIFICATE-----\n"
              + Base64.getMimeEncoder().encodeToString(root.certificate().getEncoded())
              + "\n-----END CERTIFICATE-----\n");
    } catch (java.security.cert.CertificateEncodingException e) {
      throw new IOException(e);
    }
    return List.of(
        "--dns",
        dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort(),
        "--trust-anchor",
        anchor.toString(),
        "--roots",
        roots.toString(),
        "--port",
        Integer.toString(port),
        "--policy-port",
        Integer.toString(policy.port()),
        "--allow-private",
        "--ehlo",
        "probe.example");
  }

  private static String[] words(String first, List<String> rest, String... last) {
    List<String> all = new ArrayList<>(List.of("assess", first));
    all.addAll(rest);
    all.addAll(List.of(last));
    return all.toArray(new String[0]);
  }

  private static final String ALL_POLICIES =
      """
      _mta-sts TXT "v=STSv1; id=1"
      _smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@plain.org"
      """;

  @Test
  void ourServerWithAllPoliciesIsGradedAOrBetterAndEveryFindingIsExplained() throws Exception {
    Identity mx = ca.identity("mx.example.org");
    int port = serve("", mx);
    List<String> world = arguments(port, mx, ALL_POLICIES);
    int code = sealwax(words("example.org", world, "--full", "--json", "--fail-below", "A"));
    String json = printed();
    JsonNode report = MAPPER.readTree(json);
    assertEquals(ExitStatus.OK, code, json);
    String letter = report.path("grade").path("letter").asString();
    assertTrue(List.of("A", "A+").contains(letter), letter + ": " + json);
    assertFalse(report.path("grade").path("uncertain").asBoolean(), json);
    assertTrue(report.path("connections").asInt() <= 120, json);
    for (JsonNode finding : report.path("findings")) {
      String outcome = finding.path("outcome").asString();
      assertFalse(outcome.equals("fail"), finding.toString());
      if (!outcome.equals("pass") && !outcome.equals("not tested")) {
        String about = finding.path("code").asString();
        assertEquals(ExitStatus.OK, sealwax("explain", "--code", about), about);
        assertTrue(printed().contains("why: "), about);
      }
    }
  }

  @Test
  void withoutPoliciesItIsBAndWithoutReportingAMinus() throws Exception {
    Identity mx = ca.identity("mx.example.org");
    int port = serve("", mx);
    List<String> world = arguments(port, mx, "_mta-sts TXT \"v=STSv1; id=1\"\n");
    sealwax(words("example.org", world, "--json"));
    JsonNode good = MAPPER.readTree(printed());
    assertEquals("A-", good.path("grade").path("letter").asString(), good.toString());
    assertEquals("tlsrpt/missing", good.path("grade").path("caps").get(0).path("code").asString());
    sealwax(words("plain.org", world, "--json"));
    JsonNode plain = MAPPER.readTree(printed());
    assertEquals("B", plain.path("grade").path("letter").asString(), plain.toString());
    assertEquals("both/neither", plain.path("grade").path("caps").get(0).path("code").asString());
  }

  @Test
  void aKeySharedWithANamedServiceIsReported() throws Exception {
    Identity mx = ca.identity("mx.example.org");
    int port = serve("", mx);
    StsPolicyHost same = new StsPolicyHost(mx, StsPolicyHost.policy("x"));
    open.add(same);
    StsPolicyHost other =
        new StsPolicyHost(ca.identity("www.example.org"), StsPolicyHost.policy("x"));
    open.add(other);
    for (String[] row :
        new String[][] {
          {"127.0.0.1:" + same.port(), "key.reuse/shared"},
          {"127.0.0.1:" + other.port(), "key.reuse"},
          {"127.0.0.1:" + other.port() + ",127.0.0.1:" + same.port(), "key.reuse/shared"}
        }) {
      sealwax(
          "assess",
          "127.0.0.1:" + port,
          "--quick",
          "--ehlo",
          "probe.example",
          "--json",
          "--also",
          row[0]);
      String json = printed();
      String code =
          MAPPER
              .readTree(json)
              .path("findings")
              .valueStream()
              .filter(f -> f.path("check").asString().equals("key.reuse"))
              .map(f -> f.path("code").asString())
              .findFirst()
              .orElse("nothing");
      assertEquals(row[1], code, json);
    }
    assertEquals(
        ExitStatus.USAGE, sealwax("assess", "127.0.0.1:" + port, "--also", "nonsense", "--quick"));
  }

  private String found(String check, String... words) throws Exception {
    int code = sealwax(words);
    assertEquals(ExitStatus.OK, code, err.toString(StandardCharsets.UTF_8));
    for (JsonNode f : MAPPER.readTree(printed()).path("findings")) {
      if (f.path("check").asString().equals(check)) {
        return f.path("outcome").asString() + " " + f.path("code").asString();
      }
    }
    return "nothing";
  }

  @Test
  void ourServerIsNoOpenRelayAndAcceptsNoFalseEndOfData() throws Exception {
    Identity mx = ca.identity("mx.example.org");
    LoopbackResolver dns =
        LoopbackResolver.start(
            Clock.system(), Zone.of("own.test", "@ MX 10 mx\nmx A 192.0.2.77\n"));
    open.add(dns);
    int trusting = serve("", mx);
    int strict = serve("[trust]\nnetworks = []", mx);
    for (String[] row :
        new String[][] {
          // Loopback is trusted by default, and the test comes from there.
          {"--relay-test", "relay", Integer.toString(trusting), "fail relay/open"},
          {"--relay-test", "relay", Integer.toString(strict), "pass relay"},
          {"--smuggling-test", "smtp.smuggling", Integer.toString(trusting), "pass smtp.smuggling"}
        }) {
      String found =
          found(
              row[1],
              "assess",
              "127.0.0.1:" + row[2],
              "--quick",
              "--json",
              "--no-dnssec",
              "--ehlo",
              "probe.example",
              "--dns",
              dns.address().getAddress().getHostAddress() + ":" + dns.address().getPort(),
              row[0],
              "me@own.test");
      assertEquals(row[3], found, printed());
    }
  }

  @Test
  void pagesOfAGoodAndABadServerOpenInABrowser() throws Exception {
    Path chromium = Path.of("/usr/bin/chromium");
    boolean there = Files.isExecutable(chromium);
    assertTrue(there || System.getenv("CI") == null, "CI has chromium");
    assumeTrue(there, "chromium is not installed");
    Path pages = Files.createDirectories(Path.of("target", "pages").toAbsolutePath());

    Identity mx = ca.identity("mx.example.org");
    List<String> world = arguments(serve("", mx), mx, ALL_POLICIES);
    Path good = pages.resolve("good.html");
    Path badge = pages.resolve("good.svg");
    assertEquals(
        ExitStatus.OK,
        sealwax(
            words(
                "example.org",
                world,
                "--full",
                "--html",
                good.toString(),
                "--badge",
                badge.toString())));
    assertTrue(Files.readString(badge).contains("<svg"));
    String text = opened(chromium, good, pages.resolve("good.png"));
    assertTrue(text.contains("example.org"), text);
    assertTrue(text.contains("Downgrade protection"), text);
    assertTrue(text.contains("aria-label=\"Grade A"), text);

    int clear = serve("tls = \"none\"", mx);
    Path bad = pages.resolve("bad.html");
    assertEquals(
        ExitStatus.WARNINGS,
        sealwax(
            "assess",
            "127.0.0.1:" + clear,
            "--ehlo",
            "probe.example",
            "--html",
            bad.toString(),
            "--fail-below",
            "C"));
    String page = opened(chromium, bad, pages.resolve("bad.png"));
    assertTrue(page.contains("aria-label=\"Grade F"), page);
    assertTrue(page.contains("an MX without STARTTLS"), page);
    assertTrue(page.contains("smtpd_tls_security_level = may"), page);
  }

  /** The document as the browser has it; a picture of it is kept. */
  private String opened(Path chromium, Path page, Path picture) throws Exception {
    Files.deleteIfExists(picture);
    String dom =
        run(
            List.of(
                chromium.toString(),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--window-size=1200,2400",
                "--user-data-dir=" + Files.createTempDirectory(folder, "chromium"),
                "--screenshot=" + picture,
                "--dump-dom",
                page.toUri().toString()));
    assertTrue(Files.size(picture) > 10_000, "an empty picture");
    return dom;
  }

  private String run(List<String> command) throws Exception {
    Path to = Files.createTempFile(folder, "browser", ".out");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(to.toFile())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      assertTrue(process.waitFor(120, TimeUnit.SECONDS), "the browser does not end");
      assertEquals(0, process.exitValue());
      return Files.readString(to);
    } finally {
      process.destroyForcibly();
    }
  }
}
