package org.sealwax.router.log;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.CountText;
import org.sealwax.mail.net.FailureText;
import org.sealwax.testkit.net.ManualClock;

/** The forms of the log are a promise to parsers: golden lines, and attempts to forge them. */
final class TextMailLogTest {
  private static final Clock CLOCK =
      new Clock() {
        @Override
        public Instant now() {
          return Instant.parse("2026-11-23T21:57:04.023Z");
        }

        @Override
        public long nanoTime() {
          return 0;
        }
      };

  private static final InetSocketAddress CLIENT =
      new InetSocketAddress(InetAddress.ofLiteral("192.0.2.1"), 4711);

  private static final TlsLogFields TLS =
      new TlsLogFields(
          "Verified",
          "verified(name mx.example.org)",
          "TLSv1.3",
          "TLS_AES_256_GCM_SHA384",
          256,
          "X25519MLKEM768",
          false,
          "CN=mx.example.org",
          "00ff",
          null);

  private static String lines(LogSettings settings, Consumer<MailLog> facts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TextMailLog log = new TextMailLog(settings, out, CLOCK)) {
      facts.accept(log);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  @Test
  void everyFactHasItsLine() {
    Set<String> facts =
        Arrays.stream(MailLog.class.getMethods()).map(Method::getName).collect(Collectors.toSet());
    Arrays.stream(TextMailLog.class.getDeclaredMethods())
        .map(Method::getName)
        .forEach(facts::remove);
    assertEquals(Set.of(), facts);
  }

  private static void everyFact(MailLog log) {
    log.connected("s1", "127.0.0.1:2525", CLIENT);
    log.turnedAway(CLIENT, "20 sessions of this client");
    log.tlsFromClient("s1", CLIENT, TLS);
    log.tlsFromClientFailed("s1", CLIENT, "no-shared-cipher", "alert 40");
    log.authenticated("s1", CLIENT, "SCRAM-SHA-256", "tracker");
    log.authenticationFailed("s1", CLIENT, "PLAIN", "");
    log.refused("s1", CLIENT, "RCPT", "a@example.org", "b@example.net", "554 5.7.1 Relay denied");
    Domain list = Domain.of("dnsbl.example.net");
    log.listed("s1", CLIENT, list, List.of("127.0.0.2"), "refuse");
    log.listFailed(list, "timeout");
    log.listFailed(list, "timeout");
    log.listRefusedQuery(list, "127.255.255.254");
    log.filtered("4bXk2Lm9", MailLog.FilterAction.QUARANTINED, "127.0.0.1:11332: virus");
    log.filterFailed("127.0.0.1:11332", new IOException("no answer in time"));
    log.accepted("4bXk2Lm9", "s1", "a@example.org", 2, 10_240, "mail.example.org[192.0.2.1]");
    log.forwarded("4bXk2Lm9", "dev@project.example", "d@example.net");
    log.tlsToHost("4bXk2Lm9", "mx.example.org", CLIENT, TLS);
    log.tlsToHostFailed(
        "4bXk2Lm9", "mx.example.org", CLIENT, "reset", "after ClientHello", "fallback step tls12");
    log.delivered(
        "4bXk2Lm9",
        "d@example.net",
        "mx.example.org[192.0.2.1]:25",
        "may:verified",
        "250 2.6.0 Ok: queued",
        Duration.ofMillis(1234));
    log.deferred(
        "4bXk2Lm9",
        "e@example.net",
        "greylisted",
        "4.7.1",
        "mx said: 451 4.7.1 later",
        Duration.ofSeconds(3));
    log.bounced("4bXk2Lm9", "f@example.net", "refused", "5.1.1", "mx said: 550 no");
    log.held("4bXk2Lm9", "g@example.net", "forward-refused", "550 spam");
    log.notified("4bXk2Lm9", "4bXk2Lm8", "failure", "a@example.org");
    log.removed("4bXk2Lm9");
    log.identity("default", "loaded cert.pem");
    log.configuration("read sealwax.toml");
    log.storeTrouble("disk full: no mail is accepted", null);
    log.warning("receive", "something to see");
    log.note("app", "listening");
    log.disconnected("s1", CLIENT, 1, 1, Duration.ofMillis(90));
  }

  @ParameterizedTest
  @ValueSource(strings = {"TEXT", "JSON"})
  void keepsTheFormOfEveryFact(String form) throws Exception {
    String golden;
    try (InputStream in =
        TextMailLogTest.class.getResourceAsStream(
            "/log/golden-" + form.toLowerCase(java.util.Locale.ROOT) + ".log")) {
      golden = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    LogSettings settings = new LogSettings(LogSettings.Format.valueOf(form), false);
    assertEquals(golden, lines(settings, TextMailLogTest::everyFact));
  }

  @Test
  void leavesTheTimeToTheJournalAndGivesPriorities() {
    LogSettings journal = new LogSettings(LogSettings.Format.TEXT, true);
    assertEquals(
        "<6>sealwax/app: up\n<4>sealwax/app: warning: hm\n",
        lines(
            journal,
            log -> {
              log.note("app", "up");
              log.warning("app", "hm");
            }));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "250 ok\r\n2026-11-23T21:57:04.023Z sealwax/deliver: X: to=<v@example.org>, status=sent",
        "a\nb",
        "a\rb",
        "a\u0085b",
        "a\u2028b",
        "a\u2029b",
        "a\u000bb\u000cc",
        "\u001b[2Jcleared",
        "a\u0000b",
        "turned \u202e round",
        "half \ud800 pair",
        "\ufffd not UTF-8"
      })
  void peerTextCannotStartALineOrControlTheTerminal(String hostile) {
    for (LogSettings.Format format : LogSettings.Format.values()) {
      String out =
          lines(
              new LogSettings(format, false),
              log -> {
                log.delivered("4bXk2Lm9", hostile, hostile, hostile, hostile, Duration.ZERO);
                log.refused("s1", CLIENT, "RCPT", hostile, hostile, hostile);
                log.tlsFromClientFailed("s1", CLIENT, hostile, hostile);
                log.accepted("4bXk2Lm9", "s1", hostile, 1, 1, hostile);
              });
      assertEquals(4, out.lines().count(), out);
      assertEquals(4, out.chars().filter(c -> c < 0x20).count(), out);
      for (char c : "\u0085\u2028\u2029\u202e\ud800\ufffd\u007f".toCharArray()) {
        assertFalse(out.indexOf(c) >= 0, out);
      }
    }
  }

  @Test
  void anAddressCannotEndItsField() {
    String out =
        lines(
            LogSettings.defaults(),
            log -> log.bounced("4bXk2Lm9", "\"a>, status=sent\"@b", "refused", "5.1.1", "no"));
    assertTrue(out.contains("to=<\"a\\x3e, status\\x3dsent\"@b>, reason="), out);
  }

  @Test
  void keepsLettersOfAllLanguages() {
    String out = lines(LogSettings.defaults(), log -> log.note("app", "Grüße 日本 😀"));
    assertTrue(out.endsWith("Grüße 日本 😀\n"), out);
  }

  @Test
  void cutsValuesAtTheirLimit() {
    String at = "x".repeat(LogLine.MAX_VALUE);
    assertTrue(lines(LogSettings.defaults(), l -> l.note("app", at)).endsWith(": " + at + "\n"));
    assertTrue(
        lines(LogSettings.defaults(), l -> l.note("app", at + "y")).endsWith("x[+1 more]\n"));
  }

  @Test
  void aBugIsOneLineWithItsStack() {
    String out =
        lines(
            LogSettings.defaults(),
            l -> l.bug("session s1", new IllegalStateException("broken\nin two")));
    assertEquals(1, out.lines().count());
    assertTrue(out.contains(TextMailLogTest.class.getName() + "."), out);
  }

  @Test
  void slowLogReaderLosesCountedLinesAndDelaysNothing() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    OutputStream stuck =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new AssertionError();
          }

