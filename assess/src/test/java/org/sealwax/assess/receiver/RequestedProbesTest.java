package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.Probe;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.testkit.dns.FixedResolver;

/** The two tests that are made only toward a mailbox that a person names: relay and smuggling. */
@Execution(ExecutionMode.CONCURRENT)
final class RequestedProbesTest {
  private static final ScanTimeouts TIMEOUTS =
      new ScanTimeouts(
          Duration.ofSeconds(5),
          Duration.ofSeconds(20),
          Duration.ofSeconds(20),
          Duration.ofSeconds(10),
          Duration.ofMillis(1),
          List.of(),
          Duration.ofSeconds(60));

  /** Long enough for a loaded machine to answer where a false end is taken. */
  private static final Duration LISTEN = Duration.ofMillis(400);

  private static final Mailbox OWN = new Mailbox("me", Domain.of("own.example"));
  private static final FixedResolver DNS =
      FixedResolver.builder()
          .mx("own.example", 10, "mx.own.example")
          .a("mx.own.example", "192.0.2.77")
          .mx("here.example", 10, "mx.here.example")
          .a("mx.here.example", "127.0.0.1")
          .mx("named.example", 10, "old.example.org")
          .fails("mute.example")
          .build();

  /** A server with what it does, the finding, and how many messages it may have taken. */
  private record Row(
      String name, Consumer<FaultyMailServer> setUp, String expected, int messages) {}

  private static AddressVisit visit(FaultyMailServer server) {
    return new AddressVisit(
        FindingLocation.of(Domain.of("old.example.org"), server.address(), server.port()),
        Domain.of("old.example.org"),
        TlsStart.STARTTLS,
        null,
        "probe.example.org",
        AssessmentBudget.of(ScanDepth.STANDARD),
        Clock.system(),
        System.nanoTime() + Duration.ofMinutes(2).toNanos(),
        ProgressListener.none());
  }

  private static OpenRelayProbe relay(String domain) {
    return new OpenRelayProbe(
        new Mailbox("me", Domain.of(domain)),
        DNS,
        SystemDialer.trusted(),
        Clock.system(),
        RandomSource.seeded(7),
        TIMEOUTS);
  }

  private static SmugglingProbe smuggling() {
    return new SmugglingProbe(
        OWN, SystemDialer.trusted(), Clock.system(), RandomSource.seeded(7), TIMEOUTS, LISTEN);
  }

  private static Finding runProbe(FaultyMailServer server, Probe probe)
      throws InterruptedException {
    AddressVisit visit = visit(server);
    List<Finding> findings = probe.run(visit);
    assertEquals(1, findings.size());
    assertEquals(
        server.connections.get(), visit.connections().opened(), "connections beside the purse");
    assertTrue(
        server.connections.get() <= probe.reserve(ScanDepth.STANDARD), "more than it asked for");
    return findings.getFirst();
  }

  private static String text(Finding finding) {
    return finding.outcome() + " " + finding.code();
  }

  private static void withoutTls(FaultyMailServer server) {
    server.capsBefore = "PIPELINING,8BITMIME";
  }

  private static boolean ends(String line, String what) {
    return line.startsWith("RCPT TO:<") && line.endsWith(what);
  }

