package org.sealwax.router.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.LedgerReplay.Kind;
import org.sealwax.router.control.LedgerReplay.Outcome;
import org.sealwax.router.ledger.HostSample;
import org.sealwax.router.ledger.HostSamples;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.ledger.RememberedSample;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.server.Router;
import org.sealwax.router.server.RouterTestClient;
import org.sealwax.testkit.net.ManualClock;
import tools.jackson.databind.JsonNode;

/** {@code explain --what-if} over a ledger of real connections. */
@Timeout(600)
final class WhatIfTest {
  /** No server answers there: mail by MX waits in the queue, and nothing leaves this machine. */
  private static final String IN_FORCE =
      """
      [[listener]]
      address = "127.0.0.1:0"
      [dns]
      resolvers = ["127.0.0.1:1"]
      [sts]
      enabled = false
      """;

  @TempDir private Path folder = Path.of("");
  private Path state = Path.of("");

  private record WhatIfRun(int code, String out, String err) {}

  @BeforeEach
  void remember() throws IOException {
    TlsFactory.prepareJvm();
    state = Files.createDirectories(folder.resolve("state"));
    learn(
        (ledger, clock) -> {
          for (int i = 0; i < 32; i++) {
            show(ledger, clock, "plain.example", HostSamples::plaintext);
            show(ledger, clock, "own.example", HostSamples::untrusted);
            show(ledger, clock, "good.example", HostSamples::verified);
            clock.pass(Duration.ofHours(6));
          }
        });
  }

  private void learn(BiConsumer<PersistentLedger, ManualClock> lesson) throws IOException {
    ManualClock clock = new ManualClock(Clock.system().now().minus(Duration.ofDays(9)));
    try (PersistentLedger ledger =
        PersistentLedger.open(
            state.resolve("ledger.db"),
            LedgerSettings.defaults(),
            clock,
            new RecordingMailLog().log(),
            (domain, host) -> false)) {
      lesson.accept(ledger, clock);
    }
  }

  private static void show(
      PersistentLedger ledger,
      ManualClock clock,
      String domain,
      Function<Domain, HostSample> sample) {
    Domain mx = Domain.of("mx." + domain);
    RoundMx answer = new RoundMx(Set.of(mx), false, clock.now().plusSeconds(300));
    ledger
        .beginRound(Domain.of(domain), answer, RememberedSample.SampleOrigin.MAIL)
        .observed(sample.apply(mx));
  }

  private MachineDefaults machine() {
    return new MachineDefaults(Domain.of("mx.test.example"), state);
  }

