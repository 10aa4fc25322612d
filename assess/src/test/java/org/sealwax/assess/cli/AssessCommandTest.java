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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.cli.Arguments;
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
    ProcessEnvironment process =
        new ProcessEnvironment(
            Map.of("HOME", folder.toString()),
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "nobody",
            folder,
            folder);
    return AssessCommand.command(process).run(process, List.of(words));
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

  /** A resolver that keeps signatures back is no fault of the domain. */
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
}
