package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.router.server.RouterTestClient;

/**
 * One message with which a thread of the process ends, wherever that is: the process is started
 * again after its end as a service manager does, other mail is delivered in less than a minute, and
 * the message is held with an alarm and not lost.
 */
@Tag("process")
@Execution(ExecutionMode.CONCURRENT)
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class PoisonedItemTest {
  /**
   * For other mail, all ends included, without the time that Java needs to start: that depends on
   * what else the machine does.
   */
  private static final Duration OTHER_MAIL = Duration.ofSeconds(60);

  /** Shorter than in the unit, for the sake of the tests: nothing depends on it. */
  private static final long RESTART_MILLIS = 100;

  private static final int MOST_STARTS = 12;

  /** Where the message was accepted, for all rows. */
  @TempDir private static Path origin = Path.of("");

  private static String id = "";

  @TempDir private Path folder = Path.of("");
  private int sent;
  private int ends;

  /** The time of all starts, up to the line that states that it listens. */
  private Duration starts = Duration.ZERO;

  private final StringBuilder output = new StringBuilder();

  private static Path configured(Path folder) throws IOException {
    Path script = folder.resolve("deliver");
    Files.writeString(
        script,
        """
        #!/bin/sh
        cd %s || exit 75
        cat >got.$$
        if grep -q '^Subject: poison' got.$$; then
          rm got.$$
          exit 75
        fi
        # Cut off: the process ended in the middle.
        grep -q '^Subject: good' got.$$ || exit 75
        mv got.$$ "good.$(sed -n 's/^Subject: good //p' got.$$ | tr -d '\\r')"
        """
            .formatted(folder));
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.writeString(folder.resolve("aliases"), "joe: pipe:deliver\n");
    return Files.writeString(
        folder.resolve("sealwax.toml"),
        """
        [server]
        hostname = "mx.example.org"
        state = "state"
        postmaster = "joe@project.example"
        [[listener]]
        address = "127.0.0.1:0"
        [[alias_domain]]
        domain = "project.example"
        file = "aliases"
        [[pipe]]
        name = "deliver"
        command = ["%s"]
        wrapper = ["/usr/bin/env"]
        """
            .formatted(script));
  }

  /** The identifier of the message, from the reply. */
  private static String send(ServerProcess server, String subject) throws IOException {
    try (RouterTestClient client = new RouterTestClient(server.port())) {
      client.reply();
      client.exchange("EHLO client.example");
      client.exchange("MAIL FROM:<a@example.org>");
      assertTrue(client.exchange("RCPT TO:<joe@project.example>").startsWith("250"));
      assertTrue(client.exchange("DATA").startsWith("354"));
      String reply = client.exchange("Subject: " + subject + "\r\n\r\nx\r\n.");
      assertTrue(reply.startsWith("250"), reply);
      return reply.substring(reply.lastIndexOf(' ') + 1).trim();
    }
  }

  /** The queue runs, and its poisoned message is on the way to be tried again. */
  @BeforeAll
  static void acceptTheMessage() throws Exception {
    try (ServerProcess first = new ServerProcess(configured(origin), Map.of())) {
      id = send(first, "poison");
      first.line("deferred");
      first.signal("TERM");
      assertEquals(ExitStatus.OK, first.end(), first.output());
    }
  }

  /** The configuration of a server that has the message. */
  private Path poisoned() throws IOException {
    try (Stream<Path> all = Files.walk(origin.resolve("state"))) {
      for (Path each : all.toList()) {
        Path copy = folder.resolve(origin.relativize(each).toString());
        Files.copy(each, copy, StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
    return configured(folder);
  }

  /** Runs it, and again after each end, until {@code text} is in the log. */
  private ServerProcess supervised(Path file, Map<String, String> fault, String text)
      throws Exception {
    for (int start = 0; start < MOST_STARTS; start++) {
      ServerProcess server;
      long launched = System.nanoTime();
      try {
        server = new ServerProcess(file, fault);
      } catch (AssertionError e) {
        // It ended before it listened.
        output.append(e.getMessage());
        ends++;
        Thread.sleep(RESTART_MILLIS);
        continue;
      } finally {
        starts = starts.plusNanos(System.nanoTime() - launched);
      }
      String subject = "good " + sent++;
      long begun = System.nanoTime();
      boolean taken = false;
      while (server.isAlive()) {
        try {
          if (!taken) {
            send(server, subject);
            taken = true;
          }
        } catch (IOException | AssertionError e) {
          // It ended meanwhile, and the client tries the next one.
        }
        if (server.output().contains(text) && delivered() == sent) {
          assertTrue(
              Duration.ofNanos(System.nanoTime() - begun).compareTo(OTHER_MAIL) < 0, "other mail");
          return server;
        }
        if (System.nanoTime() - begun > 2 * OTHER_MAIL.toNanos()) {
          throw new AssertionError(
              "not yet \"" + text + "\": " + output + delivered() + "/" + sent + server.output());
        }
        Thread.sleep(50);
      }
      sent -= taken ? 0 : 1;
      output.append(server.output()).append('\n');
      ends++;
      server.close();
      Thread.sleep(RESTART_MILLIS);
    }
    throw new AssertionError("it did not come to rest: " + output);
  }

  private long delivered() throws IOException {
    try (var files = Files.list(folder)) {
      return files.filter(f -> String.valueOf(f.getFileName()).startsWith("good.")).count();
    }
  }

  private Map<String, String> fault(String method, String kind) throws IOException {
    Path poison = folder.resolve("poison");
    Files.writeString(poison, id);
    return Map.of("JAVA_TOOL_OPTIONS", FaultAgent.option(folder, method, kind, poison));
  }

  private record CommandOutput(int code, String out) {}

  /** {@code sealwax queue} in this process. */
  private CommandOutput queue(Path file, String verb, String... words) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    ProcessEnvironment environment =
        new ProcessEnvironment(
            Map.of(), InputStream.nullInputStream(), print, print, "tester", folder, folder);
    List<String> all = new ArrayList<>(List.of("queue", verb, "--config", file.toString()));
    all.addAll(List.of(words));
    int code = new CommandLine(environment).run(all.toArray(String[]::new));
    return new CommandOutput(code, out.toString(StandardCharsets.UTF_8));
  }

  @Test
  void isHeldAndKeepsNoOtherMailBack() throws Exception {
    assertHeld("org.sealwax.router.queue.StepApplier#entry", "halt", 2, "ended-process");
  }

  @Tag("long")
  @ParameterizedTest
  @CsvSource({
    // place of the fault, its kind, unexpected ends, reason of the hold
    "org.sealwax.router.spool.WriterConnection#put, halt, 2, ended-process",
    "org.sealwax.router.queue.Scheduler#offer, halt, 2, ended-process",
  })
  void isHeldWhereverTheProcessEnds(String method, String kind, int unexpected, String reason)
      throws Exception {
    assertHeld(method, kind, unexpected, reason);
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({
    "org.sealwax.router.spool.WriterConnection#put, error, 2, ended-process",
    "org.sealwax.router.spool.WriterConnection#put, bug, 0, change-not-stored",
    "org.sealwax.router.queue.Scheduler#offer, bug, 0, internal-fault",
  })
  void isHeldAfterOtherKindsOfFaults(String method, String kind, int unexpected, String reason)
      throws Exception {
    assertHeld(method, kind, unexpected, reason);
  }

  private void assertHeld(String method, String kind, int unexpected, String reason)
      throws Exception {
    Path file = poisoned();
    makeDue(file);
    long begun = System.nanoTime();
    try (ServerProcess last = supervised(file, fault(method, kind), " is held")) {
      Duration all = Duration.ofNanos(System.nanoTime() - begun);
      assertTrue(
          all.minus(starts).compareTo(OTHER_MAIL) < 0, () -> all + ", of it starts " + starts);
      assertEquals(unexpected, ends, output + last.output());
      CommandOutput held = queue(file, "list", "--state", "held");
      assertTrue(held.out().contains(id) && held.out().contains(reason), held.out());
      assertTrue(
          queue(file, "show", id).out().contains("joe@project.example"), "its content is there");
    }
  }

  @Test
  @Tag("long")
  void whatCannotEvenBeHeldIsLeftAsItIsUntilAPersonOrdersSomething() throws Exception {
    Path file = poisoned();
    makeDue(file);
    Map<String, String> fault = fault("org.sealwax.router.spool.WriterConnection#change", "halt");
    try (ServerProcess last = supervised(file, fault, "is left unchanged")) {
      assertEquals(3, ends, output + last.output());
      assertTrue(queue(file, "list").out().contains(id), "it is in the store as it was");
      Files.delete(folder.resolve("poison"));
      assertEquals(ExitStatus.OK, queue(file, "delete", id).code());
      while (queue(file, "list").out().contains(id)) {
        Thread.sleep(50);
      }
      last.signal("TERM");
      assertEquals(ExitStatus.OK, last.end());
    }
  }

  @Test
  @Tag("long")
  void aRecordThatEndsTheCopyingOutIsLeftOutAndKept() throws Exception {
    Path file = poisoned();
    Path spool = folder.resolve("state/spool");
    Files.createFile(spool.resolve("salvage"));
    Map<String, String> fault = fault("org.sealwax.router.spool.RowCopy#read", "halt");
    // Two ends at its message, two at its recipients, two at each entry of its history.
    try (ServerProcess last = supervised(file, fault, "copied out of the damaged spool")) {
      assertEquals(6, ends, output + last.output());
      assertTrue(last.output().contains("is left out; it is in the damaged files"), last.output());
    }
    try (var aside = Files.list(spool)) {
      Path damaged =
          aside
              .filter(f -> String.valueOf(f.getFileName()).startsWith("damaged-"))
              .findFirst()
              .orElseThrow();
      assertEquals(1, count(damaged.resolve("spool.db"), "SELECT count(*) FROM message"));
    }
  }

  @Test
  @Tag("long")
  void aRowThatEndsEveryReadOfTheStoreIsLeftOutAndKept() throws Exception {
    Path file = poisoned();
    makeDue(file);
    // What ends the process during a scan of the store does so also when the row is copied out.
    Map<String, String> fault =
        fault(
            "org.sealwax.router.spool.SpoolReader#key+org.sealwax.router.spool.RowCopy#read",
            "halt");
    try (ServerProcess last = supervised(file, fault, "copied out of the damaged spool")) {
      // Three in the scan, then two each at its message, its recipients, and its history.
      assertEquals(9, ends, output + last.output());
      String all = output + last.output();
      assertTrue(all.contains("while it read the spool's database (due)"), all);
    }
  }

  @Test
  @Tag("long")
  void aRowThatCannotBeReadForAnInternalErrorIsSetAside() throws Exception {
    Path file = poisoned();
    makeDue(file);
    Map<String, String> fault = fault("org.sealwax.router.spool.SpoolReader#dueBatch", "error");
    try (ServerProcess last = supervised(file, fault, "set aside in the table aside")) {
      assertEquals(0, ends, output + last.output());
    }
  }

  @Test
  void aDamagedRowThatCannotBeReadIsSetAside() throws Exception {
    Path file = poisoned();
    Path database = folder.resolve("state/spool/spool.db");
    change(database, "UPDATE share SET due = 1, state = 9");
    try (ServerProcess last = supervised(file, Map.of(), "set aside in the table aside")) {
      assertEquals(0, ends);
      assertEquals(1, count(database, "SELECT count(*) FROM aside"));
      assertEquals(
          1,
          count(database, "SELECT count(*) FROM message WHERE id IN (SELECT message FROM aside)"));
      assertTrue(last.output().contains("damaged"), id);
    }
  }

  /** The message is due at once, and not after its retry time. */
  private void makeDue(Path file) throws Exception {
    change(file.resolveSibling("state/spool/spool.db"), "UPDATE share SET due = 1");
  }

  private static void change(Path database, String sql) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement()) {
      assertEquals(1, statement.executeUpdate(sql));
    }
  }

  private static int count(Path database, String sql) throws Exception {
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getInt(1);
    }
  }
}
