package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;

/** What shows only with a real handshake: state across STARTTLS, certificates, renegotiation. */
@Execution(ExecutionMode.CONCURRENT)
final class SessionTest {
  /** What the scan must say of a server. */
  private record Row(String name, Consumer<MailServer> fault, Map<String, Outcome> expected) {}

  private static Row row(String name, Consumer<MailServer> fault, String code, Outcome outcome) {
    return new Row(name, fault, Map.of(code, outcome));
  }

  private static final List<Row> ROWS =
      List.of(
          row(
              "answers injected commands",
              s -> s.keepsInjected = true,
              "starttls.cmdinjection/answered",
              Outcome.FAIL),
          row(
              "drops injected commands and the connection",
              s -> s.dropsInjected = true,
              "starttls.cmdinjection",
              Outcome.PASS),
          row("keeps MAIL", s -> s.keepsMail = true, "starttls.reset/kept", Outcome.FAIL),
          row(
              "offers STARTTLS again",
              s -> s.capsAfter += ",STARTTLS",
              "starttls.reoffer/offered",
              Outcome.WARN),
          row(
              "takes STARTTLS again",
              s -> {
                s.capsAfter += ",STARTTLS";
                s.acceptsAgain = true;
              },
              "starttls.reoffer/accepted",
              Outcome.FAIL),
          row("loses extensions", s -> s.capsAfter = "HELP", "ehlo.downgrade/lost", Outcome.FAIL),
          row(
              "takes smaller mail under TLS",
              s -> s.capsAfter = "PIPELINING,SIZE 10,8BITMIME",
              "ehlo.downgrade/lost",
              Outcome.FAIL),
          row(
              "offers REQUIRETLS in clear only",
              s -> s.capsBefore += ",REQUIRETLS",
              "requiretls/in-clear",
              Outcome.FAIL),
          row(
              "offers REQUIRETLS under TLS",
              s -> s.capsAfter += ",REQUIRETLS",
              "requiretls",
              Outcome.PASS),
          row(
              "drops after the handshake",
              s -> s.dropsAfterTls = true,
              "starttls.works/dropped",
              Outcome.FAIL),
          row(
              "refuses STARTTLS once",
              s -> s.refusalsOfStarttls = 1,
              "starttls.works/sometimes",
              Outcome.WARN),
          new Row(
              "refuses its own name",
              s -> s.refusesName = "old.example.org"::equals,
              Map.of(
                  "tolerance/own-name",
                  Outcome.FAIL,
                  "starttls.works",
                  Outcome.PASS,
                  "tls13",
                  Outcome.PASS)),
          row(
              "asks for a certificate",
              s -> s.asksCertificate = true,
              "clientcert.request/requested",
              Outcome.INFO),
          row(
              "demands a certificate in TLS 1.3",
              s -> s.demandsCertificate = true,
              "clientcert.request/required",
              Outcome.FAIL),
          row(
              "demands a certificate in TLS 1.2",
              s -> {
                s.demandsCertificate = true;
                s.protocols = new String[] {"TLSv1.2"};
              },
              "clientcert.request/required",
              Outcome.FAIL),
          row(
              "refuses strangers' certificates",
              s -> {
                s.asksCertificate = true;
                s.refusesStrangers = true;
              },
              "clientcert.tolerate/aborts",
              Outcome.FAIL),
          row(
              "renegotiates for clients",
              s -> s.protocols = new String[] {"TLSv1.2"},
              "client-reneg/endless",
              Outcome.WARN),
          row("TLS 1.3 alone", s -> s.protocols = new String[] {"TLSv1.3"}, "tls12", Outcome.PASS),
          row(
              "TLS 1.1 and 1.2",
              s -> s.protocols = new String[] {"TLSv1.1", "TLSv1.2"},
              "tls11/on",
              Outcome.WARN),
          row(
              "CBC whose padding is checked",
              s -> {
                s.protocols = new String[] {"TLSv1.2"};
                s.suites =
                    new String[] {
                      "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"
                    };
              },
              "vuln.poodle-tls",
              Outcome.PASS));

  private static List<Finding> scan(MailServer server, Depth depth) throws InterruptedException {
    return FlawTest.scan(
        server.address(),
        server.port(),
        server.implicit ? Entry.IMPLICIT : Entry.STARTTLS,
        depth,
        server.connections,
        Duration.ofSeconds(60));
  }

  private static String told(List<Finding> findings) {
    return findings.stream()
        .filter(f -> f.outcome() != Outcome.PASS)
        .map(f -> f.code() + " " + f.outcome() + " " + f.seen())
        .collect(Collectors.joining("\n"));
  }

  @TestFactory
  Stream<DynamicTest> findsEachFault() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (MailServer server = new MailServer()) {
                        row.fault().accept(server);
                        List<Finding> found = scan(server.start(), Depth.STANDARD);
                        row.expected()
                            .forEach(
                                (code, outcome) ->
                                    assertTrue(
                                        found.stream()
                                            .anyMatch(
                                                f ->
                                                    f.code().equals(code)
                                                        && f.outcome() == outcome),
                                        () -> code + " " + outcome + " is not in\n" + told(found)));
                      }
                    }));
  }

  @Test
  void aSoundServerHasNoneOfThem() throws Exception {
    try (MailServer server = new MailServer()) {
      List<Finding> found = scan(server.start(), Depth.FULL);
      for (Row row : ROWS) {
        for (String code : row.expected().keySet()) {
          boolean fault = code.contains("/") && !code.equals("client-reneg/endless");
          assertFalse(
              fault && found.stream().anyMatch(f -> f.code().equals(code)), code + " is not so");
        }
      }
      assertTrue(
          found.stream()
              .anyMatch(
                  f ->
                      f.check().id().equals("clientcert.tolerate") && f.outcome() == Outcome.PASS));
    }
  }

  @Test
  void implicitTlsIsLookedAtToo() throws Exception {
    try (MailServer server = new MailServer()) {
      server.implicit = true;
      List<Finding> found = scan(server.start(), Depth.STANDARD);
      assertEquals(
          Outcome.PASS,
          found.stream()
              .filter(f -> f.check().id().equals("starttls.works"))
              .findFirst()
              .orElseThrow()
              .outcome());
      assertTrue(
          found.stream()
              .anyMatch(f -> f.check().id().equals("tls13") && f.outcome() == Outcome.PASS));
    }
  }

  @Test
  void aBusyServerIsWaitedForAndWhatItDidNotShowIsInconclusive() throws Exception {
    try (MailServer server = new MailServer()) {
      server.throttledAfter = 3;
      List<Finding> found = scan(server.start(), Depth.STANDARD);
      assertTrue(found.stream().anyMatch(f -> f.code().equals("scan.trouble/throttled")));
      Finding robot =
          found.stream().filter(f -> f.check().id().equals("vuln.robot")).findFirst().orElseThrow();
      assertEquals(Outcome.INCONCLUSIVE, robot.outcome());
      // Three that went well, and one for each pause and the last word.
      assertEquals(6, server.connections.get());
    }
  }
}
