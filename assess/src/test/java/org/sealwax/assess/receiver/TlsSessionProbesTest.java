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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;

/** What shows only with a real handshake: state across STARTTLS, certificates, renegotiation. */
@Execution(ExecutionMode.CONCURRENT)
final class TlsSessionProbesTest {
  /** What the scan must say of a server. */
  private record Row(
      String name, Consumer<FaultyMailServer> fault, Map<String, CheckOutcome> expected) {}

  private static Row row(
      String name, Consumer<FaultyMailServer> fault, String code, CheckOutcome outcome) {
    return new Row(name, fault, Map.of(code, outcome));
  }

  private static final List<Row> ROWS =
      List.of(
          row(
              "answers injected commands",
              s -> s.processesInjectedText = true,
              "starttls.cmdinjection/answered",
              CheckOutcome.FAIL),
          row(
              "drops injected commands and the connection",
              s -> s.dropsInjected = true,
              "starttls.cmdinjection",
              CheckOutcome.PASS),
          row(
              "keeps MAIL",
              s -> s.keepsTransactionAcrossStarttls = true,
              "starttls.reset/kept",
              CheckOutcome.FAIL),
          row(
              "offers STARTTLS again",
              s -> s.capsAfter += ",STARTTLS",
              "starttls.reoffer/offered",
              CheckOutcome.WARN),
          row(
              "takes STARTTLS again",
              s -> {
                s.capsAfter += ",STARTTLS";
                s.acceptsAgain = true;
              },
              "starttls.reoffer/accepted",
              CheckOutcome.FAIL),
          row(
              "loses extensions",
              s -> s.capsAfter = "HELP",
              "ehlo.downgrade/lost",
              CheckOutcome.FAIL),
          row(
              "takes smaller mail under TLS",
              s -> s.capsAfter = "PIPELINING,SIZE 10,8BITMIME",
              "ehlo.downgrade/lost",
              CheckOutcome.FAIL),
          row(
              "offers REQUIRETLS in plaintext only",
              s -> s.capsBefore += ",REQUIRETLS",
              "requiretls/in-clear",
              CheckOutcome.FAIL),
          row(
              "offers REQUIRETLS under TLS",
              s -> s.capsAfter += ",REQUIRETLS",
              "requiretls",
              CheckOutcome.PASS),
          row(
              "drops after the handshake",
              s -> s.dropsAfterTls = true,
              "starttls.works/dropped",
              CheckOutcome.FAIL),
          row(
              "refuses STARTTLS once",
              s -> s.refusalsOfStarttls = 1,
              "starttls.works/sometimes",
              CheckOutcome.WARN),
          new Row(
              "refuses its own name",
              s -> s.refusesName = "old.example.org"::equals,
              Map.of(
                  "tolerance/own-name",
                  CheckOutcome.FAIL,
                  "starttls.works",
                  CheckOutcome.PASS,
                  "tls13",
                  CheckOutcome.PASS)),
          row(
              "asks for a certificate",
              s -> s.asksCertificate = true,
              "clientcert.request/requested",
              CheckOutcome.INFO),
          row(
              "demands a certificate in TLS 1.3",
              s -> s.demandsCertificate = true,
              "clientcert.request/required",
              CheckOutcome.FAIL),
          row(
              "demands a certificate in TLS 1.2",
              s -> {
                s.demandsCertificate = true;
                s.protocols = new String[] {"TLSv1.2"};
              },
              "clientcert.request/required",
              CheckOutcome.FAIL),
          row(
              "refuses strangers' certificates",
              s -> {
                s.asksCertificate = true;
                s.rejectsUnknownClients = true;
              },
              "clientcert.tolerate/aborts",
              CheckOutcome.FAIL),
          row(
              "renegotiates for clients",
              s -> s.protocols = new String[] {"TLSv1.2"},
              "client-reneg/endless",
              CheckOutcome.WARN),
          row(
              "TLS 1.3 alone",
              s -> s.protocols = new String[] {"TLSv1.3"},
              "tls12",
              CheckOutcome.PASS),
          row(
              "TLS 1.1 and 1.2",
              s -> s.protocols = new String[] {"TLSv1.1", "TLSv1.2"},
              "tls11/on",
              CheckOutcome.WARN),
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
              CheckOutcome.PASS));

  private static List<Finding> scan(FaultyMailServer server, ScanDepth depth)
      throws InterruptedException {
    return VulnerabilityProbesTest.scan(
        server.address(),
        server.port(),
        server.implicit ? TlsStart.IMPLICIT : TlsStart.STARTTLS,
        depth,
        server.connections,
        Duration.ofSeconds(60));
  }

  private static String text(List<Finding> findings) {
    return findings.stream()
        .filter(f -> f.outcome() != CheckOutcome.PASS)
        .map(f -> f.code() + " " + f.outcome() + " " + f.observed())
        .collect(Collectors.joining("\n"));
  }

  @TestFactory
  Stream<DynamicTest> findsEachSessionFault() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (FaultyMailServer server = new FaultyMailServer()) {
                        row.fault().accept(server);
                        List<Finding> found = scan(server.start(), ScanDepth.STANDARD);
                        row.expected()
                            .forEach(
                                (code, outcome) ->
                                    assertTrue(
                                        found.stream()
                                            .anyMatch(
                                                f ->
                                                    f.code().equals(code)
                                                        && f.outcome() == outcome),
                                        () -> code + " " + outcome + " is not in\n" + text(found)));
                      }
                    }));
  }

  @Test
  void findsNoneOnASecureServer() throws Exception {
    try (FaultyMailServer server = new FaultyMailServer()) {
      List<Finding> found = scan(server.start(), ScanDepth.FULL);
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
                      f.check().id().equals("clientcert.tolerate")
                          && f.outcome() == CheckOutcome.PASS));
    }
  }

  /** Clients without a server name connect, so that no refusal of the name is the end. */
  @ParameterizedTest
  @CsvSource({
    "QUICK,112", "QUICK,40", "QUICK,80", "QUICK,-1",
    "STANDARD,112", "STANDARD,40", "STANDARD,49", "STANDARD,-1"
  })
  void aServerThatRefusesItsNameIsScannedWithoutIt(ScanDepth depth, int how) throws Exception {
    try (FaultyMailServer server = new FaultyMailServer()) {
      server.refusesName = "old.example.org"::equals;
      server.refusalOfName = how;
      List<Finding> found = scan(server.start(), depth);
      assertTrue(
          found.stream().anyMatch(f -> f.code().equals("tolerance/own-name")), found.toString());
      assertTrue(
          found.stream()
              .anyMatch(
                  f -> f.check().id().equals("starttls.works") && f.outcome() == CheckOutcome.PASS),
          found.toString());
    }
  }

  @Test
  void implicitTlsIsScanned() throws Exception {
    try (FaultyMailServer server = new FaultyMailServer()) {
      server.implicit = true;
      List<Finding> found = scan(server.start(), ScanDepth.STANDARD);
      assertEquals(
          CheckOutcome.PASS,
          found.stream()
              .filter(f -> f.check().id().equals("starttls.works"))
              .findFirst()
              .orElseThrow()
              .outcome());
      assertTrue(
          found.stream()
              .anyMatch(f -> f.check().id().equals("tls13") && f.outcome() == CheckOutcome.PASS));
    }
  }

  @Test
  void aBusyServerIsRetriedAndUntestedChecksAreInconclusive() throws Exception {
    try (FaultyMailServer server = new FaultyMailServer()) {
      server.throttledAfter = 3;
      List<Finding> found = scan(server.start(), ScanDepth.STANDARD);
      assertTrue(found.stream().anyMatch(f -> f.code().equals("scan.trouble/throttled")));
      Finding robot =
          found.stream().filter(f -> f.check().id().equals("vuln.robot")).findFirst().orElseThrow();
      assertEquals(CheckOutcome.INCONCLUSIVE, robot.outcome());
      // Three that went well, and one for each pause and the last word.
      assertEquals(6, server.connections.get());
    }
  }
}