          @Override
          public void write(byte[] b, int off, int len) {
            try {
              open.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            kept.write(b, off, len);
          }
        };
    TextMailLog log = new TextMailLog(LogSettings.defaults(), stuck, CLOCK);
    String text = "x".repeat(LogLine.MAX_VALUE);
    // Twice the space: the writer may take one full load with it before it is stuck.
    int fits = 2 * (LogWriter.MAX_WAITING / 1000 + 20);
    while (log.dropped() == 0 && fits-- > -20) {
      log.note("app", text);
    }
    assertTrue(log.dropped() > 0);
    open.countDown();
    log.close();
    String out = kept.toString(StandardCharsets.UTF_8);
    String lost = CountText.of(log.dropped(), "log line was | log lines were");
    assertTrue(out.contains(": " + lost + " lost: the reader was too slow"), out.substring(0, 200));
  }

  /** 50 ms for each line, before: a pipe that was not read stopped the router. */
  @Test
  void aReaderThatDoesNotReadCostsABoundedTimeInAll() throws Exception {
    CountDownLatch open = new CountDownLatch(1);
    OutputStream stuck =
        new ByteArrayOutputStream() {
          @Override
          public synchronized void write(byte[] b, int off, int len) {
            try {
              open.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
            super.write(b, off, len);
          }
        };
    String line = "x".repeat(LogWriter.MAX_WAITING / 2) + "\n";
    try (LogWriter sink = new LogWriter(stuck, lost -> "lost " + lost + "\n")) {
      while (sink.waitsForSpace()) {
        sink.put(line);
      }
      long before = sink.dropped();
      for (int i = 0; i < 100_000; i++) {
        sink.put(line);
      }
      assertEquals(100_000, sink.dropped() - before);
      open.countDown();
      while (!sink.waitsForSpace()) {
        Thread.onSpinWait();
      }
    }
    assertTrue(stuck.toString().contains("lost 100"), "reported");
  }

  @Test
  void linesThatCannotBeWrittenAreCountedAndReportedToo() throws Exception {
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    java.util.concurrent.atomic.AtomicBoolean full =
        new java.util.concurrent.atomic.AtomicBoolean(true);
    OutputStream disk =
        new OutputStream() {
          @Override
          public void write(int b) {
            throw new AssertionError();
          }

          @Override
          public void write(byte[] b, int off, int len) throws java.io.IOException {
            if (full.get()) {
              throw new java.io.IOException("No space left on device");
            }
            kept.write(b, off, len);
          }
        };
    try (LogWriter sink = new LogWriter(disk, lost -> "lost " + lost + "\n")) {
      for (int i = 0; i < 3; i++) {
        sink.put("a line\n");
      }
      while (sink.dropped() < 3) {
        Thread.onSpinWait();
      }
      full.set(false);
      sink.put("room again\n");
    }
    assertEquals("room again\nlost 3\n", kept.toString(StandardCharsets.UTF_8));
  }

  @Test
  void repeatedStoreFailureIsLoggedOncePerMinute() {
    ManualClock clock = new ManualClock(java.time.Instant.parse("2026-01-01T00:00:00Z"));
    ByteArrayOutputStream kept = new ByteArrayOutputStream();
    try (TextMailLog log = new TextMailLog(LogSettings.defaults(), kept, clock)) {
      for (int second = 0; second <= 120; second++) {
        log.storeTrouble("message not accepted: the disk is nearly full", null);
        log.storeTrouble("another trouble", null);
        clock.pass(java.time.Duration.ofSeconds(1));
      }
    }
    List<String> lines = kept.toString(StandardCharsets.UTF_8).lines().toList();
    assertEquals(6, lines.size());
    assertTrue(lines.get(2).contains("nearly full (59 times more"), lines.get(2));
  }

  @Test
  void countsWhatItWrites() {
    Counters counters = new Counters();
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (TextMailLog log = new TextMailLog(LogSettings.defaults(), out, CLOCK, counters)) {
      everyFact(log);
    }
    assertEquals(
        lines(LogSettings.defaults(), TextMailLogTest::everyFact),
        out.toString(StandardCharsets.UTF_8));
    List<Counters.MetricSamples> read = counters.read();
    Counters.MetricSamples delivered =
        read.stream()
            .filter(r -> r.name().equals("sealwax_delivered_recipients_total"))
            .findFirst()
            .orElseThrow();
    assertEquals(List.of(new Counters.Sample("tls=\"may:verified\"", 1)), delivered.samples());
  }

  @Test
  void countersBoundTheirSeries() {
    Counters counters = new Counters();
    for (int i = 0; i < Counters.MAX_SERIES + 10; i++) {
      counters.count("sealwax_n", "h", "l", "v" + i).increment();
    }
    List<Counters.Sample> samples = counters.read().getFirst().samples();
    assertEquals(Counters.MAX_SERIES + 1, samples.size());
    assertTrue(samples.contains(new Counters.Sample("l=\"other\"", 10)));
  }

  @Test
  void wordsOfALibraryAreANoteOnStandardErrorWithoutALog() {
    IOException failure = new IOException("Foo 17\u001b happened");
    failure.setStackTrace(new StackTraceElement[0]);
    PrintStream before = System.err;
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    LibraryLog.lead(null);
    System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
    try {
      assertEquals("reading or writing failed", FailureText.of(failure));
      org.slf4j.LoggerFactory.getLogger("some.Library").warn("not heard");
    } finally {
      System.setErr(before);
    }
    String note = err.toString(StandardCharsets.UTF_8);
    assertTrue(note.startsWith("note: failure: java.io.IOException: Foo 17"), note);
    assertTrue(note.endsWith(" happened\n"), note);
    assertEquals(1, note.lines().count());
    assertFalse(note.contains("\u001b"), note);
  }

  @Test
  void libraryWarningsUseTheMailLog() {
    String out =
        lines(
            LogSettings.defaults(),
            log -> {
              LibraryLog.lead(log);
              org.slf4j.LoggerFactory.getLogger("some.Library").warn("odd {}", "thing\n");
              org.slf4j.LoggerFactory.getLogger("some.Library").info("not heard");
            });
    assertTrue(out.endsWith("sealwax/library: warning: some.Library: odd thing\\x0a\n"), out);
    assertEquals(1, out.lines().count());
  }
}
