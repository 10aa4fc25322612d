package org.sealwax.assess.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.CommandFailed;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code sealwax assess} where no mail server answers: its resolver, DNSSEC, and its options. */
final class AssessCommandTest {
  private static final JsonMapper MAPPER = new JsonMapper();

  @TempDir Path folder = Path.of(".");
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @BeforeEach
  void first() {
    TlsFactory.prepareJvm();
  }

  private int assess(String... words) throws Exception {
    out.reset();
    err.reset();
    ProcessEnvironment process = process();
    return AssessCommand.command(process).run(process, List.of(words));
  }

  private ProcessEnvironment process() {
    return new ProcessEnvironment(
        Map.of("HOME", folder.toString()),
        new ByteArrayInputStream(new byte[0]),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        new PrintStream(err, true, StandardCharsets.UTF_8),
        "nobody",
        folder,
        folder);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String errors() {
    return err.toString(StandardCharsets.UTF_8);
  }

  @Test
  void addressesOfTheRelayTestThatCannotBeUsedAreUsageErrors() {
    for (String bad : List.of("me", "me@[192.0.2.1]", "\"m e\"@own.test")) {
      assertThrows(
          Arguments.UsageError.class, () -> assess("127.0.0.1:25", "--relay-test", bad), bad);
    }
  }

  /** A resolver that keeps signatures back is not a fault of the domain. */
  @Test
  void aFaultOfOurResolverIsNotReportedAgainstTheDomain() throws Exception {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", "example 300 IN MX 0 .").signed())) {
      Path anchors =
          Files.write(folder.resolve("anchors"), server.anchors(), StandardCharsets.UTF_8);
      String at = server.address().getAddress().getHostAddress() + ":" + server.address().getPort();
      String[] words = {
        "example.org", "--quick", "--dns", at, "--trust-anchor", anchors.toString()
      };
      assertEquals(ExitStatus.OK, assess(words), errors());
      server.fault(".", DnsFault.NO_SIGNATURES);
      assertEquals(ExitStatus.UNAVAILABLE, assess(words));
      String text = errors();
      assertTrue(text.contains("resolver " + at), text);
      assertTrue(text.contains("--no-dnssec"), text);
      assertEquals("", printed());
    }
  }

