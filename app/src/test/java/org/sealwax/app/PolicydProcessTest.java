package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;

/** {@code sealwax policyd} as a process: what a signal changes, and what its figures say. */
@Tag("process")
@Tag("long")
@Timeout(600)
final class PolicydProcessTest {
  private static final String ENCRYPT = "OK encrypt protocols=>=TLSv1.2";

  @TempDir private Path folder = Path.of("");

  private void configure(String deliver) throws IOException {
    Files.writeString(
        folder.resolve("sealwax.toml"),
        "[server]\nhostname = \"mx.example.org\"\nstate = \""
            + folder.resolve("state")
            + "\"\n[deliver]\n"
            + deliver
            + "\n");
  }

  /** One question on a connection that stands. */
  private static String ask(Socket socket, String request) throws IOException {
    socket
        .getOutputStream()
        .write((request.length() + ":" + request + ",").getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    int length = 0;
    for (int c = in.read(); c != ':'; c = in.read()) {
      length = 10 * length + Character.digit(c, 10);
    }
    String answer = new String(in.readNBytes(length), StandardCharsets.US_ASCII);
    assertEquals(',', in.read());
    return answer;
  }

  @Test
  void aHangUpSignalChangesAnswersOnOpenConnections() throws Exception {
    configure("level = \"may\"");
    try (ServerProcess policyd =
        ServerProcess.policyd(folder.resolve("sealwax.toml"), "--metrics", "127.0.0.1:0")) {
      int figures = policyd.port(Pattern.compile("metrics at http://127\\.0\\.0\\.1:(\\d+)"));
      try (Socket socket = new Socket("127.0.0.1", policyd.port())) {
        socket.setSoTimeout(60_000);
        assertEquals("NOTFOUND ", ask(socket, "tls [192.0.2.1]"));
        configure("level = \"encrypt\"");
        policyd.signal("HUP");
        policyd.line("configuration reloaded");
        assertEquals(ENCRYPT, ask(socket, "tls [192.0.2.1]"));
        configure("level = \"nonsense\"");
        policyd.signal("HUP");
        policyd.line("reload failed: line ");
        assertEquals(ENCRYPT, ask(socket, "tls [192.0.2.1]"));
        assertEquals("PERM ", ask(socket, "nosuch [192.0.2.1]").substring(0, 5));
        String text = figures(figures);
        for (String line :
            new String[] {
              "sealwax_policyd_answers_total{answer=\"encrypt\"} 2",
              "sealwax_policyd_answers_total{answer=\"notfound\"} 1",
              "sealwax_policyd_answers_total{answer=\"perm\"} 1",
              "sealwax_policyd_connections 1",
              "# TYPE sealwax_ledger_domains gauge",
              "sealwax_ledger_domains{level=\"verify\"} 0",
              "sealwax_ledger_violations 0",
              "# TYPE sealwax_ledger_events_total counter",
              "sealwax_ledger_events_total{event=\"promoted\"} 0",
              "sealwax_sts_domains 0"
            }) {
          assertTrue(text.contains(line + "\n"), line + " in\n" + text);
        }
      }
      policyd.signal("TERM");
      assertEquals(ExitStatus.OK, policyd.end());
    }
  }

  @Test
  void askPrintsTheAnswerOnlyAndCreatesNoFiles() throws Exception {
    configure("level = \"encrypt\"");
    Path config = folder.resolve("sealwax.toml");
    Path state = folder.resolve("state");
    ServerProcess.ProcessResult asked =
        ServerProcess.run(config, "policyd", "--ask", "[192.0.2.1]");
    assertEquals(ENCRYPT + "\n", asked.out());
    assertTrue(asked.err().contains("because: [192.0.2.1]: default encrypt"), asked.err());
    assertEquals(ExitStatus.OK, asked.code());
    assertTrue(Files.notExists(state), "a question makes no state");
    // While a service runs it reads what the service has kept, and changes nothing.
    try (ServerProcess policyd = ServerProcess.policyd(config)) {
      assertTrue(policyd.port() > 0);
      List<String> before = listing(state);
      assertEquals(
          ENCRYPT + "\n", ServerProcess.run(config, "policyd", "--ask", "[192.0.2.1]").out());
      assertEquals(before, listing(state));
      policyd.signal("TERM");
      assertEquals(ExitStatus.OK, policyd.end());
    }
    List<String> left = listing(state);
    assertEquals(
        ENCRYPT + "\n", ServerProcess.run(config, "policyd", "--ask", "[192.0.2.1]").out());
    assertEquals(left, listing(state));
    try (Stream<Path> all = Files.list(folder)) {
      assertEquals(
          Set.of("sealwax.toml", "state"),
          all.map(p -> p.getFileName().toString()).collect(Collectors.toSet()),
          "the copy is gone");
    }
  }

  private static List<String> listing(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.map(Path::toString).sorted().toList();
    }
  }

  private static String figures(int port) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/metrics")).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