  private RouterSettings inForce() {
    Configuration read = Configuration.parse(IN_FORCE, folder, "test", machine());
    return assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report()).settings();
  }

  private WhatIfRun whatIf(String other, String... words) throws Exception {
    Path file = Files.writeString(folder.resolve("other.toml"), other);
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ProcessEnvironment around =
        new ProcessEnvironment(
            environment(),
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "tester",
            folder,
            folder);
    List<String> all = new java.util.ArrayList<>(List.of("--what-if", file.toString()));
    all.addAll(List.of(words));
    int code = explain(around, all);
    return new WhatIfRun(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @Test
  void aRequirementThatADomainDoesNotMeetDelaysMail() throws Exception {
    WhatIfRun encrypt = whatIf(IN_FORCE + "[deliver]\nlevel = \"encrypt\"\n");
    assertEquals(ExitStatus.OK, encrypt.code(), encrypt.err());
    assertTrue(encrypt.err().contains("no server is running"), encrypt.err());
    String text = encrypt.out();
    assertTrue(text.contains("96 connections of 3 domains"), text);
    assertTrue(text.contains("plain.example  delayed\n"), text);
    assertTrue(
        text.contains(
            "mx.plain.example  now: plaintext at once; then: would wait: TLS was not offered"
                + " (32 of 32 connections, the last "),
        text);
    assertFalse(text.contains("good.example"), "it meets it: " + text);
    assertFalse(text.contains("own.example"), "it meets it: " + text);
    assertTrue(text.contains("the queue: no server is running"), text);

    String verify =
        whatIf(IN_FORCE + "[[policy]]\ndomain = \"own.example\"\nlevel = \"verify\"\n").out();
    assertTrue(
        verify.contains(
            "mx.own.example  now: pass; then: would wait:"
                + " no certificate by public roots for mx.own.example"),
        verify);
    assertFalse(verify.contains("plain.example"), verify);
  }

  @Test
  void anOverrideAllowsPlaintextThatTheLedgerForbids() throws Exception {
    String text =
        whatIf(
                IN_FORCE
                    + """
                    [[policy]]
                    domain = "good.example"
                    level = "none"
                    override = true
                    owner = "ann"
                    note = "a try"
                    expires = 2099-01-01
                    """)
            .out();
    assertTrue(text.contains("go in plaintext: 1, would be delayed: 0"), text);
    assertTrue(text.contains("good.example  plaintext\n"), text);
    assertTrue(text.contains("now: pass; then: would go in plaintext at once (32 of 32"), text);
  }

  @Test
  void anEqualConfigurationChangesNothing() throws Exception {
    JsonNode json = Json.read(whatIf(IN_FORCE, "--json").out());
    for (WhatIf.WhatIfChange change : WhatIf.WhatIfChange.values()) {
      assertEquals(0, json.path(change.word()).asInt(-1), json.toString());
    }
    assertEquals(3, json.path("remembered").asInt(), json.toString());
    assertTrue(json.path("domains").isArray() && json.path("domains").isEmpty(), json.toString());
    assertFalse(json.has("messages"), "no server is running, so nobody knows");
  }

  @Test
  void unrecordedConnectionsAreReportedAsUnknown() throws Exception {
    JsonNode json =
        Json.read(
            whatIf(
                    IN_FORCE
                        + """
                        [[policy]]
                        domain = "good.example"
                        level = "dane-only"
                        [[transport]]
                        domain = "own.example"
                        next_hop = "relay.example"
                        """,
                    "--json")
                .out());
    assertEquals(2, json.path("unknown").asInt(), json.toString());
    JsonNode good = json.path("domains").path(0);
    assertEquals("good.example", good.path("domain").asString(""), json.toString());
    assertEquals("unknown", good.path("changes").path(0).asString(""));
    JsonNode difference = good.path("differences").path(0);
    assertEquals("pass", difference.path("now").asString(""));
    assertEquals(
        "unknown: the ledger does not record TLSA records", difference.path("then").asString(""));
    assertEquals(32, difference.path("connections").asInt());
    assertTrue(
        json.path("domains").path(1).toString().contains("to relay.example:25"), json.toString());
  }

  @Test
  void anInvalidFileIsReportedAsByCheck() throws Exception {
    WhatIfRun broken = whatIf(IN_FORCE + "[deliver]\nlevle = \"encrypt\"\n");
    assertEquals(ExitStatus.ERRORS, broken.code());
    assertEquals("", broken.out());
    assertTrue(broken.err().contains("levle"), broken.err());
    assertTrue(broken.err().contains("^"), broken.err());
    assertTrue(broken.err().endsWith("sealwax: 1 error\n"), broken.err());
    assertThrows(Arguments.UsageError.class, () -> whatIf(IN_FORCE, "example.org"));
    assertThrows(Arguments.UsageError.class, () -> whatIf(IN_FORCE, "--probe"));
  }

  @Test
  void theRunningServerNamesTheMessagesInItsQueue() throws Exception {
    Router router =
        new Router(
            inForce(),
            Clock.system(),
            RandomSource.secure(),
            new RecordingMailLog().log(),
            new Counters());
    try {
      router.start(_ -> ReloadReport.COMPLETE);
      try (RouterTestClient caller =
          new RouterTestClient(router.addresses().getFirst().getPort())) {
        caller.reply();
        caller.exchange("EHLO client.example");
        caller.exchange("MAIL FROM:<a@example.org>");
        caller.exchange("RCPT TO:<b@plain.example>");
        caller.exchange("RCPT TO:<c@plain.example>");
        caller.exchange("RCPT TO:<b@good.example>");
        caller.exchange("DATA");
        String taken = caller.exchange("Subject: x\r\n\r\nx\r\n.");
        assertTrue(taken.startsWith("250"), taken);
      }
      String other = IN_FORCE + "[deliver]\nlevel = \"encrypt\"\n";
      JsonNode json = Json.read(whatIf(other, "--json").out());
      assertEquals(1, json.path("messages").size(), json.toString());
      JsonNode message = json.path("messages").path(0);
      assertEquals("plain.example", message.path("domain").asString(""));
      assertEquals("delayed", message.path("changes").path(0).asString(""));
      assertFalse(json.path("more_messages").asBoolean(true));
      String text = whatIf(other).out();
      assertTrue(
          text.contains(
              message.path("id").asString("?")
                  + "  to plain.example from <a@example.org>  delayed\n"),
          text);
      assertFalse(text.contains("no server is running"), text);
      assertTrue(whatIf(IN_FORCE).out().contains("these domains: 0"));
      String explained = explainMessage(message.path("id").asString(""));
      assertTrue(explained.contains("next hop: the MX hosts of plain.example"), explained);
      assertTrue(explained.contains("next hop: the MX hosts of good.example"), explained);
      assertTrue(explained.contains("ledger: verify since"), explained);
    } finally {
      router.close();
    }
  }

  private String explainMessage(String id) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            environment(),
            new ByteArrayInputStream(new byte[0]),
            print,
            print,
            "t",
            folder,
            folder);
    assertEquals(ExitStatus.OK, explain(around, List.of("--message", id)));
    return out.toString(StandardCharsets.UTF_8);
  }

  private Map<String, String> environment() {
    return Map.of("STATE_DIRECTORY", state.toString());
  }

  private int explain(ProcessEnvironment process, List<String> words) throws Exception {
    Path config = Files.writeString(folder.resolve("sealwax.toml"), IN_FORCE);
    List<String> all = new java.util.ArrayList<>(List.of("--config", config.toString()));
    all.addAll(words);
    return new ExplainCommand(process, arguments -> ExitStatus.SOFTWARE)
        .command()
        .run(process, all);
  }

  @Test
  void allDomainsAreCountedAndAThousandAreListed() throws Exception {
    String other = IN_FORCE + "[deliver]\nlevel = \"encrypt\"\n";
    learn((ledger, clock) -> plain(ledger, clock, 1, WhatIf.MOST_DOMAINS));
    JsonNode most = Json.read(whatIf(other, "--json").out());
    assertEquals(WhatIf.MOST_DOMAINS, most.path("domains").size());
    assertEquals(0, most.path("more").asInt(-1));
    learn((ledger, clock) -> plain(ledger, clock, WhatIf.MOST_DOMAINS, WhatIf.MOST_DOMAINS + 1));
    JsonNode more = Json.read(whatIf(other, "--json").out());
    assertEquals(WhatIf.MOST_DOMAINS, more.path("domains").size());
    assertEquals(1, more.path("more").asInt(-1));
    assertEquals(WhatIf.MOST_DOMAINS + 1, more.path("delayed").asInt());
    assertTrue(whatIf(other).out().contains("... and 1 more domains\n"));
  }

  /** Besides plain.example, which is there already. */
  private static void plain(PersistentLedger ledger, ManualClock clock, int from, int to) {
    for (int i = from; i < to; i++) {
      show(ledger, clock, "d" + i + ".example", HostSamples::plaintext);
    }
  }

  @Test
  void requireTlsMailNeverGoesInPlaintext() {
    Set<WhatIf.WhatIfChange> both =
        Set.of(WhatIf.WhatIfChange.PLAINTEXT, WhatIf.WhatIfChange.DELAYED);
    assertEquals(both, WhatIf.ofMessage(both, MailOptions.TlsOption.UNSPECIFIED));
    assertEquals(both, WhatIf.ofMessage(both, MailOptions.TlsOption.OPTIONAL));
    assertEquals(
        Set.of(WhatIf.WhatIfChange.DELAYED),
        WhatIf.ofMessage(both, MailOptions.TlsOption.REQUIRED));
    assertEquals(
        Set.of(),
        WhatIf.ofMessage(Set.of(WhatIf.WhatIfChange.PLAINTEXT), MailOptions.TlsOption.REQUIRED));
  }

  @Test
  void everyChangeHasAText() {
    StringBuilder table = new StringBuilder();
    for (Kind from : Kind.values()) {
      for (Kind to : Kind.values()) {
        Optional<WhatIf.WhatIfChange> change =
            WhatIf.change(new Outcome(from, "as before"), new Outcome(to, "as before"));
        table.append(change.map(WhatIf.WhatIfChange::word).orElse("-")).append(' ');
      }
      table.append('\n');
    }
    assertEquals(
        """
        - plaintext plaintext delayed unknown\s
        better - plaintext delayed unknown\s
        better delayed - delayed unknown\s
        better plaintext plaintext - unknown\s
        - plaintext plaintext delayed -\s
        """,
        table.toString());
    assertEquals(
        Optional.of(WhatIf.WhatIfChange.UNKNOWN),
        WhatIf.change(new Outcome(Kind.UNKNOWN, "route a"), new Outcome(Kind.UNKNOWN, "route b")));
  }
}