  /** Whatever a resolver does to all answers is its fault, and never the domain's. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"DROP", "GARBAGE", "WRONG_ID", "WRONG_QUESTION"})
  void noFaultOfOurResolverIsReportedAgainstTheDomain(DnsFault fault) throws Exception {
    assertNotBlamed(fault);
  }

  @Tag("slow")
  @ParameterizedTest
  @EnumSource(names = {"DROP", "GARBAGE", "WRONG_ID", "WRONG_QUESTION"})
  void noResolverThatTimesOutIsReportedAgainstTheDomain(DnsFault fault) throws Exception {
    assertNotBlamed(fault);
  }

  private void assertNotBlamed(DnsFault fault) throws Exception {
    try (LoopbackResolver server =
        LoopbackResolver.start(
            Clock.system(),
            Zone.of("org", "").signed(),
            Zone.of("example.org", "@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.1\n")
                .signed(ZoneSigning.NSEC3))) {
      Path anchors =
          Files.write(folder.resolve("anchors"), server.anchors(), StandardCharsets.UTF_8);
      String at = server.address().getAddress().getHostAddress() + ":" + server.address().getPort();
      server.fault(".", fault);
      int code =
          assess(
              "example.org",
              "--quick",
              "--allow-private",
              "--port",
              "1",
              "--dns",
              at,
              "--trust-anchor",
              anchors.toString());
      if (fault == DnsFault.TRUNCATE) {
        assertEquals(ExitStatus.OK, code, "the answer comes by TCP");
        return;
      }
      assertEquals(ExitStatus.UNAVAILABLE, code, printed());
      assertTrue(errors().contains("resolver " + at), errors());
      assertEquals("", printed());
    }
  }

  /** What was left out is neither good nor bad. */
  @Test
  void withoutDnssecNoDnssecFindingIsReported() throws Exception {
    String zone = "example 300 IN MX 10 mx.example.org.\nmx.example 300 IN A 127.0.0.1\n";
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", zone).signed())) {
      String at = server.address().getAddress().getHostAddress() + ":" + server.address().getPort();
      assess(
          "example.org",
          "--quick",
          "--json",
          "--no-dnssec",
          "--allow-private",
          "--dns",
          at,
          "--port",
          "1");
      JsonNode report = MAPPER.readTree(printed());
      int seen = 0;
      for (JsonNode finding : report.get("findings")) {
        String check = finding.get("check").asString();
        if (check.equals("dnssec") || check.startsWith("dane.") || check.equals("both")) {
          assertEquals("not tested", finding.get("outcome").asString(), check);
          seen++;
        }
      }
      assertEquals(6, seen);
    }
  }

  private static final String UNREACHABLE =
      "example 300 IN MX 10 mx.example.org.\nmx.example 300 IN A 127.0.0.1\n";

  private static List<String> unsigned(LoopbackResolver server) {
    String at = server.address().getAddress().getHostAddress() + ":" + server.address().getPort();
    return List.of("--no-dnssec", "--allow-private", "--dns", at, "--port", "1");
  }

  private int assess(List<String> options, String... words) throws Exception {
    return assess(Stream.concat(Stream.of(words), options.stream()).toArray(String[]::new));
  }

  /** For continuous integration: 2 is worse than before, 1 is below the grade that was set. */
  @Test
  void theExitCodeSaysWhetherSomethingGotWorse() throws Exception {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", UNREACHABLE))) {
      List<String> options = unsigned(server);
      assertEquals(ExitStatus.OK, assess(options, "example.org", "--quick", "--json"), errors());
      String json = printed();
      Path same = Files.writeString(folder.resolve("same.json"), json);
      assertEquals(
          ExitStatus.OK,
          assess(options, "example.org", "--quick", "--baseline", same.toString()),
          printed());
      assertTrue(printed().contains("Compared with the report of"), printed());
      assertTrue(printed().contains("0 worse, 0 better"), printed());
      assertEquals(
          ExitStatus.WARNINGS,
          assess(
              options,
              "example.org",
              "--quick",
              "--fail-below",
              "A",
              "--baseline",
              same.toString()));
      Path better =
          Files.writeString(
              folder.resolve("better.json"),
              json.replace("\"outcome\":\"fail\"", "\"outcome\":\"pass\""));
      Path page = folder.resolve("page.html");
      assertEquals(
          ExitStatus.ERRORS,
          assess(
              options,
              "example.org",
              "--quick",
              "--json",
              "--html",
              page.toString(),
              "--fail-below",
              "A",
              "--baseline",
              better.toString()));
      assertTrue(MAPPER.readTree(printed()).path("baseline").path("worse").asBoolean(), printed());
      assertTrue(Files.readString(page).contains("<h3>Worse</h3>"));
    }
  }

  @Test
  void aWrongBaselineEndsTheCommandBeforeTheScan() throws Exception {
    Path text = Files.writeString(folder.resolve("text"), "no report");
    Path other =
        Files.writeString(
            folder.resolve("other"),
            "{\"schema\":1,\"target\":\"other.example\",\"depth\":\"quick\",\"began\":"
                + "\"2026-11-25T12:34:56Z\",\"rules\":\"1\",\"rules_hash\":\"0\",\"findings\":[]}");
    Path none = folder.resolve("none");
    for (Path each : List.of(text, other, none)) {
      CommandFailed why =
          assertThrows(
              CommandFailed.class,
              () -> assess("example.org", "--dns", "127.0.0.1:9", "--baseline", each.toString()));
      assertEquals(ExitStatus.DATA, why.exit());
      assertTrue(String.valueOf(why.getMessage()).contains(each.toString()), why.getMessage());
    }
  }

  @Test
  void aSurveyWritesItsPageAndItsTable() throws Exception {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", UNREACHABLE))) {
      Files.writeString(
          folder.resolve("list"), "example.org\n=cmd()\n" + "x".repeat(79) + "\ud83d\ude80\n");
      Path page = folder.resolve("page.html");
      Path table = folder.resolve("table.csv");
      List<String> words =
          Stream.concat(
                  Stream.of("list", "--html", page.toString(), "--csv", table.toString()),
                  unsigned(server).stream())
              .toList();
      ProcessEnvironment process = process();
      assertEquals(ExitStatus.WARNINGS, SurveyCommand.command(process).run(process, words));
      assertEquals(3, printed().lines().count(), "the results are printed all the same");
      assertTrue(Files.readString(page).contains("Survey of 3 targets"));
      assertTrue(Files.readString(table).contains("2,\"'=cmd()\","), Files.readString(table));
    }
  }
}
