package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.cli.QueueCommand;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.ControlClient;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.router.wiring.DomainStores;
import org.sealwax.router.wiring.StartFailure;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.FreePort;

/**
 * The wired router on loopback: in by SMTP and sendmail, through the queue, out to a second one.
 */
@Timeout(300)
final class RouterTest {
  @TempDir private Path folder = Path.of("");

  private final ByteArrayOutputStream written = new ByteArrayOutputStream();
  private final Counters counters = new Counters();
  private final java.util.List<Router> routers = new java.util.ArrayList<>();
  private TextMailLog lines =
      new TextMailLog(LogSettings.defaults(), written, Clock.system(), counters);

  @BeforeEach
  void prepare() {
    TlsFactory.prepareJvm();
    lines.close();
    lines = new TextMailLog(LogSettings.defaults(), written, Clock.system(), counters);
  }

  @AfterEach
  void end() {
    routers.forEach(Router::close);
    lines.close();
  }

  private RouterSettings settings(String name, String text) throws IOException {
    Path state = folder.resolve(name);
    Files.createDirectories(state);
    Configuration read =
        Configuration.parse(
            text, state, name, new MachineDefaults(Domain.of("mx.test.example"), state));
    return assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report()).settings();
  }

  private Router router(String name, String text) throws IOException {
    Router router =
        new Router(settings(name, text), Clock.system(), RandomSource.secure(), lines, counters);
    routers.add(router);
    router.start(_ -> ReloadReport.COMPLETE);
    return router;
  }

  private static final String LISTEN = "[[listener]]\naddress = \"127.0.0.1:0\"\n";

  private static String toward(int port) {
    return LISTEN + "[[transport]]\ndomain = \"*\"\nnext_hop = \"[127.0.0.1]:" + port + "\"\n";
  }

  private static int port(Router router) {
    return router.addresses().getFirst().getPort();
  }

  /** Until it holds; the test's own limit of time ends it otherwise. */
  private static void await(Callable<Boolean> holds) throws Exception {
    while (!holds.call()) {
      Thread.sleep(10);
    }
  }

  private static String smtp(int port, String... commands) throws IOException {
    StringBuilder said = new StringBuilder();
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      said.append(reply(in));
      for (String command : commands) {
        socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
        said.append(reply(in));
      }
    }
    return said.toString();
  }

  private static String reply(BufferedReader in) throws IOException {
    StringBuilder reply = new StringBuilder();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      reply.append(line).append('\n');
      if (line.length() < 4 || line.charAt(3) != '-') {
        break;
      }
    }
    return reply.toString();
  }

  /** With slow syncs mail was taken for 40 s and not delivered: files were made after listening. */
  @Test
  void storesAreOpenBeforeListenersStart() throws Exception {
    for (String file : List.of("ledger.db", "receipts", "sts.db")) {
      Path state = folder.resolve("without-" + file);
      RouterSettings settings = settings("without-" + file, LISTEN);
      if (file.equals("receipts")) {
        Files.createFile(state.resolve(file));
      } else {
        Files.createDirectory(state.resolve(file));
        Files.createFile(state.resolve(file).resolve("in-the-way"));
        Files.createDirectories(state.resolve(file + ".damaged/in-the-way"));
      }
      Router router = new Router(settings, Clock.system(), RandomSource.secure(), lines, counters);
      routers.add(router);
      assertThrows(StartFailure.class, () -> router.start(_ -> ReloadReport.COMPLETE), file);
      assertEquals(List.of(), router.addresses(), file);
    }
  }

  /** Made by the first handshake, its sync stood between listening and delivering. */
  @Test
  void aCertificateThatMustBeWrittenIsWrittenBeforeAnythingListens() throws Exception {
    for (String before : List.of("", "hostname = \"mx.former.example\"")) {
      String name = before.isEmpty() ? "first" : "renamed";
      if (!before.isEmpty()) {
        router(name, "[server]\n" + before + "\n" + LISTEN).close();
      }
      Path certificate = settings(name, LISTEN).identity().made().resolve("self-signed.crt");
      Files.createDirectories(certificate.resolveSibling("self-signed.crt.new/in-the-way"));
      int opened = routers.size();
      assertThrows(StartFailure.class, () -> router(name, LISTEN), name);
      assertEquals(opened, routers.size(), "the store was open, and nothing listened");
    }
  }

  private ProcessEnvironment environment(String in, ByteArrayOutputStream out) {
    return environment(in, out, folder);
  }

  private ProcessEnvironment environment(String in, ByteArrayOutputStream out, Path state) {
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    return new ProcessEnvironment(
        Map.of("STATE_DIRECTORY", state.toString()),
        new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
        print,
        print,
        "tester",
        folder,
        folder);
  }

  private String log() {
    return written.toString(StandardCharsets.UTF_8);
  }

  @Test
  void carriesAMessageFromAClientToTheNextHopUnderTls() throws Exception {
    Router second = router("b", toward(1));
    Router first = router("a", toward(port(second)));
    String said =
        smtp(
            port(first),
            "EHLO client.example",
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<b@example.net>",
            "DATA",
            "Subject: x\r\n\r\nx\r\n.",
            "QUIT");
    assertTrue(
        said.contains("\n250 2.0.0") && said.endsWith("221 2.0.0 Bye\n")
            || said.contains("queued as"),
        said);
    await(() -> second.accepted() == 1);
    await(() -> log().contains("status=sent"));
    assertTrue(log().contains("tls=may:untrusted"), log());
    assertTrue(log().contains("Untrusted TLS connection established to"), log());
  }

  @Test
  void acceptsFromSendmailAndShowsHoldsReleasesTracesAndDeletes() throws Exception {
    Router first = router("a", toward(1));
    Path state = folder.resolve("a");
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int code =
        new Sendmail(
                environment("To: b@example.net\nBcc: c@example.net\n\nx\n", out),
                Clock.system(),
                RandomSource.secure())
            .run(SendmailArguments.read(List.of("-t", "-i")), state, Domain.of("mx.test.example"));
    assertEquals(ExitStatus.OK, code, out.toString(StandardCharsets.UTF_8));
    assertEquals(1, first.accepted());
    await(() -> queue(state, "list").contains("deferred: connect"));
    String json = queue(state, "list", "--json");
    assertTrue(json.contains("\"to\" : \"c@example.net\""), json);
    String id = json.replaceAll("(?s).*?\"id\" : \"([^\"]+)\".*", "$1");
    assertTrue(queue(state, "hold", id).startsWith("hold: 2 recipients"));
    await(() -> queue(state, "list").contains("held"));
    assertTrue(queue(state, "release", id).startsWith("release: 2 recipients"));
    assertTrue(queue(state, "show", id).contains("To: b@example.net"));
    assertFalse(queue(state, "show", id).contains("Bcc"));
    assertTrue(trace(state, id).contains("accepted from"), trace(state, id));
    assertTrue(trace(state, id).contains("<b@example.net>"), trace(state, id));
    assertTrue(queue(state, "hold", "--all").startsWith("hold: "));
    await(() -> queue(state, "list").contains("held"));
    assertTrue(queue(state, "delete", "--domain", "example.net").startsWith("delete: 2"));
    await(() -> queue(state, "count").equals("0\n"));
    assertEquals("the queue is empty\n", queue(state, "list"));
  }

  private String queue(Path state, String... words) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ProcessEnvironment process = environment("", out, state);
    new QueueCommand(process).command().run(process, List.of(words));
    return out.toString(StandardCharsets.UTF_8);
  }

  private String trace(Path state, String id) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ProcessEnvironment process = environment("", out, state);
    new QueueCommand(process).traceCommand().run(process, List.of(id));
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void postmasterMailIsHeldUntilAPostmasterIsConfigured() throws Exception {
    Router second = router("b", toward(1));
    Router first = router("a", toward(1));
    assertTrue(log().contains(ConfiguredFilesCheck.NO_POSTMASTER), log());
    String said =
        smtp(
            port(first),
            "EHLO client.example",
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<Postmaster>",
            "DATA",
            "Subject: x\r\n\r\nx\r\n.",
            "QUIT");
    assertTrue(said.contains("queued as"), said);
    Path state = folder.resolve("a");
    await(() -> queue(state, "list").contains("held"));
    assertTrue(queue(state, "list").contains("postmaster"), queue(state, "list"));
    first.reload(
        settings("a", "[server]\npostmaster = \"admin@example.net\"\n" + toward(port(second))),
        false);
    assertTrue(queue(state, "release", "--reason", "postmaster").startsWith("release: 1"));
    await(() -> second.accepted() == 1);
    assertTrue(queue(folder.resolve("b"), "list").contains("admin@example.net"));
    await(() -> log().contains("relay=127.0.0.1[127.0.0.1]:" + port(second)));
    assertFalse(log().contains("][127.0.0.1]"), log());
  }

  @Test
  void heldPostmasterMailFollowsAConfiguredAlias() throws Exception {
    Router second = router("b", toward(1));
    Router first = router("a", toward(1));
    String said =
        smtp(
            port(first),
            "EHLO client.example",
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<Postmaster>",
            "DATA",
            "Subject: x\r\n\r\nx\r\n.",
            "QUIT");
    assertTrue(said.contains("queued as"), said);
    Path state = folder.resolve("a");
    await(() -> queue(state, "list").contains("held"));
    Files.writeString(
        state.resolve("names"), "postmaster: ops\nops: eve@example.net, joe@example.net\n");
    first.reload(
        settings(
            "a",
            "[server]\npostmaster = \"postmaster@ours.example\"\n"
                + toward(port(second))
                + "[[alias_domain]]\ndomain = \"ours.example\"\nfile = \"names\"\n"),
        false);
    assertTrue(queue(state, "release", "--reason", "postmaster").startsWith("release: 1"));
    await(
        () -> {
          String list = queue(folder.resolve("b"), "list");
          return list.contains("eve@example.net") && list.contains("joe@example.net");
        });
    await(() -> queue(state, "count").equals("0\n"));
  }

  @Test
  void anAliasLoopBouncesOneRecipientAndTheOtherIsDelivered() throws Exception {
    Router second = router("b", toward(1));
    Path state = Files.createDirectories(folder.resolve("a"));
    Files.writeString(state.resolve("names"), "bugs: dev@example.net\nnews: all@example.net\n");
    Router first =
        router(
            "a",
            toward(port(second))
                + "[[alias_domain]]\ndomain = \"ours.example\"\nfile = \"names\"\n");
    String said =
        smtp(
            port(first),
            "EHLO client.example",
            "MAIL FROM:<a@example.org>",
            "RCPT TO:<bugs@ours.example>",
            "RCPT TO:<news@ours.example>",
            "DATA",
            "Delivered-To: bugs@ours.example\r\nSubject: x\r\n\r\nx\r\n.",
            "QUIT");
    assertTrue(said.contains("queued as"), said);
    await(
        () -> {
          String list = queue(folder.resolve("b"), "list");
          return list.contains("all@example.net") && list.contains("<a@example.org>");
        });
    assertFalse(queue(folder.resolve("b"), "list").contains("dev@example.net"));
    await(() -> queue(state, "count").equals("0\n"));
    assertTrue(log().contains("dsn=5.4.6"), log());
  }

  @Test
  void anOperationOnAllMessagesNeedsTheAllOption() throws Exception {
    Router first = router("a", toward(1));
    assertTrue(port(first) > 0);
    ControlServer.ControlRequestRefused refusal =
        assertThrows(
            ControlServer.ControlRequestRefused.class, () -> queue(folder.resolve("a"), "delete"));
    assertTrue(
        String.valueOf(refusal.getMessage()).startsWith("select messages by "), refusal::toString);
    assertTrue(String.valueOf(refusal.getMessage()).contains("--all"));
  }

  @Test
  void withoutAServerSendmailReturnsATemporaryFailure() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int code =
        new Sendmail(
                environment("To: b@example.net\n\nx\n", out), Clock.system(), RandomSource.secure())
            .run(SendmailArguments.read(List.of("-t")), folder, Domain.of("mx.test.example"));
    assertEquals(ExitStatus.TRY_AGAIN, code);
    assertTrue(out.toString(StandardCharsets.UTF_8).contains("no server is running on"));
    assertThrows(ControlClient.ServerNotRunning.class, () -> queue(folder, "list"));
  }

  @Test
  void onlyTheServersUserReachesTheControlSocket() throws Exception {
    Router first = router("a", toward(1));
    assertTrue(port(first) > 0);
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(folder.resolve("a").resolve("control"))));
  }

  @Test
  void aSecondServerOnTheSameStateFolderFailsWithAReason() throws Exception {
    Router first = router("a", toward(1));
    assertTrue(port(first) > 0);
    StartFailure trouble = assertThrows(StartFailure.class, () -> router("a", toward(1)));
    assertTrue(String.valueOf(trouble.getMessage()).contains("another"), trouble.getMessage());
    assertTrue(trouble.help().contains("state"), trouble.help());
  }

  /** It repaired the receipts of the first one: a line that was being written was cut off. */
  @Test
  void aSecondServerLeavesTheFilesOfTheFirstAlone() throws Exception {
    var _ = router("a", toward(1));
    Path receipts = folder.resolve("a/receipts");
    Path last;
    try (var files = Files.list(receipts)) {
      last =
          files.filter(f -> f.getFileName().toString().startsWith("receipts-")).findFirst().get();
    }
    Files.writeString(last, "half a line", StandardOpenOption.APPEND);
    assertThrows(StartFailure.class, () -> router("a", toward(1)));
    assertTrue(Files.readString(last).endsWith("half a line"));
  }

  /** What the background opened after the end was never closed, and its files grew. */
  @Test
  void storesThatAreBeingOpenedAreClosed() throws Exception {
    List<Thread> openers = new CopyOnWriteArrayList<>();
    Clock slow =
        new Clock() {
          @Override
          public Instant now() {
            if (Thread.currentThread().getName().equals("archives")) {
              openers.add(Thread.currentThread());
              LockSupport.parkNanos(100_000_000);
            }
            return Clock.system().now();
          }

          @Override
          public long nanoTime() {
            return Clock.system().nanoTime();
          }
        };
    DomainStores stores =
        new DomainStores(
            settings("slow", LISTEN),
            FixedResolver.builder().build(),
            () -> {
              throw new IllegalStateException("no TLS");
            },
            slow,
            RandomSource.secure(),
            lines);
    stores.openInBackground();
    await(() -> !openers.isEmpty());
    stores.close();
    openers.getFirst().join();
    assertTrue(Files.exists(folder.resolve("slow/sts.db")));
    for (String store : List.of("ledger.db", "sts.db")) {
      assertFalse(Files.exists(folder.resolve("slow/" + store + "-wal")), store + " is open");
    }
  }

  @Test
  void aPortInUseIsReportedWithHelp() throws Exception {
    Router first = router("a", toward(1));
    String same = "[[listener]]\naddress = \"127.0.0.1:" + port(first) + "\"\n";
    StartFailure trouble = assertThrows(StartFailure.class, () -> router("b", same));
    assertTrue(String.valueOf(trouble.getMessage()).contains("in use"), trouble.getMessage());
  }

  @Test
  void reloadSwapsRoutesAndOpensAndClosesListeners() throws Exception {
    Router second = router("b", toward(1));
    Router first = router("a", toward(1));
    int before = port(first);
    String next =
        "[[listener]]\naddress = \"127.0.0.1:0\"\ntls = \"none\"\n"
            + "[[transport]]\ndomain = \"*\"\nnext_hop = \"[127.0.0.1]:"
            + port(second)
            + "\"\n";
    first.reload(settings("a", next), false);
    int after = port(first);
    assertFalse(smtp(after, "EHLO client.example").contains("STARTTLS"));
    assertThrows(IOException.class, () -> smtp(before));
    smtp(
        after,
        "EHLO client.example",
        "MAIL FROM:<a@example.org>",
        "RCPT TO:<b@example.net>",
        "DATA",
        "Subject: x\r\n\r\nx\r\n.",
        "QUIT");
    await(() -> second.accepted() == 1);
  }

  @Test
  void aFailedReloadKeepsTheOldConfiguration() throws Exception {
    Router other = router("b", toward(1));
    Router first = router("a", toward(1));
    RouterSettings before = first.settingsNow();
    String taken =
        LISTEN
            + "[[listener]]\naddress = \"127.0.0.1:"
            + port(other)
            + "\"\n[[reject]]\nsender = \"x.example\"\n";
    RouterSettings next = settings("a", taken);
    assertThrows(IOException.class, () -> first.reload(next, false));
    assertEquals(before, first.settingsNow());
    String aliases = LISTEN + "[[alias_domain]]\ndomain = \"a.example\"\nfile = \"not-there\"\n";
    RouterSettings missing = settings("a", aliases);
    assertThrows(IOException.class, () -> first.reload(missing, false));
    assertEquals(before, first.settingsNow());
    assertTrue(smtp(port(first), "EHLO client.example").contains("250"));
  }

  @Test
  void writesNothingAfterClose() throws Exception {
    for (int i = 0; i < 3; i++) {
      Path state = folder.resolve("a");
      router("a", toward(1)).close();
      try (Stream<Path> files = Files.walk(state)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
      // Longer than the first one would have needed for a certificate of its own.
      Path other = folder.resolve("b" + i);
      Router second = router("b" + i, toward(1));
      await(() -> Files.exists(other.resolve("tls")) && smtp(port(second), "QUIT").contains("221"));
      second.close();
      assertFalse(Files.exists(state));
    }
  }

  @Test
  void drainsAndKeepsWhatIsQueued() throws Exception {
    Router first = router("a", toward(1));
    smtp(
        port(first),
        "EHLO client.example",
        "MAIL FROM:<a@example.org>",
        "RCPT TO:<b@example.net>",
        "DATA",
        "Subject: x\r\n\r\nx\r\n.",
        "QUIT");
    first.drain(Duration.ofSeconds(5));
    Router again = router("a", toward(1));
    assertEquals(0, again.accepted());
    await(() -> queue(folder.resolve("a"), "count").equals("1\n"));
  }

  @Test
  void servesMetricsHealthAndReadiness() throws Exception {
    int free = FreePort.pick();
    Router first = router("a", toward(1) + "[metrics]\naddress = \"127.0.0.1:" + free + "\"\n");
    smtp(port(first), "QUIT");
    await(() -> get(free, "/metrics").body().contains("sealwax_connections_total 1"));
    assertTrue(get(free, "/metrics").body().contains("# TYPE sealwax_sessions gauge"));
    assertEquals(200, get(free, "/health").statusCode());
    assertEquals("ready\n", get(free, "/ready").body());
    assertEquals(404, get(free, "/other").statusCode());
  }

  private static HttpResponse<String> get(int port, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path)).build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }
}
