package org.sealwax.lab.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.render.TextLayout;
import org.sealwax.lab.judge.SampleSenderReports;
import org.sealwax.lab.judge.SenderAssessment;
import org.sealwax.lab.judge.SenderProfile;
import org.sealwax.lab.judge.SenderReport;
import org.sealwax.lab.site.SightingBuilder;
import org.sealwax.lab.traps.Trap;
import org.sealwax.lab.traps.Traps;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.testkit.net.FreePort;
import org.w3c.dom.Element;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code sealwax lab local} as continuous integration runs it: what it hands over and gives back.
 */
@Timeout(600)
final class LabCommandTest {
  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void first() {
    TlsFactory.prepareJvm();
  }

  /**
   * The exit code of the lab with a sender that ends at once, having written down its environment.
   */
  private int run(String... more) throws Exception {
    List<String> words =
        new ArrayList<>(List.of("local", "--folder", folder.resolve("kit").toString()));
    words.addAll(List.of(more));
    if (!words.contains("--exec")) {
      words.addAll(List.of("--exec", "env > '" + folder.resolve("env") + "'; echo words; exit 3"));
    }
    if (!words.contains("--ports")) {
      words.add("--ports=" + FreePort.pick() + ":" + FreePort.pick());
    }
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of(),
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "tester",
            folder,
            folder);
    return LabCommand.command(around, arguments -> ExitStatus.SOFTWARE).run(around, words);
  }

  /** What the command of {@code --exec} found in its environment. */
  private Map<String, String> values() throws IOException {
    return Files.readAllLines(folder.resolve("env")).stream()
        .filter(l -> l.startsWith("LAB_"))
        .collect(Collectors.toMap(l -> l.split("=", 2)[0], l -> l.split("=", 2)[1]));
  }

  @Test
  void printsAllThatASenderNeedsSeparatelyFromItsOutput() throws Exception {
    assertEquals(ExitStatus.OK, run("--traps", "a1,e3", "--json"));
    Map<String, String> values = values();
    assertTrue(
        values.getOrDefault("LAB_RESOLVER", "").matches("127\\.0\\.0\\.1:[0-9]+"),
        values.toString());
    assertTrue(
        Files.readString(Path.of(values.getOrDefault("LAB_ANCHOR", ""))).contains("DS"),
        "the anchor");
    assertTrue(
        Files.readString(Path.of(values.getOrDefault("LAB_CA", ""))).startsWith("-----BEGIN"),
        "the CA");
    assertEquals(
        List.of(
            "probe@a1." + values.getOrDefault("LAB_ZONE", ""),
            "probe@e3." + values.getOrDefault("LAB_ZONE", "")),
        Files.readAllLines(Path.of(values.getOrDefault("LAB_RECIPIENTS", ""))));
    assertEquals(
        "sender@bounce." + values.getOrDefault("LAB_ZONE", ""),
        values.getOrDefault("LAB_SENDER", ""));
    assertTrue(
        values.containsKey("LAB_SMTP_PORT") && values.containsKey("LAB_HTTPS_PORT"), "ports");
    assertEquals(
        "words\n", Files.readString(Path.of(values.getOrDefault("LAB_FOLDER", ""), "exec.log")));
    assertEquals("sealwax: the command of --exec ended with 3\n", err());
    JsonNode report = new JsonMapper().readTree(out.toString(StandardCharsets.UTF_8));
    assertEquals("sealwax lab", report.path("kind").asString());
    assertEquals(
        List.of("lab.a1", "lab.e3"),
        report
            .path("findings")
            .valueStream()
            .map(f -> f.path("id").asString())
            .filter(id -> id.startsWith("lab."))
            .toList());
    assertEquals(2, report.path("traps").asInt());
    assertEquals(0, report.path("tested").asInt());
    assertEquals(
        List.of("a1", "e3"), report.path("waiting").valueStream().map(JsonNode::asString).toList());
  }

  @Test
  void theSummaryCountsGradedTrapsAndThoseStillWaiting() {
    Trap.TrapCase good = Traps.find("a1").orElseThrow();
    Trap.TrapCase stripped = Traps.find("b3").orElseThrow();
    SenderReport report =
        new SenderAssessment(SenderProfile.OPPORTUNISTIC, true)
            .report(
                List.of(
                    SightingBuilder.connectedAndGreeted("mx")
                        .secured(0x0304)
                        .delivered("mx", true, false)
                        .at(good),
                    SightingBuilder.connectedAndGreeted("mx").at(stripped)));
    String text = SenderReportText.text(report, false);
    assertTrue(
        text.contains(", over 1 of " + Traps.cases().size() + " traps, 2 of them chosen"), text);
    assertTrue(text.contains("in 1 of these the sender's next try may change"), text);
    assertTrue(
        text.contains(
            "\n  stuck          0  legitimate mail that was not delivered in any attempt\n"),
        text);
  }

  /** What fails is reported with this trap in this context, and a remedy for this router. */
  @Test
  void theReportHasARemedyForEachFailureInAlignedColumns() {
    String text = SenderReportText.text(SampleSenderReports.withoutPolicies(), false);
    assertTrue(text.contains("remedy    Postfix has no MTA-STS: use sealwax policyd\n"), text);
    assertTrue(text.contains("502 to STARTTLS, MTA-STS enforce"), text);
    assertTrue(text.contains("at most F because of "), text);
    String first = text.substring(text.indexOf("Do these first"), text.indexOf("To fix"));
    assertTrue(first.contains("  With these: "), first);
    assertTrue(first.contains(" points.\n"), first);
    for (String line : text.lines().toList()) {
      assertTrue(line.length() <= TextLayout.WIDTH || line.contains("resolv.conf"), line);
      assertEquals(line.stripTrailing(), line);
    }
    assertTrue(text.lines().noneMatch(l -> l.contains("[b2")), "no list in Java's form");
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  /** During the run the lab prints only observations; the report has the verdicts. */
  @Test
  void theLinesBeforeTheReportAreFacts() throws Exception {
    String exec =
        "env > '" + folder.resolve("env") + "'; : > '" + folder.resolve("ready") + "'; sleep 60";
    try (ExecutorService senders = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Boolean> sender = senders.submit(this::deliverAll);
      assertEquals(ExitStatus.OK, run("--traps", "b1,b3", "--wait", "60", "--exec", exec));
      assertTrue(sender.get());
    }
    String text = out.toString(StandardCharsets.UTF_8);
    List<String> live =
        text.substring(text.indexOf("waiting for the sender\n"), text.indexOf("Grade "))
            .lines()
            .skip(1)
            .filter(line -> !line.isBlank())
            .toList();
    assertEquals(
        List.of(
            "  b1     delivered in plaintext at mx, 1 connection",
            "  b3     delivered in plaintext at mx, 1 connection"),
        live);
    assertTrue(text.indexOf("leak") > text.indexOf("Grade "), "the verdict is in the report");
  }

  private boolean deliverAll() throws IOException, InterruptedException {
    while (!Files.exists(folder.resolve("ready"))) {
      Thread.sleep(50);
    }
    deliver("b1");
    deliver("b3");
    return true;
  }

  private void deliver(String label) throws IOException {
    Map<String, String> values = values();
    String[] server = values.getOrDefault("LAB_RESOLVER", "").split(":");
    Resolver resolver =
        new CachingResolver(
            DnsSettings.defaults()
                .withResolvers(
                    List.of(
                        new InetSocketAddress(
                            InetAddress.ofLiteral(server[0]), Integer.parseInt(server[1]))))
                .withValidation(DnsSettings.Validation.OFF),
            Clock.system(),
            RandomSource.secure());
    String domain = label + "." + values.getOrDefault("LAB_ZONE", "");
    InetAddress at =
        resolver
            .addresses(Domain.of("mx." + domain), Resolver.AddressFamily.IPV4)
            .records()
            .getFirst();
    int port = Integer.parseInt(values.getOrDefault("LAB_SMTP_PORT", ""));
    try (Socket socket = new Socket(at, port)) {
      socket.setSoTimeout(30_000);
      String session =
          "EHLO mx.sender.example\r\nMAIL FROM:<a@sender.example>\r\nRCPT TO:<probe@"
              + domain
              + ">\r\nDATA\r\nSubject: x\r\n\r\nx\r\n.\r\nQUIT\r\n";
      socket.getOutputStream().write(session.getBytes(StandardCharsets.US_ASCII));
      socket.getInputStream().readAllBytes();
    }
  }

  @Test
  void theReportIsWrittenAsAPage() throws Exception {
    Path file = folder.resolve("lab.html");
    assertEquals(ExitStatus.OK, run("--traps", "a1,e3", "--html", file.toString()));
    String page = Files.readString(file);
    assertTrue(page.startsWith("<!doctype html>"), page);
    assertTrue(page.contains("<h1>The sender</h1>"), page);
    assertTrue(page.contains("Not tested: a1, e3"), page);
    assertTrue(page.endsWith("</html>\n"), page);
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("Grade "), "and printed as well");
  }

  @Test
  void theGradeDecidesTheExitCode() throws Exception {
    assertEquals(ExitStatus.OK, run("--traps", "a1", "--fail-below", "F"));
    assertEquals(ExitStatus.WARNINGS, run("--traps", "a1", "--fail-below", "A+"));
  }

  @Test
  void theJunitXmlIsWellFormedAndCountsItsCases() throws Exception {
    Path file = folder.resolve("lab.xml");
    assertEquals(ExitStatus.OK, run("--traps", "quick,-b11", "--junit", file.toString()));
    Element suite =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(file.toFile())
            .getDocumentElement();
    int cases = suite.getElementsByTagName("testcase").getLength();
    assertTrue(cases > 24, "cases " + cases);
    assertEquals("" + cases, suite.getAttribute("tests"));
    assertEquals(
        "" + suite.getElementsByTagName("skipped").getLength(), suite.getAttribute("skipped"));
    assertEquals("0", suite.getAttribute("failures"));
    assertTrue(!Files.readString(file).contains("lab.b11"), "b11 was left out");
  }

  @Test
  void invalidOptionsAreReported() throws Exception {
    for (List<String> invalid :
        List.of(
            List.of("--traps", "z9"),
            List.of("--traps", "a1,-a1"),
            List.of("--fail-below", "G"),
            List.of("--ports", "99999:1"))) {
      String message =
          ""
              + assertThrows(Arguments.UsageError.class, () -> run(invalid.toArray(String[]::new)))
                  .getMessage();
      String about = invalid.getFirst().equals("--ports") ? "a port is" : invalid.getFirst();
      assertTrue(message.startsWith(about), message);
    }
  }
}
