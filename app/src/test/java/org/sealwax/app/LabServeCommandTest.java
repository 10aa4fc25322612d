package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.lab.serve.LabServiceSettings;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.config.Configuration;
import org.sealwax.testkit.zone.AuthoritativeServerSettings;

/** {@code sealwax lab serve} shows what it lacks. That it serves is for scenarios/22-lab-serve. */
final class LabServeCommandTest {
  private record LabServeResult(int code, String out, String err) {}

  private static LabServeResult run(Path folder, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int code =
        new CommandLine(
                new ProcessEnvironment(
                    Map.of("HOME", folder.toString()),
                    new ByteArrayInputStream(new byte[0]),
                    new PrintStream(out, true, StandardCharsets.UTF_8),
                    new PrintStream(err, true, StandardCharsets.UTF_8),
                    "nobody",
                    folder,
                    folder))
            .run(words);
    return new LabServeResult(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private static LabServeResult serve(Path folder, String lab) throws IOException {
    Path file = folder.resolve("lab.toml");
    Files.writeString(file, "[server]\nhostname = \"lab.example\"\nstate = \"state\"\n" + lab);
    return run(folder, "lab", "serve", "--config", file.toString());
  }

  /** The table is read by code that does not know the lab. */
  @Test
  void theDefaultsOfTheTableAreThoseOfTheLab(@TempDir Path folder) {
    Configuration read =
        Configuration.parse(
            """
            [server]
            hostname = "lab.example"
            [lab]
            zone = "lab.example"
            addresses = ["127.26.0.1"]
            traps = ["127.27.0.0/16"]
            """,
            folder,
            "lab.toml",
            new MachineDefaults(Domain.of("lab.example"), Path.of("/var/lib/sealwax")));
    LabServiceSettings lab =
        ConfiguredLab.service(
            ((Configuration.ValidConfiguration) read).settings().lab().orElseThrow());
    assertEquals(LabServiceSettings.LabPorts.REAL, lab.ports());
    assertEquals(LabServiceSettings.SCALE, lab.scale());
    assertEquals(LabServiceSettings.TOKENS, lab.tokens());
    assertEquals(LabServiceSettings.TOKENS_EACH, lab.tokensEach());
    assertEquals(LabServiceSettings.LIFE, lab.life());
    assertEquals(LabServiceSettings.CONNECTIONS, lab.connections());
    assertEquals(LabServiceSettings.CONNECTIONS_PER_MINUTE, lab.connectionsPerMinute());
    assertEquals(AuthoritativeServerSettings.RATE, lab.dnsRate());
  }

  @Test
  void withoutALabTablePrintsHelp(@TempDir Path folder) throws IOException {
    LabServeResult result = serve(folder, "");
    assertEquals(ExitStatus.CONFIGURATION, result.code());
    assertTrue(result.err().contains("the configuration has no [lab]"), result.err());
    assertTrue(result.err().contains("--loopback"), result.err());
  }

  @Test
  void aForeignAddressIsReportedAndNothingStaysOpen(@TempDir Path folder) throws IOException {
    LabServeResult result =
        serve(
            folder,
            """
            [lab]
            zone = "lab.example"
            addresses = ["192.0.2.53"]
            traps = ["2001:db8:25::/64"]
            dns_port = 5353
            """);
    assertEquals(ExitStatus.UNAVAILABLE, result.code());
    assertTrue(
        result.err().contains("cannot listen for DNS at 192.0.2.53 port 5353"), result.err());
    assertFalse(result.out().contains("serves"), result.out());
  }

  @Test
  void onlyLocalAndServeExist(@TempDir Path folder) {
    LabServeResult result = run(folder, "lab", "elsewhere");
    assertEquals(ExitStatus.USAGE, result.code());
    assertTrue(
        result.err().contains("no command \"elsewhere\"; its commands: local, serve"),
        result.err());
  }
}
