package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.sealwax.assess.Progress;
import org.sealwax.assess.Visit;
import org.sealwax.assess.model.Budget;
import org.sealwax.assess.model.Check;
import org.sealwax.assess.model.Depth;
import org.sealwax.assess.model.Entry;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.assess.model.Place;
import org.sealwax.assess.model.ReceiverRubric;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.SystemDialer;
import org.sealwax.mail.tls.TlsClient;

/** Each flaw that shows in clear is found on a server that has it, and only there. */
@Execution(ExecutionMode.CONCURRENT)
final class FlawTest {
  private static final Manners QUICK =
      new Manners(
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(5),
          Duration.ofSeconds(2),
          Duration.ofMillis(1),
          List.of(Duration.ofMillis(10), Duration.ofMillis(10)),
          Duration.ofSeconds(60));

  /** What the scan must say of a server. */
  private record Row(String name, Consumer<OldStack> flaw, List<String> expected) {}

  private static Row row(String name, Consumer<OldStack> flaw, String... expected) {
    return new Row(name, flaw, List.of(expected));
  }

  private static void versions(OldStack server, int... versions) {
    server.versions = new LinkedHashSet<>();
    for (int version : versions) {
      server.versions.add(version);
    }
  }

  private static List<Integer> plus(int... more) {
    List<Integer> all = new ArrayList<>(List.of(0xc030, 0xc02f));
    for (int id : more) {
      all.add(id);
    }
    return all;
  }

