package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.queue.BugLog;
import org.sealwax.testkit.fuzz.InputMutations;

/**
 * Whole sessions of nonsense over real sockets, in plaintext and inside TLS, against the wired
 * program: every command gets its one reply, every message that got a 250 is in the queue and no
 * other, and afterwards nothing is left open and normal mail goes on. {@code
 * -Dsealwax.fuzz.seconds=60} for longer than a build has.
 */
@Tag("long")
final class HostileSessionsTest {
  /** Sessions in every build. */
  private static final int SESSIONS = 500;

  /** Sessions in the slow form; the first of them are those of every build. */
  private static final int SLOW_SESSIONS = 3_000;

  private static final Pattern QUEUED = Pattern.compile("250 2\\.0\\.0 Ok: queued as (\\S+)");

  private static final String[] COMMANDS = {
    "EHLO a.example",
    "HELO a",
    "MAIL FROM:<a@b.example>",
    "MAIL FROM:<> BODY=8BITMIME SIZE=100 SMTPUTF8 RET=FULL ENVID=x",
    "RCPT TO:<jones@example.net>",
    "RCPT TO:<x@y.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x+40y",
    "RCPT TO:<Postmaster>",
    "DATA",
    "BDAT 5",
    "BDAT 7 LAST",
    "BDAT 0 LAST",
    "RSET",
    "NOOP",
    "VRFY x",
    "HELP",
    "AUTH PLAIN AGpvZQBjb3JyZWN0IGhvcnNl",
    "AUTH SCRAM-SHA-256",
    "AUTH PLAIN",
    "STARTTLS",
    "QUIT",
    "\u00c3\u00a9",
    "x".repeat(3_000)
  };

  private static final String[] BODIES = {
    "Subject: x\r\n\r\nbody\r\n",
    "Received: x\r\n".repeat(60) + "\r\n",
    "..\r\n...\r\nno header\r\n",
    "a\nb\r\n",
    "\0\r\n",
    "x".repeat(70_000) + "\r\n",
    "y".repeat(998) + "\r\n",
    ""
  };

  private final List<String> queued = new ArrayList<>();
  private int maybeMore;
  private int sessions;
  private int commands;

  @Test
  @Timeout(600)
  void everyCommandGetsItsReplyAndNothingIsLeftOpen(@TempDir Path folder) throws Exception {
    hostile(folder, Double.parseDouble(System.getProperty("sealwax.fuzz.seconds", "0")), SESSIONS);
  }

  @Tag("slow")
  @Test
  @Timeout(600)
  void everyCommandOfManySessionsGetsItsReply(@TempDir Path folder) throws Exception {
    hostile(folder, 0, SLOW_SESSIONS);
  }

