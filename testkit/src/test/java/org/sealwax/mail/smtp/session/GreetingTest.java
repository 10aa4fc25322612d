package org.sealwax.mail.smtp.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Threads;
import org.sealwax.mail.policy.Observation;
import org.sealwax.mail.policy.Observation.GreetingStage;
import org.sealwax.mail.smtp.InputLine;
import org.sealwax.mail.smtp.LineReader;
import org.sealwax.mail.smtp.SmtpLimits;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.net.MemoryWire;
import org.sealwax.testkit.tls.FakeTls;
import org.sealwax.testkit.tls.TestCa;

/** Banner, EHLO, STARTTLS, EHLO: what each kind of host is taken for. */
@Timeout(120)
final class GreetingTest {
  private static final TestCa CA = TestCa.root("greeting tests");
  private static final SmtpTimeouts TIMES = SmtpTimeouts.defaults();
  private static final TlsClient REAL =
      new TlsFactory(new TlsSettings(TlsEngine.BORINGSSL), Clock.system(), RandomSource.secure())
          .client(
              ClientTlsSettings.defaults(),
              IdentityStore.fixed(CA.identity("client.example"), Map.of(), Clock.system()));

  private static final String MX = "220 mx.example ESMTP";
  private static final String OFFER = "250-mx.example\r\n250 STARTTLS";
  private static final String GO = "220 go";

  /** Closes. */
  private static final String CLOSE = "CLOSE";

  /** Sends nothing until the end of the test. */
  private static final String SILENCE = "SILENCE";

  /** The handshake, in the words of {@link FakeTls}. */
  private static final String TLS = "TLS";

  private final MemoryWire.MemoryWirePair pair = MemoryWire.pair();

  /** What came of it. */
  private record GreetingRun(GreetingResult result, List<String> commands) {}

  private static GreetingOptions approach(GreetingOptions.TlsMode tlsMode) {
    return new GreetingOptions(
        "client.example",
        tlsMode,
        new ClientOffer(
            Domain.of("mx.example"),
            TlsFloor.DEFAULT,
            TlsVersion.TLS_1_3,
            false,
            false,
            false,
            false,
            new ReferenceIdentity(List.of(), Set.of(), CA.roots()),
            "greeting"));
  }