  private static final List<Row> ROWS =
      List.of(
          row("SSL 2.0", s -> s.ssl2 = List.of(0x0700c0), "ssl2/on", "vuln.drown/vulnerable"),
          row(
              "SSL 2.0 with RC4",
              s -> s.ssl2 = List.of(0x010080),
              "ssl2/on",
              "vuln.drown/vulnerable",
              "suite.rc4/accepted"),
          row(
              "SSL 3.0 with CBC",
              s -> {
                versions(s, 0x0300, 0x0303);
                s.suites = plus(0x2f);
              },
              "ssl3/on",
              "vuln.poodle/vulnerable"),
          row(
              "forward secrecy last of all",
              s -> s.suites = List.of(0xc0a0, 0xc09e),
              "suite.staticRSA/present",
              "suite.order/wrong-order"),
          row(
              "nothing but SSL 3.0",
              s -> {
                versions(s, 0x0300);
                s.suites = List.of(0x2f, 0x35);
              },
              "ssl3/on",
              "vuln.poodle/vulnerable",
              "tls12/neither",
              "suite.fs/none"),
          row(
              "nothing but SSL 2.0",
              s -> {
                s.versions = new LinkedHashSet<>();
                s.ssl2 = List.of(0x0700c0);
              },
              "ssl2/on",
              "vuln.drown/vulnerable"),
          row(
              "TLS 1.0 and 1.1",
              s -> {
                versions(s, 0x0301, 0x0302, 0x0303);
                s.suites = plus(0xc013);
              },
              "tls10/on",
              "tls11/on",
              "vuln.beast/potential"),
          row(
              "nothing better than TLS 1.0",
              s -> {
                versions(s, 0x0301);
                s.suites = List.of(0xc013, 0x2f);
              },
              "tls10/best",
              "tls12/neither",
              "suite.aead/none"),
          row("NULL", s -> s.suites = plus(0x0002), "suite.null/accepted"),
          row("anonymous beside others", s -> s.suites = plus(0xc018), "suite.anon/beside"),
          row("anonymous only", s -> s.suites = List.of(0xc018, 0x34), "suite.anon/only"),
          row(
              "export RSA",
              s -> s.suites = plus(0x0003),
              "suite.export/accepted",
              "vuln.freak/vulnerable"),
          row(
              "export DHE",
              s -> s.suites = plus(0x0014),
              "suite.export/accepted",
              "vuln.logjam/vulnerable",
              "kex.dh/export"),
          row(
              "both kinds of export",
              s -> s.suites = plus(0x0003, 0x0014),
              "vuln.freak/vulnerable",
              "vuln.logjam/vulnerable"),
          row("RC4", s -> s.suites = plus(0x0005), "suite.rc4/accepted"),
          row(
              "RC4 preferred",
              s -> s.suites = List.of(0xc011, 0xc02f, 0xc030),
              "suite.rc4/accepted",
              "suite.rc4/preferred",
              "suite.order/weak-preferred"),
          row("single DES", s -> s.suites = plus(0x0009), "suite.des/accepted"),
          row("Triple DES", s -> s.suites = plus(0x000a), "suite.3des/accepted"),
          row("IDEA", s -> s.suites = plus(0x0007), "suite.64bit/accepted"),
          row(
              "RC4 in TLS 1.0 only",
              s -> {
                versions(s, 0x0301, 0x0303);
                s.suites = plus(0xc013, 0x0005);
                s.drops =
                    h ->
                        h.legacyVersion() == 0x0303
                            && h.suites().contains(0x0005)
                            && !h.suites().contains(0xc02f);
              },
              "suite.rc4/accepted"),
          row("static RSA", s -> s.suites = plus(0x9c), "suite.staticRSA/present"),
          row(
              "static RSA only",
              s -> s.suites = List.of(0x9c, 0x2f),
              "suite.staticRSA/only",
              "suite.fs/none"),
          row(
              "CBC with SHA-1",
              s -> s.suites = plus(0xc013),
              "suite.cbc-sha1/present",
              "vuln.lucky13/potential"),
          row(
              "the client's order",
              s -> {
                s.suites = plus(0x2f);
                s.serverOrder = false;
              },
              "suite.order/wrong-order"),
          row(
              "a worse suite first",
              s -> s.suites = List.of(0x2f, 0xc02f),
              "suite.order/wrong-order"),
          row(
              "a curve of 160 bits",
              s -> {
                s.suites = plus(0xc013);
                s.groups = List.of(16, 23);
              },
              "kex.groups/small"),
          row(
              "a small curve behind good ones",
              s -> s.groups = List.of(29, 23, 19),
              "kex.groups/small"),
          row("a curve of its own", s -> s.explicitCurve = true, "kex.groups/custom"),
          row(
              "signs with SHA-1 if asked",
              s -> s.schemes = List.of(0x0401, 0x0201),
              "kex.hash/sha1"),
          row("signs with MD5 if asked", s -> s.schemes = List.of(0x0401, 0x0101), "kex.hash/md5"),
          row("signs with SHA-1 only", s -> s.schemes = List.of(0x0201), "kex.hash/sha1"),
          row(
              "a field of 1024 bits",
              s -> {
                s.suites = plus(0x9e);
                s.fieldBits = 1_024;
              },
              "kex.dh/1024"),
          row(
              "a field of 768 bits",
              s -> {
                s.suites = plus(0x9e);
                s.fieldBits = 768;
              },
              "kex.dh/below-1024"),
          row(
              "a field of 1536 bits",
              s -> {
                s.suites = plus(0x9e);
                s.fieldBits = 1_536;
              },
              "kex.dh/below-2048"),
          row(
              "the same value twice",
              s -> {
                s.suites = plus(0x9e);
                s.keepsValue = true;
              },
              "vuln.raccoon/vulnerable"),
          row("static Diffie-Hellman", s -> s.suites = plus(0x31), "vuln.raccoon/vulnerable"),
          row("no RFC 5746", s -> s.renegotiationInfo = false, "secure-reneg/missing"),
          row("no RFC 7627", s -> s.extendedMasterSecret = false, "ems/missing"),
          row("compression", s -> s.compresses = true, "compression/on"),
          row(
              "no downgrade signal",
              s -> {
                versions(s, 0x0302, 0x0303);
                s.suites = plus(0xc013);
                s.fallbackSignal = false;
              },
              "scsv/missing"),
          row(
              "Heartbleed",
              s -> {
                s.heartbeat = true;
                s.heartbleed = true;
              },
              "vuln.heartbleed/vulnerable"),
          row(
              "Heartbleed of OpenSSL, which keeps short answers back",
              s -> {
                s.heartbeat = true;
                s.heartbleed = true;
                s.keepsBack = 4_096;
                s.earlyCcs = true;
                s.closesInsteadOfAlert = true;
              },
              "vuln.heartbleed/vulnerable"),
          row(
              "Heartbleed and early ChangeCipherSpec in one library",
              s -> {
                s.heartbeat = true;
                s.heartbleed = true;
                s.keepsBack = 4_096;
                s.earlyCcs = true;
              },
              "vuln.heartbleed/vulnerable",
              "vuln.ccs/vulnerable"),
          row("early ChangeCipherSpec", s -> s.earlyCcs = true, "vuln.ccs/vulnerable"),
          row(
              "ROBOT",
              s -> {
                s.suites = plus(0x9c);
                s.robot = true;
              },
              "vuln.robot/vulnerable"),
          row(
              "AUTH in clear",
              s -> s.ehlo = s.ehlo.replace("PIPELINING", "AUTH PLAIN LOGIN"),
              "starttls.required/auth-in-clear"),
          row("drops TLS 1.3", s -> s.drops = h -> h.offersTls13(), "tolerance/tls13"),
          row("drops long hellos", s -> s.dropsOver = 260, "tolerance/large"),
          row(
              "drops GREASE",
              s -> s.drops = h -> h.suites().stream().anyMatch(n -> (n & 0x0f0f) == 0x0a0a),
              "tolerance/grease"),
          row(
              "drops versions that it does not know",
              s -> {
                versions(s, 0x0301, 0x0302);
                s.suites = List.of(0xc013, 0x2f);
                s.drops = h -> h.legacyVersion() > 0x0302;
              },
              "tolerance/version"),
          row("wants a name", s -> s.drops = h -> h.serverName() == null, "tolerance/no-sni"),
          row(
              "wants its own name",
              s -> s.drops = h -> "wrong-name.invalid".equals(h.serverName()),
              "tolerance/wrong-sni"),
          row("warns of names", s -> s.sniWarning = true, "tolerance/sni-warning"),
          row(
              "a suite that only some senders have",
              s -> s.suites = List.of(0xc061),
              "mta-sim/current",
              "mta-sim/legacy"),
          row(
              "nothing that senders of before TLS 1.2's AEAD have",
              s -> s.suites = List.of(0xcca8),
              "mta-sim/legacy"),
          row(
              "STARTTLS on two of three connections",
              s -> s.withoutStarttls = n -> n % 3 == 0,
              "starttls.offered/sometimes"),
          row(
              "no STARTTLS on the first connection",
              s -> s.withoutStarttls = n -> n == 1,
              "starttls.offered/sometimes"),
          row(
              "STARTTLS refused on every second connection at first",
              s -> s.refusesStarttls = n -> n < 5 && n % 2 == 1,
              "starttls.works/sometimes"),
          row("no STARTTLS", s -> s.ehlo = "250 old.example.org\r\n", "starttls.offered/missing"),
          row("STARTTLS refused", s -> s.starttls = "454 4.7.0 no\r\n", "starttls.works/refused"),
          row(
              "plain text behind the 220",
              s -> s.starttls = "220 go\r\n250 injected\r\n",
              "starttls.works/injected"));

