package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PrivateKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.ProgressListener;
import org.sealwax.assess.model.AssessmentBudget;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.FindingLocation;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.testkit.net.FreePort;

/** Tickets that allow early data, from a server that really gives them: the openssl command. */
final class EarlyDataTest {
  private static final Path OPENSSL = Path.of("/usr/bin/openssl");

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void earlyDataIsReportedFromTickets(boolean allowed) throws Exception {
    assumeTrue(Files.isExecutable(OPENSSL), "no openssl command here");
    int port = FreePort.pick();
    List<String> command =
        new ArrayList<>(
            List.of(
                OPENSSL.toString(),
                "s_server",
                "-accept",
                "127.0.0.1:" + port,
                "-tls1_3",
                "-quiet",
                "-cert",
                pem("CERTIFICATE", LegacyTlsServer.CERTIFICATE),
                "-key",
                key(LegacyTlsServer.RSA.getPrivate())));
    if (allowed) {
      command.add("-early_data");
    }
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      await(port);
      // What its console states goes to the client that is there: a banner and an answer to EHLO.
      server
          .getOutputStream()
          .write("220 mail\r\n250 mail\r\n".getBytes(StandardCharsets.US_ASCII));
      server.getOutputStream().flush();
      Finding early =
          scan(port).stream()
              .filter(f -> f.check().id().equals("early-data"))
              .findFirst()
              .orElseThrow();
      assertEquals(
          allowed ? CheckOutcome.FAIL : CheckOutcome.PASS, early.outcome(), early.observed());
    } finally {
      server.destroyForcibly();
    }
  }

  private static List<Finding> scan(int port) throws InterruptedException {
    Duration wait = Duration.ofSeconds(3);
    AddressVisit visit =
        new AddressVisit(
            FindingLocation.of(
                Domain.parse("old.example.org").orElseThrow(),
                InetAddress.getLoopbackAddress(),
                port),
            Domain.of("old.example.org"),
            TlsStart.IMPLICIT,
            null,
            "probe.example.org",
            AssessmentBudget.of(ScanDepth.QUICK),
            Clock.system(),
            System.nanoTime() + Duration.ofSeconds(60).toNanos(),
            ProgressListener.none());
    return new ReceiverScan(
            SystemDialer.trusted(),
            Clock.system(),
            RandomSource.seeded(7),
            new ScanTimeouts(
                Duration.ofSeconds(5),
                // A greeting that comes too late, or not at all, is not tested here.
                wait,
                wait,
                wait,
                Duration.ofMillis(1),
                List.of(),
                Duration.ofSeconds(60)),
            null)
        .run(visit);
  }

  /** Waits until it listens; the connection that shows it is taken and closed. */
  private static void await(int port) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (System.nanoTime() < end) {
      try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), port)) {
        return;
      } catch (IOException e) {
        Thread.sleep(50);
      }
    }
    throw new IOException("openssl does not listen");
  }

  private String key(PrivateKey key) throws IOException {
    return pem("PRIVATE KEY", key.getEncoded());
  }

  private String pem(String label, byte[] der) throws IOException {
    String text =
        "-----BEGIN "
            + label
            + "-----\n"
            + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
            + "\n-----END "
            + label
            + "-----\n";
    return Files.writeString(folder.resolve(label.replace(' ', '-') + ".pem"), text).toString();
  }
}
