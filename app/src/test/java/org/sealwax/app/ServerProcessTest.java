package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.certs.acme.IssuedPair;
import org.sealwax.router.server.RouterTestClient;
import org.sealwax.testkit.tls.TestCa;

/** The program as the system sees it: signals, its end, the service manager, the command line. */
@Tag("process")
@Tag("long")
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class ServerProcessTest {
  private static final String SERVER =
      """
      [server]
      hostname = "mx.example.org"
      state = "state"
      [[listener]]
      address = "127.0.0.1:0"
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:%d"
      """;

  @TempDir private Path folder = Path.of("");

  /** What a command printed, and its exit code. */
  private record CommandOutput(int code, String out) {}

  private Path configured(String name, String text) throws IOException {
    Path home = Files.createDirectories(folder.resolve(name));
    return Files.writeString(home.resolve("sealwax.toml"), text);
  }

  private CommandOutput sealwax(String in, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of(),
            new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
            print,
            print,
            "tester",
            folder,
            folder);
    int code = new CommandLine(around).run(words);
    return new CommandOutput(code, out.toString(StandardCharsets.UTF_8));
  }

  private static void begin(RouterTestClient client, String recipient) throws IOException {
    assertTrue(client.reply().startsWith("220"));
    assertTrue(client.exchange("EHLO client.example").startsWith("250"));
    assertTrue(client.exchange("MAIL FROM:<a@example.org>").startsWith("250"));
    assertTrue(client.exchange("RCPT TO:<" + recipient + ">").startsWith("250"));
    assertTrue(client.exchange("DATA").startsWith("354"));
  }

  private static void send(int port, String recipient) throws IOException {
    try (RouterTestClient client = new RouterTestClient(port)) {
      begin(client, recipient);
      assertTrue(client.exchange("Subject: x\r\n\r\nx\r\n.").startsWith("250"));
      assertTrue(client.exchange("QUIT").startsWith("221"));
    }
  }

  @Test
  void aTermSignalLetsTheMessageUnderWayFinishAndKeepsTheAcceptedMail() throws Exception {
    Path file = configured("a", SERVER.formatted(1));
    try (ServerProcess server = new ServerProcess(file, Map.of());
        RouterTestClient busy = new RouterTestClient(server.port());
        RouterTestClient idle = new RouterTestClient(server.port())) {
      begin(busy, "b@example.net");
      busy.send("Subject: half\r\n\r\nfirst half\r\n");
      assertTrue(idle.reply().startsWith("220"));
      server.signal("TERM");
      server.line("stopping: waiting for current sessions and deliveries");
      assertTrue(idle.reply().startsWith("421 4.3.2"), "an idle client gets 421 at once");
      assertFalse(isServed(server.port()));
      assertTrue(busy.exchange("second half\r\n.").startsWith("250 2.0.0 Ok: queued as"));
      assertTrue(busy.reply().startsWith("421 4.3.2"));
      server.line("stopped");
      assertEquals(ExitStatus.OK, server.end());
    }
    try (ServerProcess again = new ServerProcess(file, Map.of())) {
      CommandOutput list = sealwax("", "queue", "list", "--config", file.toString());
      assertTrue(list.out().contains("<b@example.net>"), list.out());
      again.signal("TERM");
      assertEquals(ExitStatus.OK, again.end());
    }
  }

  /**
   * Ledger, receipts, reports and sockets are in the state folder, wherever the spool is: an admin
   * who moves the spool away while a router runs must not get two writers of all the rest. A killed
   * process leaves the file of the lock, which locks nothing.
   */
  @Test
  void twoProcessesCannotUseOneStateFolder() throws Exception {
    Path file = configured("s", SERVER.formatted(1));
    Path state = file.resolveSibling("state");
    Path spool = state.resolve("spool");
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      Files.move(spool, folder.resolve("away"));
      ServerProcess.ProcessResult second = ServerProcess.run(file, "serve");
      assertEquals(ExitStatus.TRY_AGAIN, second.code(), second.err());
      assertTrue(
          second.err().contains("another Sealwax uses the state folder " + state), second.err());
      assertFalse(Files.exists(spool), "nothing was opened");
      Files.move(folder.resolve("away"), spool);
      assertTrue(server.isAlive());
      send(server.port(), "b@example.net");
      server.signal("KILL");
      server.end();
    }
    assertTrue(Files.exists(state.resolve("state.lock")));
    try (ServerProcess next = new ServerProcess(file, Map.of())) {
      next.signal("TERM");
      assertEquals(ExitStatus.OK, next.end());
    }
    try (ServerProcess service = ServerProcess.policyd(file)) {
      ServerProcess.ProcessResult second =
          ServerProcess.run(file, "policyd", "--listen", "127.0.0.1:0");
      assertEquals(ExitStatus.TRY_AGAIN, second.code(), second.err());
      assertTrue(second.err().contains(state.resolve("policyd").toString()), second.err());
      assertTrue(service.isAlive());
    }
  }

  private List<String> loadedClasses(String name, String more) throws Exception {
    Path file = folder.resolve(name + ".loaded");
    Map<String, String> options =
        Map.of("JDK_JAVA_OPTIONS", "-Xlog:class+load=info:file=" + file + ":none");
    try (ServerProcess server =
        new ServerProcess(configured(name, SERVER.formatted(1) + more), options)) {
      send(server.port(), "b@example.net");
      server.signal("TERM");
      assertEquals(ExitStatus.OK, server.end());
    }
    return Files.readAllLines(file).stream().map(line -> line.split(" ", 2)[0]).toList();
  }

  @Test
  void httpIsLoadedForAnEndpointOnlyAndAfterSmtpListens() throws Exception {
    String http = "org.sealwax.mail.http.Http";
    List<String> without = loadedClasses("a", "");
    assertTrue(
        without.contains("org.sealwax.router.receive.Listener"), "the log is one of classes");
    for (String name : List.of("Service", "Handler", "Reader", "Request", "Events")) {
      assertFalse(without.contains(http + name), name);
    }
    // Its settings are read whether there is an endpoint or not.
    assertFalse(without.contains("org.sealwax.router.metrics.MetricsServer"));
    assertFalse(without.contains("org.sealwax.router.metrics.PrometheusText"));
    List<String> with = loadedClasses("b", "[metrics]\naddress = \"127.0.0.1:0\"\n");
    int listens = with.indexOf("org.sealwax.router.receive.Listener");
    assertTrue(listens >= 0 && listens < with.indexOf(http + "Service"), "SMTP listens first");
  }

  @Test
  void acme4jIsNotLoadedWhileNothingIsDue() throws Exception {
    String directory = "https://127.0.0.1.example/dir";
    Path acme = Files.createDirectories(folder.resolve("acme").resolve("state").resolve("acme"));
    Path pair = acme.resolve("mx.example.org.pem");
    Files.writeString(pair, TestCa.root("Authority").identity("mx.example.org").pem());
    long now = Instant.now().getEpochSecond();
    Files.writeString(
        acme.resolve("mx.example.org.state"),
        """
        directory %s
        pair %s
        valid %d
        until %d
        spread 0.5
        ask %d
        order 0
        """
            .formatted(
                directory,
                new IssuedPair(pair).stamp(),
                now - 86_400,
                now + 40 * 86_400,
                now + 3_600));
    List<String> loaded =
        loadedClasses(
            "acme",
            "[acme]\ndirectory = \""
                + directory
                + "\"\nagree_tos = true\nchallenge = \"dns-01\"\ndns_command = \"/bin/false\"\n");
    assertTrue(loaded.contains("org.sealwax.router.certs.acme.RenewalRules"), "it was asked");
    for (String name : loaded) {
      assertFalse(
          name.startsWith("org.shredzone.")
              || name.startsWith("org.jose4j.")
              || name.startsWith("java.net.http.")
              || name.equals("org.sealwax.router.certs.acme.AcmeClient"),
          name);
    }
    int listens = loaded.indexOf("org.sealwax.router.receive.Listener");
    int reads = loaded.indexOf("org.sealwax.mail.tls.Pem");
    assertTrue(
        listens >= 0 && (reads < 0 || reads > listens),
        "certificates are read for handshakes only");
  }

  private static boolean isServed(int port) {
    try (RouterTestClient client = new RouterTestClient(port)) {
      return client.reply().startsWith("220")
          && client.exchange("EHLO client.example").startsWith("250");
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void aHangUpSignalAppliesAValidFileAndKeepsTheOldOneOverAnInvalidOne() throws Exception {
    Path file = configured("a", SERVER.formatted(1));
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      Files.writeString(file, SERVER.formatted(1) + "[limits]\nmesage_size = \"1MB\"\n");
      server.signal("HUP");
      String refused = server.line("reload failed: ");
      assertTrue(refused.contains("mesage_size"), refused);
      assertTrue(refused.endsWith("the running server keeps the old configuration"), refused);
      assertTrue(hello(server.port()).contains("mx.example.org"));
      CommandOutput order = sealwax("", "reload", "--config", file.toString());
      assertEquals(ExitStatus.CONFIGURATION, order.code(), order.out());
      assertTrue(order.out().contains("message_size"), order.out());
      assertTrue(order.out().contains("the running server keeps the old"), order.out());
      Files.writeString(file, SERVER.formatted(1) + "[limits]\nmessage_size = \"1MB\"\n");
      server.signal("HUP");
      server.line("configuration reloaded");
      assertTrue(hello(server.port()).contains("SIZE 1048576"), hello(server.port()));
      send(server.port(), "b@example.net");
      server.signal("TERM");
      assertEquals(ExitStatus.OK, server.end());
    }
  }

  private static String hello(int port) throws IOException {
    try (RouterTestClient client = new RouterTestClient(port)) {
      assertTrue(client.reply().startsWith("220"));
      return client.exchange("EHLO client.example");
    }
  }

  @Test
  void notifiesTheServiceManager() throws Throwable {
    Path file = configured("a", SERVER.formatted(1));
    Path socket = folder.resolve("notify");
    try (NotifySocket manager = new NotifySocket(socket);
        ServerProcess server =
            new ServerProcess(
                file, Map.of("NOTIFY_SOCKET", socket.toString(), "WATCHDOG_USEC", "400000"))) {
      assertEquals("READY=1\nSTATUS=listening at 127.0.0.1:" + server.port(), manager.next());
      assertEquals("WATCHDOG=1", manager.next());
      assertEquals("WATCHDOG=1", manager.next());
      server.signal("HUP");
      String reloading = watchdogMessagesOf(manager);
      assertTrue(reloading.matches("RELOADING=1\nMONOTONIC_USEC=\\d+"), reloading);
      assertEquals("READY=1\nSTATUS=reloaded", watchdogMessagesOf(manager));
      server.signal("TERM");
      assertEquals("STOPPING=1", watchdogMessagesOf(manager));
      assertEquals(ExitStatus.OK, server.end());
    }
  }

  private static String watchdogMessagesOf(NotifySocket manager) throws Throwable {
    String next = manager.next();
    while (next.equals("WATCHDOG=1")) {
      next = manager.next();
    }
    return next;
  }

  @Test
  void aBackupOfARunningServerIsRestoredAndDelivered() throws Exception {
    Path file = configured("a", SERVER.formatted(1));
    String config = file.toString();
    Path copy = folder.resolve("copy");
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      send(server.port(), "b@example.net");
      assertEquals(
          new CommandOutput(ExitStatus.OK, "the spool was copied to " + copy + "\n"),
          sealwax("", "backup", copy.toString(), "--config", config));
      CommandOutput twice = sealwax("", "backup", copy.toString(), "--config", config);
      assertFalse(twice.code() == ExitStatus.OK, "never over an earlier one: " + twice.out());
      send(server.port(), "later@example.net");
      server.signal("TERM");
      assertEquals(ExitStatus.OK, server.end());
    }
    CommandOutput full = sealwax("", "restore", copy.toString(), "--config", config);
    assertEquals(ExitStatus.SYSTEM, full.code());
    assertTrue(full.out().contains("move it away first"), full.out());
    Path spool = folder.resolve("a/state/spool");
    try (Stream<Path> files = Files.walk(spool)) {
      for (Path each : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(each);
      }
    }
    Path database = copy.resolve("spool.db");
    Files.move(database, copy.resolve("spool.db.part"));
    CommandOutput unfinished = sealwax("", "restore", copy.toString(), "--config", config);
    assertEquals(ExitStatus.SYSTEM, unfinished.code());
    assertTrue(unfinished.out().contains("is not a backup: spool.db is missing"), unfinished.out());
    Files.move(copy.resolve("spool.db.part"), database);
    CommandOutput restored = sealwax("", "restore", copy.toString(), "--config", config);
    assertEquals(ExitStatus.OK, restored.code(), restored.out());
    Path next = configured("b", SERVER.formatted(1));
    try (ServerProcess sink = new ServerProcess(next, Map.of())) {
      Files.writeString(file, SERVER.formatted(sink.port()));
      try (ServerProcess server = new ServerProcess(file, Map.of())) {
        CommandOutput retry = sealwax("", "queue", "retry", "--all", "--config", config);
        assertTrue(retry.out().startsWith("retry: "), retry.out());
        server.line("status=sent");
        while (!sealwax("", "queue", "count", "--config", config).out().equals("0\n")) {
          Thread.sleep(10);
        }
        CommandOutput list = sealwax("", "queue", "list", "--json", "--config", next.toString());
        assertTrue(list.out().contains("b@example.net"), list.out());
        assertFalse(list.out().contains("later@example.net"), list.out());
      }
    }
  }

  /** Standard output and error go to a full pipe without a reader. */
  @Test
  void endsOnATermSignalAlsoWhenItsLogIsNotRead() throws Throwable {
    Path fifo = folder.resolve("pipe");
    assertEquals(0, new ProcessBuilder("mkfifo", fifo.toString()).start().waitFor());
    Path file = configured("a", SERVER.formatted(1));
    Path socket = folder.resolve("notify");
    try (java.io.RandomAccessFile unread = new java.io.RandomAccessFile(fifo.toFile(), "rw");
        NotifySocket manager = new NotifySocket(socket)) {
      unread.write(new byte[64 * 1024]);
      ProcessBuilder builder =
          new ProcessBuilder(ServerProcess.command(List.of("serve", "--config", file.toString())));
      builder.environment().put("NOTIFY_SOCKET", socket.toString());
      Process process = builder.redirectErrorStream(true).redirectOutput(fifo.toFile()).start();
      try {
        assertTrue(manager.next().startsWith("READY=1"));
        process.destroy();
        assertTrue(process.waitFor(60, java.util.concurrent.TimeUnit.SECONDS), "did not end");
        assertEquals(ExitStatus.OK, process.exitValue());
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  @Test
  void aPasswordLineAuthenticatesItsUserOnly() throws Exception {
    CommandOutput line = sealwax("s3cret horse\n", "password", "joe");
    assertEquals(ExitStatus.OK, line.code());
    assertFalse(line.out().contains("s3cret"), line.out());
    assertTrue(line.out().startsWith("joe:"), line.out());
    Path passwords = folder.resolve("passwords");
    Files.writeString(passwords, line.out());
    Path file =
        configured(
            "a",
            SERVER.formatted(1).replace("[[transport]]", "auth = true\n[[transport]]")
                + "[auth]\npassword_file = \""
                + passwords
                + "\"\n");
    try (ServerProcess server = new ServerProcess(file, Map.of())) {
      assertTrue(login(server.port(), "joe", "s3cret horse").startsWith("235"));
      assertTrue(login(server.port(), "joe", "s3cret").startsWith("535"));
      assertTrue(login(server.port(), "jane", "s3cret horse").startsWith("535"));
    }
    assertEquals(ExitStatus.USAGE, sealwax("x\n", "password").code());
    assertEquals(ExitStatus.USAGE, sealwax("x\n", "password", "a", "b").code());
    assertEquals(ExitStatus.DATA, sealwax("x\n", "password", "a:b").code());
    assertEquals(ExitStatus.DATA, sealwax("", "password", "joe").code());
  }

  private static String login(int port, String user, String password) throws IOException {
    try (RouterTestClient client = new RouterTestClient(port)) {
      assertTrue(client.reply().startsWith("220"));
      assertTrue(client.exchange("EHLO client.example").startsWith("250"));
      assertTrue(client.exchange("STARTTLS").startsWith("220"));
      client.startTls();
      assertTrue(client.exchange("EHLO client.example").contains("AUTH"));
      String plain = "\0" + user + "\0" + password;
      return client.exchange(
          "AUTH PLAIN "
              + java.util.Base64.getEncoder()
                  .encodeToString(plain.getBytes(StandardCharsets.UTF_8)));
    }
  }
}
