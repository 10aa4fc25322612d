package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Against another implementation: the openssl command of this machine, on loopback. */
final class OpenSslTest {
  private static final Path OPENSSL = Path.of("/usr/bin/openssl");

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @CsvSource({"BORINGSSL, -tls1_3", "BORINGSSL, -tls1_2", "JSSE, -tls1_3", "JSSE, -tls1_2"})
  void serverInteroperatesWithSClient(TlsEngine engine, String version) throws Exception {
    assumeTrue(Files.isExecutable(OPENSSL), "no openssl command here");
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            TlsConnectionPair.store(TlsConnectionPair.MX),
            TlsConnectionPair.references(TlsConnectionPair.ROOTS, "sender.example.net"));
    IdentitySettings.CertificatePair pair =
        TestCa.write(TlsConnectionPair.SENDER, folder, "sender");
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Process peer =
          openssl(
              "s_client",
              "-connect",
              "127.0.0.1:" + listening.getLocalPort(),
              version,
              "-quiet",
              "-servername",
              "mx.example.org",
              "-cert",
              pair.certificate().toString(),
              "-key",
              pair.key().toString());
      try (TlsWire wire = server.accept(accept(listening), TlsConnectionPair.LIMIT)) {
        wire.readTimeout(TlsConnectionPair.LIMIT);
        wire.out().write("220 ready\r\n".getBytes(StandardCharsets.US_ASCII));
        peer.getOutputStream().write("EHLO x\n".getBytes(StandardCharsets.US_ASCII));
        peer.getOutputStream().flush();
        TlsConnectionPair.expect(wire, "EHLO x\n");
        assertEquals("verified(name sender.example.net)", wire.handshake().verdict().text());
        assertNotNull(wire.handshake().group());
        assertEquals("mx.example.org", wire.handshake().serverName());
      } finally {
        end(peer);
      }
    }
    assertEquals(0, factory.openEngines());
  }

  @ParameterizedTest
  @CsvSource({"BORINGSSL, -tls1_3", "BORINGSSL, -tls1_2", "JSSE, -tls1_3", "JSSE, -tls1_2"})
  void clientInteroperatesWithSServer(TlsEngine engine, String version) throws Exception {
    assumeTrue(Files.isExecutable(OPENSSL), "no openssl command here");
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsClient client =
        factory.client(
            ClientTlsSettings.defaults(), TlsConnectionPair.store(TlsConnectionPair.SENDER));
    IdentitySettings.CertificatePair pair = TestCa.write(TlsConnectionPair.MX, folder, "mx");
    Process peer =
        openssl(
            "s_server",
            "-accept",
            "127.0.0.1:0",
            version,
            "-verify",
            "4",
            "-rev",
            "-cert",
            pair.certificate().toString(),
            "-key",
            pair.key().toString());
    try {
      Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(peer));
      try (TlsWire wire =
          client.connect(
              Wire.of(socket),
              TlsConnectionPair.offer(
                  TlsConnectionPair.references(TlsConnectionPair.ROOTS, "mx.example.org")),
              TlsConnectionPair.LIMIT)) {
        wire.readTimeout(TlsConnectionPair.LIMIT);
        TlsConnectionPair.send(wire, "hello\n");
        TlsConnectionPair.expect(wire, "olleh\n");
        assertEquals("verified(name mx.example.org)", wire.handshake().verdict().text());
        assertEquals("x25519", wire.handshake().group());
        assertTrue(wire.handshake().ownCertificate());
      }
    } finally {
      end(peer);
    }
    assertEquals(0, factory.openEngines());
  }

  private static Wire accept(ServerSocket listening) throws IOException {
    listening.setSoTimeout(60_000);
    return Wire.of(listening.accept());
  }

  private static Process openssl(String... arguments) throws IOException {
    List<String> command = new java.util.ArrayList<>(List.of(OPENSSL.toString()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command).redirectErrorStream(true).start();
  }

  /** s_server states {@code ACCEPT 127.0.0.1:40123} once it listens. */
  private static int port(Process peer) throws IOException {
    var reader = peer.inputReader(StandardCharsets.US_ASCII);
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      if (line.startsWith("ACCEPT ")) {
        return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
      }
    }
    throw new IOException("openssl s_server does not listen");
  }

  private static void end(Process peer) throws InterruptedException {
    peer.destroy();
    if (!peer.waitFor(60, TimeUnit.SECONDS)) {
      peer.destroyForcibly();
    }
  }
}
