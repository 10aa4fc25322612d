package org.sealwax.router.milter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.router.dialogue.DialogueFile;
import org.sealwax.router.log.RecordingMailLog;

/**
 * The conversations with filters under {@code router/src/test/resources/dialogue/milter}, by TCP
 * and by Unix socket.
 *
 * <pre>
 * @ ours               the client may relay
 * @ on_failure accept  the setting
 * C: M&lt;a@b.example&gt;\0  a packet of the router: command and data, without its length
 * S: c                 a packet of the filter, likewise
 * S! \0\0              bytes of the filter
 * == usual up to E ==  the packets of all-commands.milter until this command, which is not answered
 * == close ==          the filter closes
 * == silent ==         the filter does nothing until the router closes
 * R: END 550 *         what came of it: stage and reply, accepted, held: or discarded
 * B: text              a line of the message afterwards
 * </pre>
 */
@Timeout(60)
final class MilterDialogueTest {
  private static final Path FOLDER = Path.of("router/src/test/resources/dialogue/milter");
  private static final String MESSAGE = "From: a@b.example\r\nSubject: one\r\n\r\nHello\r\n";
  private static final Duration LONG = Duration.ofSeconds(50);
  private static final Duration SHORT = Duration.ofMillis(500);

  @TempDir private static Path sockets = Path.of("");

  private final RecordingMailLog log = new RecordingMailLog();

  static Stream<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      List<Path> all = files.sorted().toList();
      assertTrue(all.size() >= 30, "only " + all.size() + " dialogues");
      return all.stream();
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("files")
  void theRouterTalksAsWritten(Path file) throws Exception {
    try (ServerSocketChannel tcp = ServerSocketChannel.open()) {
      tcp.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      play(file, tcp);
    }
    Path path = sockets.resolve("filter");
    Files.deleteIfExists(path);
    try (ServerSocketChannel unix = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      unix.bind(UnixDomainSocketAddress.of(path));
      play(file, unix);
    }
  }

  private void play(Path file, ServerSocketChannel listening) throws Exception {
    List<String> lines = Files.readAllLines(file);
    boolean isLate = lines.contains("== silent ==");
    List<String> outcome = new ArrayList<>();
    CompletableFuture<List<String>> ended = new CompletableFuture<>();
    Threads.start(
        "transaction",
        () -> {
          try {
            ended.complete(outcome(lines, listening.getLocalAddress(), isLate ? SHORT : LONG));
          } catch (IOException | RuntimeException | Error e) {
            ended.completeExceptionally(e);
          }
        });
    try (SocketChannel peer = listening.accept()) {
      Filter filter = new Filter(file, Channels.newInputStream(peer), peer);
      for (String line : lines) {
        if (!line.startsWith("R:") && !line.startsWith("B:")) {
          filter.step(line);
        }
      }
      outcome.addAll(ended.get());
    }
    List<String> wanted =
        lines.stream().filter(l -> l.startsWith("R:") || l.startsWith("B:")).toList();
    assertTrue(
        DialogueFile.matches(wanted.getFirst(), outcome.getFirst()),
        file + ": " + outcome.getFirst());
    if (wanted.size() > 1) {
      assertEquals(
          wanted.subList(1, wanted.size()), outcome.subList(1, outcome.size()), file.toString());
    }
    assertEquals(
        outcome.getFirst().contains("451 4.7.1") && !lines.contains("C: Q")
            || lines.contains("@ on_failure accept"),
        log.recorded("filterFailed"),
        "a failure is logged");
  }

