package org.sealwax.router.pipe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.address.RecipientDelimiter;
import org.sealwax.mail.address.ReversePath;
import org.sealwax.mail.net.Scope;
import org.sealwax.mail.settings.SettingsRecord;
import org.sealwax.mail.smtp.DsnRequest;
import org.sealwax.router.queue.Consignment;
import org.sealwax.router.queue.DeliverySlot;
import org.sealwax.router.queue.DeliveryTarget;
import org.sealwax.router.queue.MailOptions;
import org.sealwax.router.queue.NextHop;
import org.sealwax.router.queue.Outcome;
import org.sealwax.router.queue.Recipient;
import org.sealwax.router.queue.TestRecipients;
import org.sealwax.router.spool.QueueId;

/** Real scripts, run as real processes. */
final class PipeDeliveryAgentTest {
  private static final Domain LOCAL_DOMAIN = Domain.of("project.example");
  private static final String MESSAGE = "Subject: x\r\n\r\none\r\n.two\r\n";

  @TempDir Path folder = Path.of("none");

  private Path script(String name, String body) throws IOException {
    Path file = Files.writeString(folder.resolve(name), "#!/bin/sh\n" + body + "\n");
    return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private PipeSettings settings(Path script, String... arguments) {
    List<String> command = new ArrayList<>(List.of(script.toString()));
    command.addAll(List.of(arguments));
    PipeSettings s = PipeSettings.of("tracker", command);
    return SettingsRecord.with(
        s, Map.of("directory", folder, "timeout", Duration.ofSeconds(20), "concurrency", 2));
  }

  private static PipeSettings with(
      PipeSettings s, PipeSettings.LineEnd lineEnd, boolean mbox, Duration timeout) {
    return SettingsRecord.with(s, Map.of("lineEnd", lineEnd, "mboxFrom", mbox, "timeout", timeout));
  }

  private static Consignment consignment(
      ReversePath sender,
      @Nullable String deliveredTo,
      Consignment.MessageContent content,
      String... to) {
    List<Recipient> recipients = new ArrayList<>();
    for (String local : to) {
      recipients.add(
          TestRecipients.of(
              recipients.size() + 1,
              new DeliveryTarget.Pipe("tracker", new Mailbox(local, LOCAL_DOMAIN)),
              DsnRequest.none()));
    }
    return new Consignment(
        new QueueId("4GkTz1AB"),
        sender,
        MailOptions.plain(),
        new NextHop.Pipe("tracker"),
        recipients,
        deliveredTo,
        Instant.parse("2026-11-03T22:20:35Z"),
        1,
        MESSAGE.length(),
        content,
        DeliverySlot.unlimited());
  }

  private static Consignment.MessageContent text(String message) {
    return () -> new ByteArrayInputStream(message.getBytes(StandardCharsets.UTF_8));
  }

  private static final ReversePath SENDER =
      ReversePath.of(new Mailbox("u", Domain.of("a.example")));

  private static Outcome deliver(PipeSettings settings, Consignment consignment)
      throws InterruptedException {
    Outcome outcome = new PipeDeliveryAgent(List.of(settings), false).deliver(consignment).get(1L);
    return Optional.ofNullable(outcome).orElseThrow();
  }

  private static Outcome deliver(PipeSettings settings) throws InterruptedException {
    return deliver(settings, consignment(SENDER, null, text(MESSAGE), "bugs"));
  }

  private static String reason(Outcome outcome) {
    return assertInstanceOf(Outcome.Deferred.class, outcome).cause().reason();
  }

  @Test
  void feedsTheMessageWithItsTraceInUnixLines() throws Exception {
    Outcome outcome = deliver(settings(script("s", "cat > got; echo ' taken\n as 42'")));
    assertEquals(
        new Outcome.Delivered("pipe:tracker", "exit 0: taken as 42", "none", false, true), outcome);
    assertEquals(
        """
        Return-Path: <u@a.example>
        Delivered-To: bugs@project.example
        Subject: x

        one
        .two
        """,
        Files.readString(folder.resolve("got")));
  }

  @Test
  void writesCrlfAndMboxLineWhenConfigured() throws Exception {
    PipeSettings settings =
        with(
            settings(script("s", "cat > got")),
            PipeSettings.LineEnd.CRLF,
            true,
            Duration.ofSeconds(20));
    deliver(
        settings,
        consignment(ReversePath.nullPath(), "team@project.example", text(MESSAGE), "bugs"));
    assertEquals(
        "From MAILER-DAEMON Tue Nov  3 22:20:35 2026\r\nReturn-Path: <>\r\n"
            + "Delivered-To: team@project.example\r\n"
            + MESSAGE,
        Files.readString(folder.resolve("got")));
  }

  @Test
  void takesTheCrOffHoweverTheBlocksFall() throws Exception {
    // Blocks of one byte: every CR waits at the end of a block.
    String message = "a\r\n\r\r\nb\rc\r";
    Consignment.MessageContent slow =
        () ->
            new InputStream() {
              private int at;

              @Override
              public int read() {
                throw new UnsupportedOperationException("by blocks");
              }

              @Override
              public int read(byte[] block, int from, int length) {
                if (at == message.length()) {
                  return -1;
                }
                block[from] = (byte) message.charAt(at++);
                return 1;
              }
            };
    deliver(settings(script("s", "cat > got")), consignment(SENDER, null, slow, "bugs"));
    String got = Files.readString(folder.resolve("got"));
    assertEquals("a\n\r\nb\rc\r", got.substring(got.indexOf("example\na\n") + 8));
  }

  @Test
  void carriesALargeMessageWhole() throws Exception {
    String message = "0123456789abcdef\r\n".repeat(200_000);
    deliver(settings(script("s", "cat > got")), consignment(SENDER, null, text(message), "bugs"));
    String got = Files.readString(folder.resolve("got"));
    assertTrue(got.endsWith(message.replace("\r\n", "\n")));
  }

  @Test
  void placeholderIsOneArgumentWithoutShell() throws Exception {
    Path script = script("s", "cat > /dev/null; for a in \"$@\"; do echo \"$a\"; done > args");
    Consignment hostile =
        consignment(
            ReversePath.of(new Mailbox("a b;touch x", Domain.of("a.example"))),
            null,
            text(MESSAGE),
            "bugs+$(touch y) `id`");
    deliver(
        settings(
            script,
            "{recipient}",
            "{local}",
            "{domain}",
            "{extension}",
            "{sender}",
            "{id}",
            "$HOME"),
        hostile);
    assertEquals(
        List.of(
            "\"bugs+$(touch y) `id`\"@project.example",
            "bugs+$(touch y) `id`",
            "project.example",
            "$(touch y) `id`",
            "\"a b;touch x\"@a.example",
            "4GkTz1AB",
            "$HOME"),
        Files.readAllLines(folder.resolve("args")));
    assertFalse(Files.exists(folder.resolve("x")));
    assertFalse(Files.exists(folder.resolve("y")));
  }

  @Test
  void refusesArgumentsThatLookLikeOptions() throws Exception {
    Path script = script("s", "cat > /dev/null");
    Consignment dash = consignment(SENDER, null, text(MESSAGE), "-oX");
    assertInstanceOf(Outcome.Refused.class, deliver(settings(script, "{recipient}"), dash));
    assertInstanceOf(Outcome.Delivered.class, deliver(settings(script, "--", "{recipient}"), dash));
    Consignment sender =
        consignment(
            ReversePath.of(new Mailbox("-x", Domain.of("a.example"))), null, text(MESSAGE), "bugs");
    assertEquals(
        "5.1.7",
        assertInstanceOf(Outcome.Refused.class, deliver(settings(script, "{sender}"), sender))
            .cause()
            .status()
            .toString());
  }

  @Test
  void argumentOutsideTheLocaleIsRefused() {
    var values =
        new PipeArguments.Values(
            new Mailbox("jürgen", LOCAL_DOMAIN), SENDER, "4GkTz1AB", RecipientDelimiter.PLUS);
    assertEquals(
        new PipeArguments.NotEncodable("{local}"),
        PipeArguments.fill(List.of("/x", "{local}"), values, false));
    assertEquals(
        new PipeArguments.Filled(List.of("/x", "jürgen")),
        PipeArguments.fill(List.of("/x", "{local}"), values, true));
  }

  @Test
  void givesNoEnvironmentButTheConfiguredOne() throws Exception {
    deliver(settings(script("s", "cat > /dev/null; /usr/bin/env > env")));
    List<String> env =
        Files.readAllLines(folder.resolve("env")).stream()
            // The shell sets these for itself.
            .filter(l -> !l.startsWith("PWD=") && !l.startsWith("_=") && !l.startsWith("OLDPWD"))
            .filter(l -> !l.startsWith("SHLVL="))
            .toList();
    assertEquals(List.of("PATH=/usr/local/bin:/usr/bin:/bin"), env);
  }

  @ParameterizedTest
  @CsvSource({
    "0,DELIVERED,2.0.0", "1,DEFERRED,4.3.0", "2,DEFERRED,4.3.0", "63,DEFERRED,4.3.0",
    "64,DEFERRED,4.3.5", "65,REFUSED,5.6.0", "66,DEFERRED,4.3.0", "67,REFUSED,5.1.1",
    "68,REFUSED,5.1.2", "69,REFUSED,5.3.0", "70,DEFERRED,4.3.0", "71,DEFERRED,4.3.0",
    "72,DEFERRED,4.3.0", "73,DEFERRED,4.3.0", "74,DEFERRED,4.3.0", "75,DEFERRED,4.3.0",
    "76,DEFERRED,4.5.0", "77,REFUSED,5.7.0", "78,DEFERRED,4.3.5", "79,DEFERRED,4.3.0",
    "126,DEFERRED,4.3.5", "127,DEFERRED,4.3.5", "137,DEFERRED,4.3.0", "255,DEFERRED,4.3.0"
  })
  void mapsExitStatusesToResults(int exit, PipeExitStatus.PipeResult meaning, String status) {
    assertEquals(meaning, PipeExitStatus.of(exit).meaning());
    assertEquals(status, PipeExitStatus.of(exit).status().toString());
  }

  @Test
  void refusesByStatusWithTheCommandsWords() throws Exception {
    Outcome outcome = deliver(settings(script("s", "cat >&2; echo no bug 42 >&2; exit 67")));
    String text = assertInstanceOf(Outcome.Refused.class, outcome).cause().text();
    assertTrue(text.startsWith("user unknown (EX_NOUSER): Return-Path: <u@a.example>"), text);
    assertTrue(text.endsWith("no bug 42"), text);
    assertEquals("pipe", reason(deliver(settings(script("t", "exit 75")))));
    assertEquals("pipe", reason(deliver(settings(script("u", "kill -9 $$")))));
  }

  @Test
  void commandMayIgnoreItsInput() throws Exception {
    String large = "x".repeat(1 << 20);
    assertInstanceOf(
        Outcome.Delivered.class,
        deliver(settings(script("s", "exit 0")), consignment(SENDER, null, text(large), "bugs")));
  }

  @Test
  void outputIsKeptUpToALimit() throws Exception {
    Outcome outcome =
        deliver(settings(script("s", "head -c 300000 /dev/zero | tr '\\0' z; exit 75")));
    String text = assertInstanceOf(Outcome.Deferred.class, outcome).cause().text();
    assertTrue(text.length() < 600, "kept " + text.length());
    assertTrue(text.contains("zzz"));
  }

  @Test
  void killsACommandThatHangsWithItsChildren() throws Exception {
    // The child ignores TERM and has left its parent.
    Path script =
        script(
            "s",
            "(trap '' TERM; echo $$ > parent; sh -c 'echo $$ > child; exec sleep 600') & wait");
    PipeSettings settings =
        with(settings(script), PipeSettings.LineEnd.LF, false, Duration.ofSeconds(2));
    assertEquals("pipe-timeout", reason(deliver(settings)));
    long child = Long.parseLong(Files.readString(folder.resolve("child")).strip());
    Optional<ProcessHandle> left = ProcessHandle.of(child);
    if (left.isPresent()) {
      left.get().onExit().get(10, java.util.concurrent.TimeUnit.SECONDS);
    }
    assertTrue(ProcessHandle.of(child).isEmpty() || !left.orElseThrow().isAlive());
  }

  @Test
  void commandIsKilledBeforeEndOfUnreadableMessage() throws Exception {
    Consignment.MessageContent broken =
        () ->
            new InputStream() {
              private int blocks;

              @Override
              public int read() {
                return -1;
              }

              @Override
              public int read(byte[] block, int from, int length) throws IOException {
                if (blocks++ > 0) {
                  throw new IOException("the disk broke");
                }
                block[from] = 'x';
                return 1;
              }
            };
    Outcome outcome =
        deliver(
            settings(script("s", "cat > /dev/null; touch whole")),
            consignment(SENDER, null, broken, "bugs"));
    assertEquals("store", reason(outcome));
    assertFalse(Files.exists(folder.resolve("whole")));
  }

  @Test
  void defersWhenTheCommandIsNotThere() throws Exception {
    Outcome outcome = deliver(PipeSettings.of("tracker", List.of("/no/such/command")));
    assertTrue(List.of("pipe", "pipe-start").contains(reason(outcome)));
    PipeSettings other = PipeSettings.of("other", List.of("/bin/true"));
    assertEquals("pipe-missing", reason(deliver(other)));
    assertEquals(
        1,
        PipeDeliveryAgent.warnings(List.of(PipeSettings.of("t", List.of("/no/such"))), false)
            .stream()
            .filter(w -> w.equals("pipe \"t\": /no/such: no such file"))
            .count());
  }

  @Test
  void runsNothingAsRootWithoutAWrapper() throws Exception {
    PipeSettings plain = settings(script("s", "touch ran"));
    var agent = new PipeDeliveryAgent(List.of(plain), true);
    var outcome = agent.deliver(consignment(SENDER, null, text(MESSAGE), "bugs"));
    assertEquals("pipe-root", reason(Optional.ofNullable(outcome.get(1L)).orElseThrow()));
    assertFalse(Files.exists(folder.resolve("ran")));
    assertTrue(PipeDeliveryAgent.warnings(List.of(plain), true).getFirst().contains("as root"));
    PipeSettings wrapped =
        SettingsRecord.with(
            plain,
            Map.of(
                "command",
                List.of("/bin/echo", "{local}"),
                "wrapper",
                List.of(script("w", "cat > /dev/null; echo wrapped; exec \"$@\"").toString()),
                "directory",
                folder,
                "environment",
                List.of(),
                "lineEnd",
                PipeSettings.LineEnd.LF,
                "mboxFrom",
                false,
                "delimiter",
                RecipientDelimiter.PLUS,
                "timeout",
                Duration.ofSeconds(20),
                "concurrency",
                1));
    var run =
        new PipeDeliveryAgent(List.of(wrapped), true)
            .deliver(consignment(SENDER, null, text(MESSAGE), "bugs"));
    assertEquals(
        "exit 0: wrapped bugs",
        assertInstanceOf(Outcome.Delivered.class, Optional.ofNullable(run.get(1L)).orElseThrow())
            .reply());
  }

  @Test
  void runsOnceForEachRecipientAndAtMostSoManyAtATime() throws Exception {
    // Each run leaves a mark while it runs, and counts the marks it sees.
    Path script =
        script(
            "s",
            "cat > /dev/null; mkdir run.$$; ls -d run.* | wc -l >> seen; sleep 0.2; rmdir run.$$");
    PipeDeliveryAgent agent = new PipeDeliveryAgent(List.of(settings(script)), false);
    try (Scope scope = new Scope("pipes")) {
      for (int i = 0; i < 4; i++) {
        scope.fork(() -> agent.deliver(consignment(SENDER, null, text(MESSAGE), "a", "b")));
      }
      scope.join();
    }
    List<String> seen = Files.readAllLines(folder.resolve("seen"));
    assertEquals(8, seen.size());
    assertTrue(seen.stream().allMatch(s -> Integer.parseInt(s.strip()) <= 2), seen.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"--to={recipient}", "{nobody}", "x{id}"})
  void refusesPlaceholdersThatAreNotWholeArguments(String argument) {
    assertThrows(
        IllegalArgumentException.class, () -> PipeSettings.of("p", List.of("/bin/true", argument)));
  }

  @Test
  void refusesSettingsOutsideTheirRange() {
    PipeSettings s = PipeSettings.of("p", List.of("/bin/true"));
    for (int runs : List.of(0, PipeSettings.MAX_CONCURRENCY + 1)) {
      assertThrows(IllegalArgumentException.class, () -> of(s, runs));
    }
    assertEquals(100, of(s, PipeSettings.MAX_CONCURRENCY).concurrency());
    assertThrows(IllegalArgumentException.class, () -> PipeSettings.of("p", List.of("true")));
    assertThrows(IllegalArgumentException.class, () -> PipeSettings.of("p", List.of()));
  }

  private static PipeSettings of(PipeSettings s, int runs) {
    return SettingsRecord.with(s, Map.of("concurrency", runs));
  }
}