  private static Stream<DynamicTest> tests(List<Row> rows, java.util.function.Supplier<Probe> of) {
    return rows.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (FaultyMailServer server = new FaultyMailServer()) {
                        row.setUp().accept(server);
                        server.start();
                        Finding found = runProbe(server, of.get());
                        assertEquals(row.expected(), text(found), found.toString());
                        assertEquals(row.messages(), server.messages.get(), "messages taken");
                      }
                    }));
  }

  @TestFactory
  Stream<DynamicTest> openRelaysAreFoundAndNoMessageIsSent() {
    return tests(
        List.of(
            new Row("an open relay under TLS", s -> {}, "FAIL relay/open", 0),
            new Row(
                "an open relay in plaintext",
                RequestedProbesTest::withoutTls,
                "FAIL relay/open",
                0),
            new Row("refuses all", s -> s.acceptsRecipient = l -> false, "PASS relay", 0),
            new Row(
                "refuses all in plaintext",
                s -> {
                  withoutTls(s);
                  s.acceptsRecipient = l -> false;
                },
                "PASS relay",
                0),
            new Row(
                "follows source routes",
                s -> s.acceptsRecipient = l -> l.contains("@OLD.EXAMPLE.ORG:ME@OWN.EXAMPLE"),
                "FAIL relay/open",
                0),
            new Row(
                "takes whatever has its own name in it, sense or not",
                s -> s.acceptsRecipient = l -> l.contains("OLD.EXAMPLE.ORG"),
                "PASS relay",
                0),
            new Row(
                "follows percent signs",
                s -> s.acceptsRecipient = l -> ends(l, "ME%OWN.EXAMPLE@OLD.EXAMPLE.ORG>"),
                "FAIL relay/open",
                0),
            new Row(
                "takes any name of its own",
                s -> s.acceptsRecipient = l -> ends(l, "@OLD.EXAMPLE.ORG>"),
                "PASS relay",
                0),
            new Row(
                "hangs up once",
                s -> {
                  s.acceptsRecipient = l -> false;
                  s.hangsUpAfterRecipients = 3;
                },
                "PASS relay",
                0)),
        () -> relay("own.example"));
  }

  @Test
  void theRelayProbeNeedsAMailboxAtAnotherHost() throws Exception {
    for (String[] row :
        new String[][] {
          {"here.example", "NOT_TESTED relay", "0"},
          {"named.example", "NOT_TESTED relay", "0"},
          {"nowhere.example", "NOT_TESTED relay", "0"},
          {"mute.example", "INCONCLUSIVE relay", "1"}
        }) {
      try (FaultyMailServer server = new FaultyMailServer().start()) {
        Finding found = runProbe(server, relay(row[0]));
        assertEquals(row[1], text(found), found.toString());
        assertEquals(row[2], Integer.toString(server.connections.get()), row[0]);
      }
    }
  }

  @Test
  void eachFormEndsWithRsetAndNoneReachesData() throws Exception {
    try (FaultyMailServer server = new FaultyMailServer().start()) {
      String output =
          String.join(
              "\n",
              runProbe(server, relay("own.example")).evidence().stream()
                  .map(FindingEvidence::text)
                  .toList());
      long mails = output.lines().filter(l -> l.startsWith("C: MAIL")).count();
      assertEquals(6, mails, output);
      assertEquals(mails, output.lines().filter(l -> l.equals("C: RSET")).count(), output);
      assertTrue(output.lines().noneMatch(l -> l.startsWith("C: DATA")), output);
    }
  }

  private static Row loose(String name, String end) {
    return new Row(name, s -> s.ends = Set.of("\r\n.\r\n", end), "FAIL smtp.smuggling/accepted", 1);
  }

  @TestFactory
  Stream<DynamicTest> falseEndsOfDataAreFoundWithOneMessage() {
    return tests(
        List.of(
            loose("LF . LF", "\n.\n"),
            loose("LF . CR LF", "\n.\r\n"),
            loose("CR LF . LF", "\r\n.\n"),
            loose("CR . CR", "\r.\r"),
            loose("CR LF . CR", "\r\n.\r"),
            loose("CR . CR LF", "\r.\r\n"),
            loose("CR LF NUL . CR LF", "\r\n\0.\r\n"),
            new Row(
                "in plaintext",
                s -> {
                  withoutTls(s);
                  s.ends = Set.of("\r\n.\r\n", "\n.\n");
                },
                "FAIL smtp.smuggling/accepted",
                1),
            new Row(
                "takes a false end and says so late",
                s -> {
                  s.ends = Set.of("\r\n.\r\n", "\n.\n");
                  s.greetingDelay = 4_000;
                },
                "FAIL smtp.smuggling/accepted",
                1),
            new Row("passes over all", s -> {}, "PASS smtp.smuggling", 1),
            new Row(
                "refuses bare LF at the end",
                s -> s.rejectedText = t -> t.contains("\n.\n"),
                "PASS smtp.smuggling",
                0),
            new Row("hangs up at bare LF", s -> s.hangsUpAtBareLf = true, "PASS smtp.smuggling", 1),
            new Row(
                "dislikes what is in it, at a false end",
                s -> {
                  s.ends = Set.of("\r\n.\r\n", "\n.\n");
                  s.rejectedText = t -> true;
                  s.rejectionReply = "554 5.7.1 spam";
                },
                "INCONCLUSIVE smtp.smuggling",
                0),
            new Row(
                "knows no such mailbox",
                s -> s.acceptsRecipient = l -> false,
                "INCONCLUSIVE smtp.smuggling",
                0)),
        RequestedProbesTest::smuggling);
  }

  @Test
  void onlyOneOfSeveralAddressesGetsTheMessage() throws Exception {
    try (FaultyMailServer one = new FaultyMailServer().start();
        FaultyMailServer two = new FaultyMailServer().start()) {
      SmugglingProbe test = smuggling();
      assertEquals("PASS smtp.smuggling", text(runProbe(one, test)));
      Finding second = runProbe(two, test);
      assertEquals("NOT_TESTED smtp.smuggling", text(second), second.toString());
      assertEquals(0, two.messages.get());
    }
  }
}
