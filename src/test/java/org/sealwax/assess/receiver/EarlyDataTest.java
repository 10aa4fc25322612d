package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
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
import org.sealwax.assess.Progress;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;

/** Tickets that allow early data, from a server that really gives them: the openssl command. */
final class EarlyDataTest {
  private static final Path OPENSSL = Path.of("/usr/bin/openssl");

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void earlyDataIsSeenInTheTickets(boolean allowed) throws Exception {
    assumeTrue(Files.isExecutable(OPENSSL), "no openssl command here");
    int port = free();
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
                pem("CERTIFICATE", OldStack.CERTIFICATE),
                "-key",
                key(OldStack.RSA.getPrivate())));
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
      // What its console says goes to the client that is there: a banner and an answer to EHLO.
      server
          .getOutputStream()
          .write("220 mail\r\n250 mail\r\n".getBytes(StandardCharsets.US_ASCII));
      server.getOutputStream().flush();
      Finding early =
          look(port).stream()
              .filter(f -> f.check().id().equals("early-data"))
              .findFirst()
              .orElseThrow();
      assertEquals(allowed ? Outcome.FAIL : Outcome.PASS, early.outcome(), early.seen());
    } finally {
      server.destroyForcibly();
    }
  }

  private static List<Finding> look(int port) throws InterruptedException {
    Duration wait = Duration.ofSeconds(3);
    Visit visit =
        new Visit(
            Place.of(
                Domain.parse("old.example.org").orElseThrow(),
                InetAddress.getLoopbackAddress(),
                port),
            Domain.of("old.example.org"),
            Entry.IMPLICIT,
            null,
            "probe.example.org",
            Budget.of(Depth.QUICK),
            Clock.system(),
            System.nanoTime() + Duration.ofSeconds(60).toNanos(),
            Progress.none());
    return new ReceiverScan(
            SystemDialer.trusted(),
            Clock.system(),
            Chance.seeded(7),
            new Manners(
                Duration.ofSeconds(5),
                // A greeting that comes too late, or not at all, is no part of this.
                wait,
                wait,
                wait,
                Duration.ofMillis(1),
                List.of(),
                Duration.ofSeconds(60)),
            null)
        .look(visit);
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

  private static int free() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
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
