package org.sealwax.router.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Arguments;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.LedgerControlService;
import org.sealwax.router.ledger.HostSamples;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.ledger.PersistentLedger;
import org.sealwax.router.ledger.RememberedSample.SampleOrigin;
import org.sealwax.router.ledger.RoundMx;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.receipts.Receipt;
import org.sealwax.router.receipts.ReceiptLog;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.testkit.net.ManualClock;

/** The commands as people type them, against a control socket and a real ledger. */
final class PolicyCommandTest {
  private static final Instant NOW = Instant.parse("2026-11-25T00:00:00Z");
  private static final Domain DOMAIN = Domain.of("example.org");
  private static final Domain MX = Domain.of("mx.example.org");

  @TempDir private Path state;
  private final ManualClock clock = new ManualClock(NOW);
  private final RecordingMailLog log = new RecordingMailLog();
  private PersistentLedger ledger;
  private ControlServer control;

  @BeforeEach
  void open() throws IOException {
    ledger =
        PersistentLedger.open(
            state.resolve("ledger.db"),
            LedgerSettings.defaults(),
            clock,
            log.log(),
            (domain, host) -> false);
    LedgerControlService desk = new LedgerControlService(() -> ledger, () -> {});
    control =
        ControlServer.open(
            state,
            request -> {
              try {
                return desk.answer(request);
              } catch (IOException e) {
                throw new ControlServer.ControlRequestRefused(String.valueOf(e.getMessage()));
              }
            },
            log.log());
  }

  @AfterEach
  void close() throws IOException {
    control.close();
    ledger.close();
  }

  private interface PolicyCommandRun {
    int with(ProcessEnvironment around) throws Exception;
  }

  private String printed(PolicyCommandRun run) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    run.with(
        new ProcessEnvironment(
            Map.of("STATE_DIRECTORY", state.toString()),
            new ByteArrayInputStream(new byte[0]),
            print,
            print,
            "tester",
            state,
            state));
    return out.toString(StandardCharsets.UTF_8);
  }

  private String policy(String... words) throws Exception {
    return printed(around -> new PolicyCommand(around).command().run(around, List.of(words)));
  }

  private String receipts(String... words) throws Exception {
    return printed(around -> new ReceiptsCommand(around).command().run(around, List.of(words)));
  }

  private void learn(Domain domain, int days) {
    for (int i = 0; i < 4 * days; i++) {
      RoundMx answer = new RoundMx(Set.of(MX), false, clock.now().plusSeconds(300));
      ledger.beginRound(domain, answer, SampleOrigin.MAIL).observed(HostSamples.verified(MX));
      clock.pass(Duration.ofHours(6));
    }
  }

  private void violate(Domain domain) {
    RoundMx answer = new RoundMx(Set.of(MX), false, clock.now().plusSeconds(300));
    ledger.beginRound(domain, answer, SampleOrigin.MAIL).observed(HostSamples.plaintext(MX));
  }

  @Test
  void listsLevelsAndViolations() throws Exception {
    assertEquals("no domain\n", policy("list"));
    learn(DOMAIN, 8);
    learn(Domain.of("young.example"), 1);
    String list = policy();
    assertTrue(list.contains("example.org  verify since"), list);
    assertFalse(list.contains("young.example"), list);
    assertTrue(policy("list", "--all").contains("young.example  none"));
    assertEquals("no domain\n", policy("list", "--violations"));
    violate(DOMAIN);
    String violations = policy("list", "--violations");
    assertTrue(violations.contains("undecided; accepted at the earliest"), violations);
    assertTrue(policy("list", "--all", "--limit", "1").contains("more domains exist"));
  }

  @Test
  void showsHostsAndKeys() throws Exception {
    learn(DOMAIN, 8);
    String shown = policy("show", "example.org");
    assertTrue(shown.contains("mx.example.org"), shown);
    assertTrue(shown.contains("verified 32 on 8 days"), shown);
    assertTrue(shown.contains("key sha256:"), shown);
    assertTrue(policy("show", "example.org", "--json").contains("\"admitted\" : true"));
    assertThrows(
        ControlServer.ControlRequestRefused.class, () -> policy("show", "unknown.example"));
    assertThrows(ControlServer.ControlRequestRefused.class, () -> policy("show", "no domain"));
  }

  @Test
  void acceptsAndForgets() throws Exception {
    learn(DOMAIN, 8);
    assertThrows(ControlServer.ControlRequestRefused.class, () -> policy("accept", "example.org"));
    violate(DOMAIN);
    assertTrue(policy("accept", "example.org").contains("its level was verify and is now none"));
    assertTrue(ledger.evidenceFor(DOMAIN).isEmpty());
    assertTrue(policy("forget", "example.org").contains("is removed from the ledger"));
    assertThrows(ControlServer.ControlRequestRefused.class, () -> policy("forget", "example.org"));
    assertTrue(policy("accept", "--clock").contains("confirmed"));
  }

  @Test
  void reportsUnknownDomains() {
    assertThrows(Arguments.UsageError.class, () -> policy("praise", "example.org"));
    assertThrows(Arguments.UsageError.class, () -> policy("accept"));
    assertThrows(Arguments.UsageError.class, () -> policy("show", "a.example", "b.example"));
    assertThrows(Arguments.UsageError.class, () -> policy("list", "--limit", "many"));
    assertThrows(Arguments.UsageError.class, () -> receipts());
    assertThrows(Arguments.UsageError.class, () -> receipts("burn"));
  }

  @Test
  void verifiesAndExportsReceipts() throws Exception {
    assertTrue(receipts("verify").startsWith("there are no receipts in "));
    Path folder = DomainStores.receiptsIn(state);
    try (ReceiptLog book =
        ReceiptLog.open(
            folder, ReceiptSettings.defaults(), clock, RandomSource.seeded(1), log.log())) {
      for (String to : List.of("a@example.org", "b@example.org")) {
        book.add(
            new Receipt(
                NOW,
                "Q1",
                to,
                "example.org",
                "may",
                List.of("default may"),
                new Receipt.ReceiptHost("mx.example.org", "192.0.2.1"),
                null,
                false,
                null,
                false,
                false));
      }
    }
    String report = receipts("verify");
    assertTrue(report.startsWith("2 receipts in 1 file, 1 signed head, 0 receipts"), report);
    assertEquals(2, receipts("export").lines().count());
    assertEquals(1, receipts("export", "--recipient", "b@example.org").lines().count());

    Path file;
    try (var files = Files.list(folder)) {
      file =
          files
              .filter(f -> f.getFileName().toString().startsWith("receipts-"))
              .findFirst()
              .orElseThrow();
    }
    Files.writeString(
        file, Files.readString(file).replaceFirst("\"wanted\":\"may\"", "\"wanted\":\"dane\""));
    assertTrue(receipts("verify").contains("does not follow"));
    String head = "ab".repeat(32);
    assertTrue(receipts("verify", "--head", head).contains("is not in the chain"));
  }
}
