package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.zone.DnsFault;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** What {@code sealwax check} states about resolvers, and how it ends. */
final class CheckResolversTest {
  @TempDir private Path folder = Path.of("");

  private record CheckOutput(int code, String text) {}

  private CheckOutput check(LoopbackResolver server, String... more) throws IOException {
    InetSocketAddress at = server.address();
    Path file = folder.resolve("sealwax.toml");
    Files.writeString(
        file,
        "[server]\nhostname = \"mx.example.org\"\npostmaster = \"me@example.org\"\nstate = \""
            + folder
            + "/state\"\n[[listener]]\naddress = \"127.0.0.1:0\"\n[dns]\nresolvers = [\""
            + at.getAddress().getHostAddress()
            + ":"
            + at.getPort()
            + "\"]\nanchors = [\""
            + String.join("\", \"", server.anchors())
            + "\"]\n");
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of(),
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "somebody",
            folder,
            folder);
    List<String> words = new java.util.ArrayList<>(List.of("check", "--config", file.toString()));
    words.addAll(List.of(more));
    int code = new CommandLine(around).run(words.toArray(String[]::new));
    return new CheckOutput(code, err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aValidatingResolverGivesANoteAndOneThatStripsDnssecAWarning() throws IOException {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", "").signed())) {
      CheckOutput good = check(server);
      assertEquals(ExitStatus.OK, good.code(), good.text());
      assertTrue(good.text().contains("returns answers that validate"), good.text());
      assertFalse(check(server, "--quiet").text().contains("returns answers that validate"));
      server.fault(".", DnsFault.NO_SIGNATURES);
      CheckOutput stripped = check(server, "--quiet");
      assertEquals(ExitStatus.WARNINGS, stripped.code(), stripped.text());
      assertTrue(
          stripped
              .text()
              .contains("does not return DNSSEC records; mail delivered by MX will be deferred"),
          stripped.text());
      long asked = server.total();
      assertEquals(ExitStatus.OK, check(server, "--offline").code());
      assertEquals(asked, server.total());
    }
  }

  @Test
  void aResolverWithoutTheRootZoneGivesANote() throws IOException {
    try (LoopbackResolver server =
        LoopbackResolver.start(Clock.system(), Zone.of("org", "").signed())) {
      server.fault(".", DnsFault.REFUSED);
      CheckOutput output = check(server);
      assertEquals(ExitStatus.OK, output.code(), output.text());
      assertTrue(output.text().contains("note: [dns] resolver"), output.text());
    }
  }
}
