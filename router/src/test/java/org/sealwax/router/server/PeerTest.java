package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.cli.ExplainCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** Peers that are known by their own MX hosts: the wired router, a signed DNS, real TLS. */
@Timeout(300)
final class PeerTest {
  private final RecordingMailLog log = new RecordingMailLog();

  /** The next hop of all mail: takes everything, keeps it. */
  private static final class RecordingNextHop implements AutoCloseable {
    final BlockingQueue<String> messages = new LinkedBlockingQueue<>();
    final ServerSocket serverSocket = new ServerSocket(0, 5, InetAddress.ofLiteral("127.0.0.1"));

    RecordingNextHop() throws IOException {
      Threads.start("sink", this::serve);
    }

    private void serve() {
      while (!serverSocket.isClosed()) {
        try (Socket s = serverSocket.accept()) {
          runSession(s);
        } catch (IOException e) {
          // The next one.
        }
      }
    }

    private void runSession(Socket s) throws IOException {
      BufferedReader in =
          new BufferedReader(new InputStreamReader(s.getInputStream(), StandardCharsets.US_ASCII));
      send(s, "220 sink");
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.equals("DATA")) {
          send(s, "354 go");
          StringBuilder text = new StringBuilder();
          for (String l = in.readLine(); l != null && !l.equals("."); l = in.readLine()) {
            text.append(l).append('\n');
          }
          messages.add(text.toString());
        }
        send(s, line.equals("QUIT") ? "221 bye" : "250 ok");
      }
    }

    private static void send(Socket s, String line) throws IOException {
      s.getOutputStream().write((line + "\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void close() throws IOException {
      serverSocket.close();
    }
  }

  private static RouterSettings settings(
      Path folder, LoopbackResolver dns, RecordingNextHop sink, String peers) throws IOException {
    String text =
        """
        [server]
        hostname = "mx.example.org"
        [[listener]]
        address = "127.0.0.1:0"
        [trust]
        networks = []
        [[transport]]
        domain = "*"
        next_hop = "[127.0.0.1]:%d"
        [dns]
        resolvers = ["127.0.0.1:%d"]
        anchors = [%s]
        """
                .formatted(
                    sink.serverSocket.getLocalPort(),
                    dns.address().getPort(),
                    String.join(", ", dns.anchors().stream().map(a -> '"' + a + '"').toList()))
            + peers;
    Path state = Files.createDirectories(folder.resolve("state"));
    Files.writeString(state.resolve("sealwax.toml"), text);
    Configuration read =
        Configuration.parse(
            text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), state));
    if (!(read instanceof Configuration.ValidConfiguration sound)) {
      throw new IOException(read.report());
    }
    return sound.settings();
  }

  private static Zone zone(Identity shown) {
    return Zone.of(
            "peer.example",
            "$TTL 60\n@ MX 10 mx\nmx A 192.0.2.1\n_25._tcp.mx TLSA 3 1 1 "
                + Pins.of(shown.chain().getFirst()).hex())
        .signed();
  }

  private void until(String... words) throws InterruptedException {
    while (!log.recorded(words)) {
      Thread.sleep(2);
    }
  }

  /** The reply to a client that tries to relay. */
  private static String relays(int port, SSLContext own, boolean sends) throws IOException {
    try (RouterTestClient caller = new RouterTestClient(port)) {
      caller.reply();
      caller.exchange("EHLO mx.peer.example");
      caller.exchange("STARTTLS");
      caller.startTls(own);
      caller.exchange("EHLO mx.peer.example");
      caller.exchange("MAIL FROM:<joe@peer.example>");
      String text = caller.exchange("RCPT TO:<jane@elsewhere.example>");
      if (sends && text.startsWith("250")) {
        caller.exchange("DATA");
        caller.exchange("Subject: hello\r\n\r\nhello\r\n.");
      }
      caller.exchange("QUIT");
      return text.substring(0, 3);
    }
  }

  private static String explain(RouterSettings settings) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    Path state = settings.server().state();
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of("STATE_DIRECTORY", state.toString()),
            new ByteArrayInputStream(new byte[0]),
            print,
            print,
            "t",
            state,
            state);
    int code =
        new ExplainCommand(around, arguments -> ExitStatus.SOFTWARE)
            .command()
            .run(around, List.of("peer.example", "--config", "sealwax.toml"));
    assertEquals(ExitStatus.OK, code);
    return out.toString(StandardCharsets.UTF_8);
  }

  private String lastHandshake() {
    return log.facts().stream().filter(f -> f.startsWith("tlsFromClient ")).toList().getLast();
  }

  @Test
  void aNamedPeerRelaysByItsTlsaKeyUntilItsRowIsRemoved(@TempDir Path folder) throws Exception {
    TlsFactory.prepareJvm();
    Identity own = TestCa.selfSigned("mx.peer.example");
    Identity other = TestCa.selfSigned("mx.peer.example");
    IdentitySettings.CertificatePair ownFiles = TestCa.write(own, folder, "own");
    SSLContext peer = RouterTestClient.contextWithCertificate(ownFiles);
    SSLContext otherContext =
        RouterTestClient.contextWithCertificate(TestCa.write(other, folder, "other"));
    String row = "[[peer]]\ndomain = \"peer.example\"\nrelay = true\n";
    try (LoopbackResolver dns = LoopbackResolver.start(Clock.system(), zone(own));
        RecordingNextHop sink = new RecordingNextHop();
        Router router =
            new Router(
                settings(folder, dns, sink, row),
                Clock.system(),
                RandomSource.secure(),
                log.log(),
                new Counters())) {
      router.start(_ -> ReloadReport.COMPLETE);
      int port = router.addresses().getFirst().getPort();
      until("note", "peer.example is identified by 1 TLSA of mx.peer.example");

      RouterSettings now = settings(folder, dns, sink, row);
      String text = explain(now);
      assertTrue(
          text.contains("as a client it is identified by 1 TLSA of mx.peer.example, and may relay"),
          text);

      assertEquals("250", relays(port, peer, true));
      String verdict = "verified(mirror peer.example tlsa)";
      assertTrue(lastHandshake().contains(verdict), lastHandshake());
      String message = sink.messages.poll(30, TimeUnit.SECONDS);
      assertTrue(
          message != null && message.replaceAll("\\s+", " ").contains("(" + verdict + ")"),
          "Received says it: " + message);

      assertEquals("550", relays(port, otherContext, false), "the same name, another key");
      assertTrue(lastHandshake().contains("untrusted(self-signed)"), lastHandshake());

      assertEquals("250", relays(port, peer, false));
      assertTrue(lastHandshake().contains("resumed=true"), lastHandshake());
      assertTrue(lastHandshake().contains(verdict), "judged anew: " + lastHandshake());

      // The row no longer permits relaying: a session that is resumed then is judged by that.
      router.reload(settings(folder, dns, sink, row.replace("true", "false")), false);
      assertEquals("550", relays(port, peer, false));
      assertTrue(lastHandshake().contains("resumed=true"), lastHandshake());
      assertTrue(lastHandshake().contains(verdict), lastHandshake());

      // The command line alone looks by itself, without a server.
      assertTrue(
          explain(settings(folder.resolve("alone"), dns, sink, row))
              .contains(
                  "as a client it is identified by 1 TLSA of mx.peer.example, and may relay"));

      // And no row at all.
      router.reload(settings(folder, dns, sink, ""), false);
      assertEquals("550", relays(port, peer, false));
      assertTrue(lastHandshake().contains("untrusted(self-signed)"), lastHandshake());
    }
  }
}