  /** Plays a host: a turn at first, then one for each line it hears. */
  private List<String> host(List<String> turns) throws IOException, InterruptedException {
    MemoryWire wire = pair.server();
    LineReader lines = new LineReader(wire.in());
    List<String> commands = new ArrayList<>();
    for (int i = 0; i < turns.size(); i++) {
      String turn = turns.get(i);
      switch (turn) {
        case CLOSE -> {
          wire.close();
          return commands;
        }
        case SILENCE -> {
          assertFalse(pair.client().elapse(Duration.ofSeconds(119)), "the shortest wait is 2 min");
          // It is over at the latest after the longest.
          var _ = pair.client().elapse(Duration.ofMinutes(4));
        }
        case TLS -> {
          FakeTls.asServer(wire);
          lines = new LineReader(wire.in());
        }
        default -> wire.out().write((turn + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
      }
      boolean tlsFollows = i + 1 < turns.size() && turns.get(i + 1).equals(TLS);
      boolean implicit = i == 0 && turn.equals(TLS);
      if (tlsFollows || implicit) {
        continue;
      }
      if (!(lines.read(SmtpLimits.COMMAND_LINE) instanceof InputLine.Text text)) {
        return commands;
      }
      commands.add(text.text());
    }
    return commands;
  }

  private GreetingRun greet(
      TlsClient tls, SmtpTimeouts times, GreetingOptions.TlsMode tlsMode, List<String> turns)
      throws Exception {
    FutureTask<List<String>> host = new FutureTask<>(() -> host(turns));
    Threads.start("host", host);
    GreetingResult greeting = new Greeting(tls, times).greet(pair.client(), approach(tlsMode));
    ClientSession dialogue = greeting.session();
    if (dialogue != null) {
      dialogue.closeQuietly();
    }
    return new GreetingRun(greeting, host.get(20, TimeUnit.SECONDS));
  }

  static Stream<Arguments> hosts() {
    Predicate<Observation> tls = Observation.Encrypted.class::isInstance;
    Predicate<Observation> clear = new Observation.Unencrypted(false)::equals;
    Predicate<Observation> unasked = new Observation.Unencrypted(true)::equals;
    Predicate<Observation> injected = new Observation.Injected()::equals;
    String invalid = "no valid reply at ";
    String lost = "lost connection at ";
    return Stream.of(
        // what it shows, wish, the host's turns, what it is taken for, what we said
        row("RFC 5321 3.1: 220", 'c', clear, "EHLO", MX, "250 mx.example"),
        row("RFC 5321 3.1: 554", 's', refused(GreetingStage.BANNER, 554), "", "554 no"),
        row("RFC 5321 3.8: 421", 's', refused(GreetingStage.BANNER, 421), "", "421 busy"),
        row("banner of several lines", 's', clear, "EHLO", "220-a\r\n220-\r\n220", "250 mx"),
        row(
            "banner with two codes",
            's',
            lost(GreetingStage.BANNER, invalid),
            "",
            "220-a\r\n250 b"),
        row("banner that is no reply", 's', lost(GreetingStage.BANNER, invalid), "", "SSH-2.0-x"),
        row("250 for a banner", 's', refused(GreetingStage.BANNER, 250), "", "250 hello"),
        row("banner with a bare LF", 's', lost(GreetingStage.BANNER, invalid), "", "220-a\n220 b"),
        row(
            "endless banner",
            's',
            lost(GreetingStage.BANNER, invalid),
            "",
            "220-x\r\n".repeat(200) + "220 x"),
        row(
            "long banner",
            's',
            lost(GreetingStage.BANNER, invalid),
            "",
            "220 " + "x".repeat(3_000)),
        row("banner in Latin 1", 's', clear, "EHLO", "220 gr\u00fc\u00df", "250 mx"),
        row("B8 at the banner", 's', lost(GreetingStage.BANNER, lost), "", CLOSE),
        row("B9 at the banner", 's', lost(GreetingStage.BANNER, ""), "", SILENCE),
        row("B8 at EHLO", 's', lost(GreetingStage.EHLO, ""), "EHLO", MX, CLOSE),
        row("B9 at EHLO", 's', lost(GreetingStage.EHLO, ""), "EHLO", MX, SILENCE),
        row("421 at EHLO", 's', refused(GreetingStage.EHLO, 421), "EHLO", MX, "421 bye"),
        row("354 at EHLO", 's', refused(GreetingStage.EHLO, 354), "EHLO", MX, "354 what"),
        row("B14 HELO only", 's', clear, "EHLO HELO", MX, "502 what", "250 mx.example"),
        row(
            "B14 HELO refused too",
            's',
            refused(GreetingStage.EHLO, 550),
            "EHLO HELO",
            MX,
            "500 what",
            "550 no"),
        row("B1 not offered", 's', clear, "EHLO", MX, "250-mx.example\r\n250 SIZE 1"),
        row("B15 rubbed out", 's', clear, "EHLO", MX, "250-mx.example\r\n250 XXXXXXXA"),
        row("offered and not wished", 'c', unasked, "EHLO", MX, OFFER),
        row("B4 454", 's', starttlsRefused(454), "EHLO STARTTLS", MX, OFFER, "454 4.7.0 not now"),
        row("B7 501", 's', starttlsRefused(501), "EHLO STARTTLS", MX, OFFER, "501 what"),
        row(
            "B8 at STARTTLS",
            's',
            broken(TlsException.Kind.CLOSED),
            "EHLO STARTTLS",
            MX,
            OFFER,
            CLOSE),
        row(
            "B9 at STARTTLS",
            's',
            broken(TlsException.Kind.TIMEOUT),
            "EHLO STARTTLS",
            MX,
            OFFER,
            SILENCE),
        row(
            "250 to STARTTLS",
            's',
            broken(TlsException.Kind.NOT_TLS),
            "EHLO STARTTLS",
            MX,
            OFFER,
            "250 ok"),
        row(
            "B11 injection",
            's',
            injected,
            "EHLO STARTTLS",
            MX,
            OFFER,
            GO + "\r\n250-mx.example\r\n250 SIZE 1"),
        row("B11 half a line", 's', injected, "EHLO STARTTLS", MX, OFFER, GO + "\r\n2"),
        row(
            "B13 small letters",
            's',
            tls,
            "EHLO STARTTLS EHLO",
            MX,
            "250-mx.example\r\n250 starttls",
            GO,
            TLS,
            "250 mx"),
        row(
            "B13 with a parameter",
            's',
            tls,
            "EHLO STARTTLS EHLO",
            MX,
            "250-mx.example\r\n250 STARTTLS REQUIRED",
            GO,
            TLS,
            "250 mx"),
        row("not in the first line", 's', clear, "EHLO", MX, "250-STARTTLS\r\n250 STARTTLSX"),
        row(
            "B8 after TLS",
            's',
            broken(TlsException.Kind.AFTER_HANDSHAKE),
            "EHLO STARTTLS EHLO",
            MX,
            OFFER,
            GO,
            TLS,
            CLOSE),
        row(
            "B9 after TLS",
            's',
            broken(TlsException.Kind.AFTER_HANDSHAKE),
            "EHLO STARTTLS EHLO",
            MX,
            OFFER,
            GO,
            TLS,
            SILENCE),
        row(
            "EHLO refused in TLS",
            's',
            refused(GreetingStage.EHLO_AGAIN, 502),
            "EHLO STARTTLS EHLO",
            MX,
            OFFER,
            GO,
            TLS,
            "502 what"),
        row("RFC 8314 3.3", 'i', tls, "EHLO", TLS, MX, "250 mx"),
        row("RFC 8314 3.3: 421", 'i', refused(GreetingStage.BANNER, 421), "", TLS, "421 busy"),
        row("RFC 8314 3.3: close", 'i', broken(TlsException.Kind.AFTER_HANDSHAKE), "", TLS, CLOSE),
        row("RFC 8314 3.3: plaintext", 'i', broken(TlsException.Kind.NOT_TLS), "", MX));
  }

  private static Predicate<Observation> refused(GreetingStage stage, int code) {
    return o ->
        o instanceof Observation.RefusedByReply r && r.stage() == stage && r.reply().code() == code;
  }

  private static Predicate<Observation> lost(GreetingStage stage, String why) {
    return o ->
        o instanceof Observation.ConnectionLost l && l.stage() == stage && l.why().startsWith(why);
  }

  private static Predicate<Observation> starttlsRefused(int code) {
    return o -> o instanceof Observation.StarttlsRefused r && r.reply().code() == code;
  }

  private static Predicate<Observation> broken(TlsException.Kind kind) {
    return o -> o instanceof Observation.HandshakeFailed h && h.kind() == kind;
  }

  private static Arguments row(
      String name, char wish, Predicate<Observation> taken, String text, String... turns) {
    GreetingOptions.TlsMode wished =
        switch (wish) {
          case 'c' -> GreetingOptions.TlsMode.CLEAR;
          case 'i' -> GreetingOptions.TlsMode.IMPLICIT;
          default -> GreetingOptions.TlsMode.STARTTLS;
        };
    return Arguments.of(name, wished, taken, text, List.of(turns));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hosts")
  void observationMatchesWhatTheHostDid(
      String name,
      GreetingOptions.TlsMode tlsMode,
      Predicate<Observation> taken,
      String text,
      List<String> turns)
      throws Exception {
    GreetingRun run = greet(FakeTls.client(new Verdict.Trusted()), TIMES, tlsMode, turns);
    Observation observation = run.result().observation();
    assertTrue(taken.test(observation), name + ": " + observation);
    List<String> verbs =
        run.commands().stream()
            .filter(c -> !c.startsWith("\u0016"))
            .map(c -> c.split(" ")[0])
            .toList();
    assertEquals(text, String.join(" ", verbs));
    boolean open =
        switch (observation) {
          case Observation.Unencrypted c -> true;
          case Observation.Encrypted e -> true;
          case Observation.StarttlsRefused r -> true;
          default -> false;
        };
    assertEquals(open, run.result().session() != null, "open only where one can go on");
  }

  @Test
  void onlyTheLastListOfCapabilitiesCounts() throws Exception {
    GreetingRun run =
        greet(
            FakeTls.client(new Verdict.Trusted()),
            TIMES,
            GreetingOptions.TlsMode.STARTTLS,
            List.of(
                MX,
                "250-mx.example\r\n250-SIZE 1\r\n250-AUTH PLAIN\r\n250-DSN\r\n250 STARTTLS",
                GO,
                TLS,
                "250-other.example\r\n250-8BITMIME\r\n250 SIZE 5"));
    ClientSession dialogue = run.result().session();
    assertNotNull(dialogue);
    assertEquals("other.example", dialogue.capabilities().name());
    assertEquals(Set.of("8BITMIME", "SIZE"), dialogue.capabilities().keywords().keySet());
    assertEquals(5, dialogue.capabilities().maxSize().getAsLong());
    assertTrue(dialogue.handshake().isPresent());
  }

  @Test
  void noExtensionsAfterHelo() throws Exception {
    GreetingRun run =
        greet(
            FakeTls.client(new Verdict.Trusted()),
            TIMES,
            GreetingOptions.TlsMode.STARTTLS,
            List.of(MX, "500 what", "250-mx.example\r\n250-STARTTLS\r\n250 PIPELINING"));
    ClientSession dialogue = run.result().session();
    assertNotNull(dialogue);
    assertEquals(Map.of(), dialogue.capabilities().keywords());
  }

  @Test
  void refusedStarttlsKeepsFirstEhloCapabilities() throws Exception {
    GreetingRun run =
        greet(
            FakeTls.client(new Verdict.Trusted()),
            TIMES,
            GreetingOptions.TlsMode.STARTTLS,
            List.of(MX, "250-mx.example\r\n250-DSN\r\n250 STARTTLS", "454 no"));
    ClientSession dialogue = run.result().session();
    assertNotNull(dialogue);
    assertTrue(dialogue.capabilities().offersDsn());
    assertTrue(dialogue.handshake().isEmpty());
  }

  /** The waits of RFC 5321 4.5.3.2 and ours, to the second. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void timeoutsAreKept(int stage) throws Exception {
    Duration longest = List.of(TIMES.banner(), TIMES.ehlo(), TIMES.starttls()).get(stage);
    FutureTask<Boolean> host =
        new FutureTask<>(
            () -> {
              LineReader lines = new LineReader(pair.server().in());
              for (String turn : List.of(MX, OFFER).subList(0, stage)) {
                pair.server().out().write((turn + "\r\n").getBytes(StandardCharsets.UTF_8));
                var _ = lines.read(SmtpLimits.COMMAND_LINE);
              }
              boolean tooSoon = pair.client().elapse(longest.minusSeconds(1));
              return !tooSoon && pair.client().elapse(Duration.ofSeconds(1));
            });
    Threads.start("host", host);
    GreetingResult greeting =
        new Greeting(FakeTls.client(new Verdict.Trusted()), TIMES)
            .greet(pair.client(), approach(GreetingOptions.TlsMode.STARTTLS));
    assertTrue(host.get(20, TimeUnit.SECONDS));
    assertNull(greeting.session());
  }

  @Test
  void slowBannerEndsAtTotalTimeout() throws Exception {
    SmtpTimeouts quick = TIMES.atMost(Duration.ofMillis(100));
    FutureTask<Void> host =
        new FutureTask<>(
            () -> {
              // The wire's own waits never end here, as those of a socket would not either.
              for (int i = 0; i < 10_000; i++) {
                pair.server().out().write("220-x\r\n".charAt(i % 7));
                LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
              }
              return null;
            });
    Threads.start("host", host);
    GreetingResult greeting =
        new Greeting(FakeTls.client(new Verdict.Trusted()), quick)
            .greet(pair.client(), approach(GreetingOptions.TlsMode.STARTTLS));
    var broken = assertInstanceOf(Observation.ConnectionLost.class, greeting.observation());
    assertTrue(broken.why().contains("timed out"), broken.why());
    pair.server().close();
  }

  @Test
  void silentHandshakeTimesOut() throws Exception {
    GreetingRun run =
        greet(
            REAL,
            TIMES.atMost(Duration.ofMillis(300)),
            GreetingOptions.TlsMode.STARTTLS,
            List.of(MX, OFFER, GO));
    var broken = assertInstanceOf(Observation.HandshakeFailed.class, run.result().observation());
    assertEquals(TlsException.Kind.TIMEOUT, broken.kind());
  }

  @Test
  void plaintextInsteadOfAHandshakeIsNeverTls() throws Exception {
    // B10; it comes after our hello, so that it is not an injection.
    FutureTask<Void> host =
        new FutureTask<>(
            () -> {
              LineReader lines = new LineReader(pair.server().in());
              for (String turn : List.of(MX, OFFER)) {
                pair.server().out().write((turn + "\r\n").getBytes(StandardCharsets.UTF_8));
                var _ = lines.read(SmtpLimits.COMMAND_LINE);
              }
              pair.server().out().write((GO + "\r\n").getBytes(StandardCharsets.UTF_8));
              pair.client().awaitReader();
              pair.server()
                  .out()
                  .write("250-mx.example\r\n250 SIZE 1\r\n".getBytes(StandardCharsets.UTF_8));
              return null;
            });
    Threads.start("host", host);
    GreetingResult greeting =
        new Greeting(REAL, TIMES).greet(pair.client(), approach(GreetingOptions.TlsMode.STARTTLS));
    host.get(20, TimeUnit.SECONDS);
    var broken = assertInstanceOf(Observation.HandshakeFailed.class, greeting.observation());
    assertEquals(TlsException.Kind.NOT_TLS, broken.kind());
    assertNull(greeting.session());
  }
}