  /** Counted, so that a slow machine tries as much as a fast one; or others for so many seconds. */
  private void hostile(Path folder, double seconds, int most) throws Exception {
    long number = seconds > 0 ? System.nanoTime() : 7;
    BugLog log = new BugLog();
    try (RouterUnderTest wired = new RouterUnderTest(folder, log.log)) {
      // What is loaded and opened once is not a leak.
      for (int i = 0; i < 5; i++) {
        normalMail(wired, true);
        normalMail(wired, false);
        wired.queue("count");
      }
      OpenResources before = OpenResources.now(wired);
      long end = System.nanoTime() + (long) (seconds * 1e9);
      for (int i = 0; seconds > 0 ? System.nanoTime() < end : i < most; i++) {
        Random random = new Random(number + i);
        try {
          session(wired.port(), random);
        } catch (IOException | AssertionError e) {
          throw new AssertionError("session " + (number + i) + ": " + e, e);
        }
        assertEquals(List.of(), log.bugs, "session " + (number + i));
      }
      while (wired.router.sessions() > 0) {
        Thread.sleep(5);
      }
      normalMail(wired, true);
      normalMail(wired, false);
      assertEquals(List.of(), log.bugs);
      long taken = wired.router.accepted();
      assertTrue(
          taken >= queued.size() && taken <= queued.size() + maybeMore,
          taken + " taken, " + queued.size() + " acknowledged, perhaps " + maybeMore + " more");
      String list = wired.queue("list", "--json", "--limit", "1000000");
      for (String id : queued) {
        assertTrue(list.contains('"' + id + '"'), id + " was acknowledged and is not there");
      }
      OpenResources after = OpenResources.now(wired);
      assertTrue(after.files() <= before.files() + 8, before + " then " + after);
      assertTrue(after.threads() <= before.threads() + 4, before + " then " + after);
      // What the queue keeps of each message in memory is allowed, and nothing of a session.
      long kept = 20L * 1_024 * 1_024 + taken * 2_048;
      assertTrue(after.heap() <= before.heap() + kept, before + " then " + after);
      // Running rounds may end now.
      do {
        wired.queue("delete", "--all");
      } while (!wired.queue("count").equals("0\n"));
      assertTrue(sessions > 20 && queued.size() > 10, sessions + ", " + queued.size());
      System.out.println(
          sessions + " sessions, " + commands + " commands, " + queued.size() + " messages");
    }
    try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
      List<Path> large =
          files.filter(f -> f.toString().contains("bod")).filter(Files::isRegularFile).toList();
      assertEquals(List.of(), large, "files that belong to no message");
    }
  }

  @Test
  @Timeout(300)
  void everyRequestOfTheControlSocketGetsOneAnswer(@TempDir Path folder) throws Exception {
    BugLog log = new BugLog();
    try (RouterUnderTest wired = new RouterUnderTest(folder, log.log)) {
      normalMail(wired, false);
      InputMutations spoilt =
          new InputMutations(
              bytes(
                  "{\"do\":\"list\",\"limit\":5,\"domain\":\"d.example\",\"sender\":\"<>\"}",
                  "{\"do\":\"show\",\"id\":\"" + queued.getFirst() + "\"}",
                  "{\"do\":\"trace\",\"id\":\"x\"}",
                  "{\"do\":\"hold\",\"id\":\"" + queued.getFirst() + "\"}",
                  "{\"do\":\"count\",\"reason\":5}",
                  "{\"do\":\"backup\"}",
                  "[".repeat(3_000),
                  "{\"do\":\"reasons\"}",
                  "null",
                  ""),
              11);
      try (SocketChannel channel =
          SocketChannel.open(UnixDomainSocketAddress.of(ControlServer.socketIn(wired.state())))) {
        BufferedReader answers =
            new BufferedReader(Channels.newReader(channel, StandardCharsets.UTF_8));
        for (int i = 0; i < 2_000; i++) {
          String line = new String(spoilt.next(), StandardCharsets.ISO_8859_1);
          String request = line.replace("\n", "");
          channel.write(ByteBuffer.wrap((request + "\n").getBytes(StandardCharsets.UTF_8)));
          String answer = answers.readLine();
          assertTrue(
              answer != null && answer.startsWith("{\"ok\":") && answer.endsWith("}"),
              () -> request + " is answered " + answer);
          assertEquals(List.of(), log.bugs, request);
        }
      }
    }
  }

  /** What is open in this process. */
  private record OpenResources(long heap, int threads, int files) {
    static OpenResources now(RouterUnderTest wired) throws Exception {
      while (wired.router.sessions() > 0) {
        Thread.sleep(5);
      }
      long heap = Long.MAX_VALUE;
      for (int i = 0; i < 3; i++) {
        System.gc();
        Runtime runtime = Runtime.getRuntime();
        heap = Math.min(heap, runtime.totalMemory() - runtime.freeMemory());
      }
      try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
        return new OpenResources(heap, Thread.getAllStackTraces().size(), (int) open.count());
      }
    }
  }

  private void normalMail(RouterUnderTest wired, boolean tls) throws IOException {
    try (RouterTestClient caller = new RouterTestClient(wired.port())) {
      assertTrue(caller.reply().startsWith("220 "));
      assertTrue(caller.exchange("EHLO a.example").contains("STARTTLS"));
      if (tls) {
        assertTrue(caller.exchange("STARTTLS").startsWith("220 "));
        caller.startTls();
        assertFalse(caller.exchange("EHLO a.example").contains("STARTTLS"));
      }
      assertTrue(caller.exchange("MAIL FROM:<a@b.example>").startsWith("250 "));
      assertTrue(caller.exchange("RCPT TO:<jones@example.net>").startsWith("250 "));
      assertTrue(caller.exchange("DATA").startsWith("354 "));
      note(caller.exchange("Subject: x\r\n\r\nbody\r\n."));
      assertTrue(caller.exchange("QUIT").startsWith("221 "));
    }
  }

  private void note(String replies) {
    Matcher matcher = QUEUED.matcher(replies);
    while (matcher.find()) {
      queued.add(matcher.group(1));
    }
  }

  private void session(int port, Random random) throws IOException {
    sessions++;
    try (RouterTestClient caller = new RouterTestClient(port)) {
      assertTrue(caller.reply().startsWith("220 "));
      boolean tls = random.nextInt(3) == 0;
      if (tls) {
        caller.exchange("EHLO a.example");
        caller.exchange("STARTTLS");
        caller.startTls();
      }
      if (random.nextInt(4) > 0) {
        caller.exchange("EHLO a.example");
        caller.exchange("MAIL FROM:<a@b.example>");
        caller.exchange("RCPT TO:<jones@example.net>");
      }
      switch (random.nextInt(4)) {
        case 0 -> sendGarbage(caller, random, tls);
        default -> dialogue(caller, random, tls);
      }
    }
  }

  /** One command after the other, some of them spoilt: one reply for each. */
  private void dialogue(RouterTestClient caller, Random random, boolean tls) throws IOException {
    InputMutations spoilt = new InputMutations(bytes(COMMANDS), random.nextLong());
    boolean inTls = tls;
    boolean lastWord = false;
    for (int i = random.nextInt(12); i >= 0; i--) {
      String line = COMMANDS[random.nextInt(COMMANDS.length)];
      if (random.nextInt(4) == 0) {
        line = new String(spoilt.next(), StandardCharsets.ISO_8859_1).replaceAll("[\r\n]", "");
      }
      commands++;
      Matcher chunk = Pattern.compile("(?i)BDAT[ \t]+(\\d{1,5})([ \t]+LAST)?[ \t]*").matcher(line);
      String behind = chunk.matches() ? chunk(Integer.parseInt(chunk.group(1)), random) : "";
      if (random.nextInt(200) == 0) {
        caller.send(line.substring(0, line.length() / 2));
        caller.reset();
        return;
      }
      String reply;
      try {
        caller.send(line + "\r\n" + behind);
        reply = caller.reply();
      } catch (SocketException e) {
        reply = "";
      }
      note(reply);
      if (reply.startsWith("334")) {
        reply = caller.exchange(random.nextBoolean() ? "*" : "AGpvZQBjb3JyZWN0IGhvcnNl");
      }
      if (reply.startsWith("354")) {
        reply = body(caller, random);
        note(reply);
      }
      if (reply.startsWith("220") && !inTls) {
        if (random.nextInt(3) == 0) {
          caller.send("this is not TLS\r\n");
          caller.endOutput();
          return;
        }
        caller.startTls();
        inTls = true;
      }
      if (reply.isEmpty()) {
        if (lastWord) {
          return;
        }
        throw new AssertionError("closed without a word after " + line);
      }
      if (reply.startsWith("221") || reply.startsWith("421") || reply.startsWith("521")) {
        assertEquals("", caller.reply(), "a word after the last one");
        return;
      }
      // 554 turns away who does not wait or speaks another protocol; a chunk of no or no possible
      // size leaves nothing to go on with. These may be last words, or not.
      boolean chunks = line.regionMatches(true, 0, "BDAT", 0, 4);
      lastWord = reply.startsWith("554") || chunks && reply.matches("(?s)(501|552).*");
    }
  }

  private static String chunk(int size, Random random) {
    String body = BODIES[random.nextInt(BODIES.length)].repeat(1 + size / 1_000);
    return body.length() >= size
        ? body.substring(0, size)
        : body + "z".repeat(size - body.length());
  }

  private String body(RouterTestClient caller, Random random) throws IOException {
    InputMutations spoilt = new InputMutations(bytes(BODIES), random.nextLong());
    String body =
        random.nextInt(20) == 0
            ? "z"
                .repeat(900)
                .concat("\r\n")
                .repeat(1 + random.nextInt(2 * RouterUnderTest.SIZE / 902))
            : new String(spoilt.next(), StandardCharsets.ISO_8859_1);
    // The one end that is meant to be one: none inside.
    String inside = body.replace("\r\n.\r\n", "\r\n..\r\n");
    inside = inside.startsWith(".\r\n") ? "." + inside : inside;
    caller.send(inside + (inside.isEmpty() || inside.endsWith("\r\n") ? ".\r\n" : "\r\n.\r\n"));
    return caller.reply();
  }

  /** Any bytes at once, then silence: the conversation ends, and the server sends only replies. */
  private void sendGarbage(RouterTestClient caller, Random random, boolean tls) throws IOException {
    List<byte[]> seeds = new ArrayList<>(bytes(COMMANDS));
    seeds.addAll(bytes(BODIES));
    seeds.add(
        "MAIL FROM:<a@b.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n"
            .getBytes(StandardCharsets.US_ASCII));
    seeds.add("\u0016\3\1\2\0\1\0\1".getBytes(StandardCharsets.ISO_8859_1));
    InputMutations spoilt = new InputMutations(seeds, random.nextLong());
    try {
      for (int i = random.nextInt(6); i >= 0; i--) {
        caller.send(new String(spoilt.next(), StandardCharsets.ISO_8859_1));
        caller.send(random.nextBoolean() ? "\r\n" : "\r\n.\r\n");
        commands++;
      }
      if (random.nextInt(5) == 0) {
        maybeMore++;
        caller.reset();
        return;
      }
      caller.endOutput();
    } catch (IOException e) {
      // Refused in the middle; what was sent is read nevertheless.
      maybeMore++;
      return;
    }
    note(caller.readToEnd());
    if (tls) {
      maybeMore++;
    }
  }

  private static List<byte[]> bytes(String... texts) {
    return Stream.of(texts).map(t -> t.getBytes(StandardCharsets.ISO_8859_1)).toList();
  }
}