  /** The filter of one dialogue. */
  private record Filter(Path file, InputStream in, SocketChannel peer) {
    void step(String line) throws IOException {
      String rest = line.length() > 3 ? line.substring(3) : "";
      if (line.startsWith("C:")) {
        assertEquals(escaped(DialogueFile.unescaped(rest)), escaped(read()), file + ": " + line);
      } else if (line.startsWith("S:")) {
        byte[] packet = DialogueFile.unescaped(rest);
        send(ByteBuffer.allocate(4 + packet.length).putInt(packet.length).put(packet).array());
      } else if (line.startsWith("S!")) {
        send(DialogueFile.unescaped(rest));
      } else if (line.equals("== close ==")) {
        peer.close();
      } else if (line.equals("== silent ==")) {
        while (in.read() >= 0) {
          // The router ends the transaction, and closes.
        }
      } else if (line.startsWith("== usual up to ")) {
        usual(line.substring("== usual up to ".length(), line.length() - " ==".length()));
      } else {
        assertTrue(line.startsWith("#") || line.startsWith("@ "), file + ": " + line);
      }
    }

    private void usual(String command) throws IOException {
      for (String line : Files.readAllLines(FOLDER.resolve("all-commands.milter"))) {
        step(line);
        if (line.startsWith("C: " + command)) {
          return;
        }
      }
    }

    private void send(byte[] bytes) throws IOException {
      ByteBuffer all = ByteBuffer.wrap(bytes);
      while (all.hasRemaining()) {
        peer.write(all);
      }
    }

    private byte[] read() throws IOException {
      byte[] length = in.readNBytes(4);
      assertEquals(4, length.length, file + ": the router closed");
      return in.readNBytes(ByteBuffer.wrap(length).getInt());
    }
  }

  private static String escaped(byte[] bytes) {
    StringBuilder out = new StringBuilder();
    for (byte b : bytes) {
      out.append(
          switch (b) {
            case 0 -> "\\0";
            case '\r' -> "\\r";
            case '\n' -> "\\n";
            case '\t' -> "\\t";
            default ->
                b >= ' ' && b < 0x7f
                    ? String.valueOf((char) b)
                    : String.format("\\x%02x", Byte.toUnsignedInt(b));
          });
    }
    return out.toString();
  }

  private List<String> outcome(List<String> lines, SocketAddress at, Duration limit)
      throws IOException {
    MilterSettings settings =
        new MilterSettings(
            at instanceof UnixDomainSocketAddress unix
                ? Optional.of(unix.getPath())
                : Optional.empty(),
            at instanceof InetSocketAddress tcp ? Optional.of(tcp) : Optional.empty(),
            lines.contains("@ on_failure accept")
                ? MilterSettings.OnFailure.ACCEPT
                : MilterSettings.OnFailure.DEFER,
            LONG,
            limit,
            limit,
            1);
    MilterClient client =
        new MilterClient(
            "mail.example",
            new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 258),
            "helo.example",
            lines.contains("@ ours"),
            Map.of("j", "mx.example", "client_addr", "192.0.2.1"));
    try (MilterTransaction transaction =
        new Milters(Clock.system(), log.log()).transaction(List.of(settings), client)) {
      return outcome(transaction);
    }
  }

  private static List<String> outcome(MilterTransaction transaction) throws IOException {
    Optional<Reply> refusal = transaction.mail("a@b.example", List.of());
    if (refusal.isPresent()) {
      return List.of("R: MAIL " + refusal.get());
    }
    refusal = transaction.rcpt("c@d.example", List.of());
    if (refusal.isPresent()) {
      return List.of("R: RCPT " + refusal.get());
    }
    refusal = transaction.data("ID1");
    if (refusal.isPresent()) {
      return List.of("R: DATA " + refusal.get());
    }
    MilterTransaction.FilterResult result = transaction.message(new MemoryMessage(MESSAGE));
    if (result.refusal() != null) {
      return List.of("R: END " + result.refusal());
    }
    if (result.discards()) {
      return List.of("R: discarded");
    }
    List<String> lines = new ArrayList<>();
    lines.add(result.quarantine() == null ? "R: accepted" : "R: held: " + result.quarantine());
    new MemoryMessage(MESSAGE)
        .after(result)
        .lines()
        .forEach(line -> lines.add(("B: " + line).stripTrailing()));
    return lines;
  }
}
