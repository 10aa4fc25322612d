package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.cli.ExplainCodeCommand;
import org.sealwax.assess.model.Check;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer.ControlRequestRefused;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.server.Router;
import tools.jackson.databind.JsonNode;

/** {@code sealwax explain}, through a running server and without one. */
@Timeout(300)
final class ExplainTest {
  @TempDir private Path folder = Path.of("");

  private static final String ROWS =
      """
      [[listener]]
      address = "127.0.0.1:0"
      [deliver]
      level = "encrypt"
      [sts]
      enabled = false
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:PORT"
      [[policy]]
      domain = ".partner.example"
      level = "none"
      override = true
      owner = "ann"
      note = "their scanner chokes on TLS"
      expires = 2099-01-01
      """;

  private RouterSettings settings(String text) throws Exception {
    TlsFactory.prepareJvm();
    Path state = Files.createDirectories(folder.resolve("state"));
    Files.writeString(folder.resolve("sealwax.toml"), text);
    Configuration read =
        Configuration.parse(
            text, folder, "test", new MachineDefaults(Domain.of("mx.test.example"), state));
    if (read instanceof Configuration.ValidConfiguration valid) {
      return valid.settings();
    }
    throw new AssertionError(read.report());
  }

  private String run(RouterSettings settings, String... words) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    PrintStream nothing =
        new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    Path state = settings.server().state();
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of("STATE_DIRECTORY", state.toString()),
            new ByteArrayInputStream(new byte[0]),
            print,
            nothing,
            "t",
            state,
            state);
    List<String> all =
        new ArrayList<>(List.of("--config", folder.resolve("sealwax.toml").toString()));
    all.addAll(List.of(words));
    int code =
        new ExplainCommand(around, arguments -> ExitStatus.SOFTWARE).command().run(around, all);
    assertEquals(ExitStatus.OK, code);
    return out.toString(StandardCharsets.UTF_8);
  }

  /** A mail host without TLS that answers EHLO and nothing else. */
  private static ServerSocket plainHost() throws Exception {
    ServerSocket socket = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    Threads.start(
        "plain-host",
        () -> {
          while (!socket.isClosed()) {
            try (var peer = socket.accept()) {
              peer.getOutputStream().write("220 plain\r\n".getBytes(StandardCharsets.US_ASCII));
              byte[] line = new byte[200];
              int count = peer.getInputStream().read(line);
              assertTrue(count > 0);
              peer.getOutputStream()
                  .write("250-plain\r\n250 SIZE 9\r\n".getBytes(StandardCharsets.US_ASCII));
              count = peer.getInputStream().read(line);
            } catch (java.io.IOException e) {
              return;
            }
          }
        });
    return socket;
  }

  @Test
  void theRunningServerPrintsItsRequirementsAndTheProbeResult() throws Exception {
    try (ServerSocket host = plainHost()) {
      RouterSettings settings = settings(ROWS.replace("PORT", "" + host.getLocalPort()));
      Router router =
          new Router(
              settings,
              Clock.system(),
              RandomSource.secure(),
              new RecordingMailLog().log(),
              new Counters());
      try {
        router.start(_ -> ReloadReport.COMPLETE);
        String text = run(settings, "example.org", "--probe");
        assertTrue(text.contains("next hop: [127.0.0.1]:" + host.getLocalPort()), text);
        assertTrue(text.contains("config: default encrypt"), text);
        assertTrue(text.contains("required level encrypt: TLS always, plaintext never"), text);
        assertTrue(text.contains("plaintext, no STARTTLS"), text);
        assertTrue(text.contains("result: the next host (tls-not-offered)"), text);
        JsonNode json = Json.read(run(settings, "example.org", "--json"));
        JsonNode destination = json.path("destinations").path(0);
        assertEquals("example.org", destination.path("destination").asString(""));
        assertEquals(
            "encrypt", destination.path("hosts").path(0).path("wanted").asString(""), "" + json);
        assertFalse(json.toString().contains("probe"), "none was asked for");
        assertThrows(ControlRequestRefused.class, () -> run(settings, "not a domain"));
      } finally {
        router.close();
      }
      // And without the server, from what is on disk.
      String alone = run(settings, "example.org");
      assertTrue(alone.contains("config: default encrypt"), alone);
    }
  }

  @Test
  void printsTheSourcesAskedAndWhatAnOverrideAllows() throws Exception {
    String rows =
        ROWS.replace("[[transport]]\ndomain = \"*\"\nnext_hop = \"[127.0.0.1]:PORT\"\n", "");
    // Names under "invalid" are answered without a query; nothing leaves this machine.
    String text = run(settings(rows.replace(".partner.example", ".invalid")), "partner.invalid");
    assertTrue(text.contains("next hop: the MX hosts of partner.invalid"), text);
    assertTrue(text.contains("does not exist"), text);
    String direct =
        run(
            settings(
                rows.replace(".partner.example", "localhost")
                    + "[[transport]]\ndomain = \"*\"\nnext_hop = \"localhost:2\"\n"),
            "partner.invalid");
    assertTrue(direct.contains("override: DANE, MTA-STS and ledger are not followed"), direct);
    assertTrue(
        direct.contains("an attacker that strips STARTTLS gets the mail in plaintext"), direct);
    assertTrue(direct.contains("owner ann"), direct);
    assertTrue(direct.contains("sts: switched off"), direct);
    assertTrue(direct.contains("ledger: never seen"), direct);
    assertTrue(direct.contains("RFC 7672"), direct);
    assertTrue(direct.contains("fallback steps plaintext"), direct);
  }

  @Test
  void listsEveryMatchingRowAndWhyItCountsOrNot() throws Exception {
    String rows =
        ROWS.replace("[127.0.0.1]:PORT", "localhost:2")
            + """
            [[policy]]
            domain = "*"
            level = "encrypt"
            [[policy]]
            domain = "shop.partner.example"
            level = "none"
            owner = "ann"
            note = "over"
            expires = 2020-01-01
            override = true
            [[policy]]
            domain = "shop.partner.example"
            level = "secure"
            floor = "1.3"
            [[policy]]
            domain = "localhost"
            level = "verify"
            """;
    String text = run(settings(rows), "shop.partner.example");
    for (String line :
        List.of(
            "policy entry for the recipient domain: secure",
            "[[policy]] shop.partner.example",
            "policy entry for the next hop: verify",
            "ignored: the entry for localhost is more specific",
            "ignored: the entry for shop.partner.example is more specific",
            "ignored: expired on 2020-01-01",
            "ignored: an entry or a route for the next hop replaces it",
            "required level secure: TLS always, plaintext never, TLSv1.3 or later",
            "requires a certificate for localhost by a public root")) {
      assertTrue(text.contains(line), line + " is missing in\n" + text);
    }
    String raised = run(settings(rows), "other.partner.example");
    assertTrue(raised.contains("override has no effect on a configured route"), raised);
    assertTrue(raised.contains("required level verify: TLS always"), raised);
  }

  /** A domain that is not there, one that accepts no mail, or a DNS that fails: rows are listed. */
  @Test
  void rowsAreListedWhenNoHostIsFound() throws Exception {
    String rows =
        ROWS.replace("[[transport]]\ndomain = \"*\"\nnext_hop = \"[127.0.0.1]:PORT\"\n", "")
            + """
            [[transport]]
            domain = "routed.invalid"
            next_hop = "gone.invalid"
            [[policy]]
            domain = "routed.invalid"
            level = "verify"
            [[policy]]
            domain = "gone.invalid"
            level = "secure"
            [[policy]]
            domain = ".invalid"
            level = "encrypt"
            """;
    String byMx = run(settings(rows), "some.invalid");
    assertTrue(byMx.contains("does not exist"), byMx);
    assertTrue(byMx.contains("config: policy entry for the next hop: encrypt"), byMx);
    String routed = run(settings(rows), "routed.invalid");
    for (String line :
        List.of(
            "policy entry for the next hop: secure",
            "policy entry for the recipient domain: verify",
            "ignored: the entry for gone.invalid is more specific",
            "ignored: the entry for routed.invalid is more specific")) {
      assertTrue(routed.contains(line), line + " is missing in\n" + routed);
    }
  }

  @Test
  void onlyOneQuestionIsAccepted() throws Exception {
    RouterSettings settings = settings(ROWS.replace("PORT", "1"));
    assertThrows(Arguments.UsageError.class, () -> run(settings));
    assertThrows(Arguments.UsageError.class, () -> run(settings, "a.example", "b.example"));
    assertThrows(
        ControlClient.ServerNotRunning.class, () -> run(settings, "--message", "0TestMail1"));
  }

  @Test
  void everyCodeIsExplainedWithItsSource() {
    for (Check check : Check.all()) {
      List<String> aspects = new ArrayList<>(check.aspects());
      aspects.add("");
      for (String aspect : aspects) {
        String code = check.id() + (aspect.isEmpty() ? "" : "/" + aspect);
        String text = ExplainCodeCommand.text(check, aspect);
        // As the report has it: of a code with an aspect, what was found and not what is wished
        // for.
        String heading =
            aspect.isEmpty() ? check.title() : check.headings().getOrDefault(aspect, check.title());
        assertTrue(text.startsWith(code + "  " + heading + "\n"), text);
        for (String part : List.of("\nwhy: ", "\ngrade: ", "\nsource: ", "\nhelp: ")) {
          assertTrue(text.contains(part), code + " has no" + part);
        }
      }
    }
  }
}