  static List<Finding> scan(OldStack server, Depth depth) throws InterruptedException {
    return scan(
        server.address(),
        server.port(),
        Entry.STARTTLS,
        depth,
        server.connections,
        Duration.ofSeconds(60));
  }

  /** Scans, and checks that each connection came out of the purse. */
  static List<Finding> scan(
      InetAddress address,
      int port,
      Entry entry,
      Depth depth,
      AtomicInteger connections,
      Duration limit)
      throws InterruptedException {
    return scan(visit(address, port, entry, depth, limit), connections, Clock.system(), null);
  }

  /** The same with another clock for waits, and an engine that keeps sessions of TLS 1.3. */
  static List<Finding> scan(
      Visit visit, AtomicInteger connections, Clock clock, @Nullable TlsClient engine)
      throws InterruptedException {
    ReceiverScan scan =
        new ReceiverScan(SystemDialer.trusted(), clock, Chance.seeded(7), QUICK, engine);
    List<Finding> findings = scan.look(visit);
    assertEquals(connections.get(), visit.purse().spent(), "connections beside the purse");
    for (Check check : scan.checks()) {
      assertTrue(
          findings.stream().anyMatch(f -> f.check().equals(check)), check.id() + " is not told of");
    }
    return findings;
  }

  private static final Duration LIMIT = Duration.ofSeconds(60);

  static Visit visit(InetAddress address, int port, Entry entry, Depth depth, Duration limit) {
    return new Visit(
        Place.of(Domain.parse("old.example.org").orElseThrow(), address, port),
        Domain.of("old.example.org"),
        entry,
        null,
        "probe.example.org",
        Budget.of(depth),
        Clock.system(),
        System.nanoTime() + limit.toNanos(),
        Progress.none());
  }

  private static List<String> bad(List<Finding> findings) {
    return findings.stream()
        .filter(
            f ->
                f.outcome() == Outcome.FAIL
                    || f.outcome() == Outcome.WARN
                    || f.code().startsWith("suite.anon/"))
        .map(Finding::code)
        .distinct()
        .collect(Collectors.toCollection(ArrayList::new));
  }

  @TestFactory
  Stream<DynamicTest> findsEachFlaw() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (OldStack server = new OldStack()) {
                        row.flaw().accept(server);
                        List<Finding> found = scan(server.start(), Depth.FULL);
                        List<String> bad = bad(found);
                        for (String code : row.expected()) {
                          assertTrue(bad.contains(code), code + " is not among " + bad);
                        }
                        assertTrue(server.connections.get() <= 120);
                        // What a short look claims a long one finds too; it may only miss.
                        server.connections.set(0);
                        List<String> hasty = bad(scan(server, Depth.QUICK));
                        hasty.remove("scan.trouble/budget");
                        hasty.removeAll(bad);
                        assertEquals(List.of(), hasty, "claimed by a quick look only");
                      }
                    }));
  }

  /** The server that all rows begin with: old, but without any of the flaws. */
  @Test
  void findsNoneOfThemOnASoundServer() throws Exception {
    for (Depth depth : Depth.values()) {
      try (OldStack server = new OldStack()) {
        List<String> bad = bad(scan(server.start(), depth));
        for (Row row : ROWS) {
          for (String code : row.expected()) {
            assertTrue(!bad.contains(code), code + " on a sound server, " + depth);
          }
        }
        assertTrue(server.connections.get() <= depth.connections(), depth + " cost too much");
      }
    }
  }

  private static Finding of(List<Finding> found, String check) {
    return found.stream().filter(f -> f.check().id().equals(check)).findFirst().orElseThrow();
  }

  @Test
  void aSoundServerThatOffersHeartbeatPassesByItsAlert() throws Exception {
    try (OldStack server = new OldStack()) {
      server.heartbeat = true;
      Finding heartbleed = of(scan(server.start(), Depth.STANDARD), "vuln.heartbleed");
      assertEquals(Outcome.PASS, heartbleed.outcome(), heartbleed.seen());
      assertTrue(heartbleed.seen().contains("unexpected_message"), heartbleed.seen());
    }
  }

  /** What a server does not say proves nothing: neither for it nor against it. */
  @Test
  void anAnswerThatDoesNotComeIsNoPass() throws Exception {
    for (Consumer<OldStack> mute :
        List.<Consumer<OldStack>>of(
            s -> s.closesAfterFlight = true, s -> s.silentAfterFlight = true)) {
      try (OldStack server = new OldStack()) {
        server.heartbeat = true;
        mute.accept(server);
        server.start();
        Visit visit = visit(server.address(), server.port(), Entry.STARTTLS, Depth.FULL, LIMIT);
        Scan scan =
            new Scan(
                visit,
                new Door(visit, SystemDialer.trusted(), Clock.system(), QUICK),
                Chance.seeded(3));
        new Versions(scan).twelve();
        new Flaws(scan).heartbleed();
        Finding heartbleed = of(scan.told().findings(), "vuln.heartbleed");
        assertEquals(Outcome.INCONCLUSIVE, heartbleed.outcome(), heartbleed.seen());
        if (server.silentAfterFlight) {
          new Flaws(scan).earlyChangeCipherSpec();
          Finding early = of(scan.told().findings(), "vuln.ccs");
          assertEquals(Outcome.INCONCLUSIVE, early.outcome(), early.seen());
        }
      }
    }
  }

  /** Behind one address there may be several servers; the scan goes on, and the worst counts. */
  @Test
  void aServerThatOffersStarttlsNowAndThenIsScannedAndGradedByTheWorst() throws Exception {
    try (OldStack server = new OldStack()) {
      server.withoutStarttls = n -> n % 2 == 0;
      List<Finding> found = scan(server.start(), Depth.FULL);
      Finding offered = of(found, "starttls.offered");
      assertEquals(Outcome.FAIL, offered.outcome());
      assertTrue(offered.seen().matches("EHLO offers STARTTLS on \\d+ of \\d+ connections"));
      assertEquals(Outcome.PASS, of(found, "tls12").outcome(), of(found, "tls12").seen());
      assertEquals(Outcome.PASS, of(found, "ssl3").outcome(), of(found, "ssl3").seen());
      assertEquals(Letter.F, ReceiverRubric.rules().grade(found, true).letter(), offered.seen());
    }
  }

  /** 454 is what a busy server says, at the beginning and later. */
  @Test
  void aBusyServerInTheMiddleOfTheScanIsWaitedFor() throws Exception {
    try (OldStack server = new OldStack()) {
      server.refusesStarttls = n -> n == 6;
      List<Finding> found = scan(server.start(), Depth.STANDARD);
      assertEquals(Outcome.WARN, of(found, "starttls.works").outcome());
      assertEquals(Outcome.PASS, of(found, "scan.trouble").outcome());
      assertEquals(Outcome.PASS, of(found, "ssl2").outcome());
    }
  }

  /** A connection that is lost once is no refusal. */
  @Test
  void aHelloThatIsDroppedOnceIsAskedAgain() throws Exception {
    try (OldStack server = new OldStack()) {
      versions(server, 0x0301, 0x0303);
      server.suites = plus(0xc013);
      AtomicInteger dropped = new AtomicInteger();
      server.drops = h -> h.legacyVersion() == 0x0301 && dropped.getAndIncrement() == 0;
      List<Finding> found = scan(server.start(), Depth.STANDARD);
      assertEquals("tls10/on", of(found, "tls10").code(), of(found, "tls10").seen());
    }
  }

  @Test
  void whatDidNotFitIsNamed() throws Exception {
    try (OldStack server = new OldStack()) {
      List<Finding> found = scan(server.start(), Depth.QUICK);
      assertTrue(
          found.stream()
              .anyMatch(f -> f.code().equals("vuln.robot") && f.outcome() == Outcome.NOT_TESTED));
    }
  }

  @Test
  void aHybridGroupIsSeen() throws Exception {
    try (OldStack server = new OldStack()) {
      versions(server, 0x0303, 0x0304);
      server.suites = List.of(0x1301, 0xc02f);
      server.groups = List.of(0x11ec, 29, 23);
      List<Finding> found = scan(server.start(), Depth.STANDARD);
      Finding hybrid =
          found.stream().filter(f -> f.check().id().equals("kex.pq")).findFirst().orElseThrow();
      assertEquals(Outcome.PASS, hybrid.outcome(), hybrid.seen());
      assertTrue(hybrid.seen().contains("X25519MLKEM768"), hybrid.seen());
    }
  }

  @Test
  void aSessionIdThatComesBackLongerIsTicketbleed() throws Exception {
    for (boolean bleeds : new boolean[] {true, false}) {
      try (OldStack server = new OldStack()) {
        server.ticketbleed = bleeds;
        server.start();
        Visit visit = visit(server.address(), server.port(), Entry.STARTTLS, Depth.FULL, LIMIT);
        Scan scan =
            new Scan(
                visit,
                new Door(visit, SystemDialer.trusted(), Clock.system(), QUICK),
                Chance.seeded(3));
        new Flaws(scan).ticketbleed(new byte[64], 0x0303, 0xc02f);
        assertEquals(
            bleeds ? Outcome.FAIL : Outcome.PASS, scan.told().findings().getFirst().outcome());
      }
    }
  }

  @Test
  void ticketsUnderAKeyOfZerosAreKnown() throws Exception {
    byte[] body = new byte[16 + 16 + 32];
    body[3] = 9;
    javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
    mac.init(new javax.crypto.spec.SecretKeySpec(new byte[32], "HmacSHA256"));
    byte[] ticket = java.util.Arrays.copyOf(body, body.length + 32);
    System.arraycopy(mac.doFinal(body), 0, ticket, body.length, 32);
    assertTrue(Sessions.underZeroKey(ticket));
    ticket[40] ^= 1;
    assertTrue(!Sessions.underZeroKey(ticket), "the seal is broken");
  }

  /** What OpenSSL does by itself for anonymous suites must not speak for the others. */
  @Test
  void theFieldOfAnonymousSuitesIsNotThatOfTheServer() throws Exception {
    try (OldStack server = new OldStack()) {
      server.suites = plus(0x34);
      server.fieldBits = 1_024;
      List<String> bad = bad(scan(server.start(), Depth.FULL));
      assertTrue(bad.contains("suite.anon/beside"), bad.toString());
      assertTrue(!bad.contains("kex.dh/1024"), bad.toString());
    }
  }
}
