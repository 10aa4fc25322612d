package org.sealwax.assess.receiver;

import java.math.BigInteger;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.sealwax.assess.model.Evidence;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.tls.wire.HelloBuilder;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.ServerReader;
import org.sealwax.mail.tls.wire.Suite;
import org.sealwax.mail.tls.wire.Suite.Exchange;
import org.sealwax.mail.tls.wire.Writing;

/** Known flaws that show without encryption, each in a form that does no harm. */
final class Flaws {
  private static final int INAPPROPRIATE_FALLBACK = 86;
  private static final int BAD_RECORD_MAC = 20;
  private static final int DECRYPTION_FAILED = 21;

  private final Scan scan;

  Flaws(Scan scan) {
    this.scan = scan;
  }

  /**
   * Whether there is anything before TLS 1.3 to test; reports it for {@code check} where there is
   * not, or where nothing showed it.
   */
  private boolean old(String check) {
    Optional<Boolean> old = scan.speaksOld();
    if (old.isEmpty()) {
      scan.told()
          .say(
              check,
              Outcome.INCONCLUSIVE,
              "",
              "not seen: anything that shows TLS 1.2 or its absence");
    } else if (!old.get()) {
      scan.told().pass(check, "nothing older than TLS 1.3 is spoken");
    }
    return old.orElse(false);
  }

  /** TLS_FALLBACK_SCSV in a hello below the best version (RFC 7507 3). */
  void fallback() throws Shut, InterruptedException {
    scan.visit().doing("downgrade signal");
    if (scan.told().has("scsv")) {
      return;
    }
    int best = scan.book().highest(Records.TLS13);
    int below = scan.book().highest(best - 1);
    if (best <= Records.SSL3 || below < Records.SSL3) {
      boolean asked = scan.book().speaks(Records.TLS10).isPresent();
      if (asked || best == Records.TLS13) {
        scan.told().pass("scsv", "only one version is spoken: there is nothing to downgrade to");
      }
      return;
    }
    List<Integer> suites = new ArrayList<>(scan.book().suites().getOrDefault(below, Set.of()));
    boolean known = !suites.isEmpty();
    if (suites.isEmpty()) {
      suites.addAll(Offers.usable(below, Offers.sound(s -> true)).stream().limit(30).toList());
    }
    suites.add(Suite.FALLBACK_SCSV);
    Answer answer = scan.ask(scan.old(below, suites, Offers.CURVES, Offers.SCHEMES));
    boolean noticed =
        answer.reader().alerts().stream().anyMatch(a -> a.description() == INAPPROPRIATE_FALLBACK);
    if (noticed) {
      scan.told()
          .pass("scsv", "a fallback to " + Names.version(below) + " is refused as inappropriate");
    } else if (answer.accepted()) {
      scan.told()
          .say(
              "scsv",
              Outcome.WARN,
              "missing",
              "a fallback to " + Names.version(below) + " is taken although better is spoken",
              Evidence.octets(answer.first()));
    } else {
      // Suites that were accepted without the signal, and an alert: it can only be the signal.
      boolean refused = known && !answer.reader().alerts().isEmpty();
      scan.told()
          .say(
              "scsv",
              refused ? Outcome.PASS : Outcome.INCONCLUSIVE,
              "",
              "a fallback to " + Names.version(below) + " is answered: " + answer.words());
    }
  }

  /** Payload that the heartbeat claims: with its 19 bytes of frame one whole record. */
  private static final int CLAIMED = RecordHeader.MAX_PLAINTEXT - 19;

  /** The heartbeat itself: type, claimed length, padding, and no payload (RFC 6520 4). */
  private static final int BROUGHT = 19;

  /** First wait for an answer to it; one that comes later is still read. */
  private static final Duration BEAT = Duration.ofSeconds(1);

  /**
   * Heartbleed (CVE-2014-0160): a heartbeat that claims more than it brought. OpenSSL keeps what it
   * writes during a handshake in a buffer of 4,096 bytes, so that only an answer that is longer
   * shows itself; what comes is counted by its header and dropped. Sound servers discard such a
   * heartbeat silently (RFC 6520 4), and silence alone proves nothing: a message out of order
   * follows, and its alert (RFC 5246 7.2.2) shows that the heartbeat was read and not answered.
   */
  void heartbleed() throws Shut, InterruptedException {
    scan.visit().doing("Heartbleed");
    int version = scan.oldVersion();
    if (!old("vuln.heartbleed")) {
      return;
    }
    if (version <= Records.SSL3) {
      scan.told().pass("vuln.heartbleed", "SSL 3.0 has no heartbeat");
      return;
    }
    try (Raw raw = scan.raw()) {
      HelloBuilder hello =
          scan.old(version, known(s -> true), Offers.CURVES, Offers.SCHEMES)
              .extension(HelloBuilder.HEARTBEAT, (byte) 1);
      Answer answer = scan.hear(raw, List.of(hello.records()));
      scan.book().note(answer);
      if (answer.end() != Answer.End.COMPLETE || answer.hello().isEmpty()) {
        return;
      }
      if (!answer.hello().get().has(HelloBuilder.HEARTBEAT)) {
        scan.told().pass("vuln.heartbleed", "heartbeat is not offered");
        return;
      }
      int spoken = answer.hello().get().version();
      byte[] request = new byte[BROUGHT];
      request[0] = 1;
      request[1] = (byte) (CLAIMED >> 8);
      request[2] = (byte) CLAIMED;
      raw.say(Records.of(Records.HEARTBEAT, spoken, request));
      Answer end = raw.listen(least(scan.patience(), BEAT), () -> overRead(raw) || fatal(raw));
      if (end.end() == Answer.End.SILENT) {
        raw.say(Records.of(RecordHeader.HANDSHAKE, spoken, Writing.handshake(20, new byte[12])));
        end = raw.listen(scan.patience(), () -> overRead(raw) || fatal(raw));
      }
      heartbleed(raw, end);
    }
  }

  private void heartbleed(Raw raw, Answer end) {
    if (overRead(raw)) {
      scan.told()
          .say(
              "vuln.heartbleed",
              Outcome.FAIL,
              "vulnerable",
              "a heartbeat of " + BROUGHT + " bytes is answered with memory of the server",
              Evidence.note("answer: a heartbeat of " + longest(raw) + " bytes, not kept"));
    } else if (fatal(raw)) {
      scan.told()
          .pass(
              "vuln.heartbleed",
              "a heartbeat that claims more than it brings is not answered; what follows is, by "
                  + alert(raw));
    } else {
      scan.told()
          .say(
              "vuln.heartbleed",
              Outcome.INCONCLUSIVE,
              "",
              "heartbeat is offered; after one that claims more than it brings: "
                  + unexplained(end));
    }
  }

  private static boolean overRead(Raw raw) {
    return longest(raw) > BROUGHT;
  }

  private static int longest(Raw raw) {
    return raw.reader().heartbeats().stream().mapToInt(n -> n).max().orElse(0);
  }

  private static boolean fatal(Raw raw) {
    return raw.reader().alerts().stream().anyMatch(ServerReader.Alert::fatal);
  }

  private static String alert(Raw raw) {
    return "alert " + raw.reader().alerts().getLast().name();
  }

  private static String unexplained(Answer end) {
    return switch (end.end()) {
      case CLOSED -> "the connection is closed without an alert";
      case RESET -> "the connection is reset";
      case SILENT, COMPLETE -> "no alert";
      case BROKEN -> "no TLS";
    };
  }

  /**
   * The early ChangeCipherSpec (CVE-2014-0224), alone on its connection: a sound server refuses it
   * at once (RFC 5246 7.1 and 7.2.2: a fatal alert, and the end of the connection). One that says
   * nothing is sent a record next, which it can only answer with bad_record_mac when it took the
   * ChangeCipherSpec.
   */
  void earlyChangeCipherSpec() throws Shut, InterruptedException {
    scan.visit().doing("early ChangeCipherSpec");
    if (!old("vuln.ccs")) {
      return;
    }
    int version = scan.oldVersion();
    try (Raw raw = scan.raw()) {
      HelloBuilder hello = scan.old(version, known(s -> true), Offers.CURVES, Offers.SCHEMES);
      Answer answer = scan.hear(raw, List.of(hello.records()));
      scan.book().note(answer);
      if (answer.end() != Answer.End.COMPLETE || answer.hello().isEmpty() || fatal(raw)) {
        return;
      }
      int spoken = answer.hello().get().version();
      raw.say(Records.changeCipherSpec(spoken));
      Answer alone = raw.listen(scan.patience(), () -> fatal(raw));
      if (fatal(raw)) {
        scan.told().pass("vuln.ccs", "an early ChangeCipherSpec is answered " + alert(raw));
      } else if (alone.end() == Answer.End.CLOSED) {
        scan.told().pass("vuln.ccs", "an early ChangeCipherSpec ends the connection");
      } else if (alone.end() == Answer.End.SILENT) {
        raw.say(Records.of(RecordHeader.HANDSHAKE, spoken, scan.chance().bytes(64)));
        taken(raw, raw.listen(scan.patience(), () -> fatal(raw)));
      } else {
        scan.told()
            .say(
                "vuln.ccs",
                Outcome.INCONCLUSIVE,
                "",
                "after an early ChangeCipherSpec: " + unexplained(alone));
      }
    }
  }

  /** What came of the record behind a ChangeCipherSpec that was not refused. */
  private void taken(Raw raw, Answer end) {
    Optional<ServerReader.Alert> alert =
        raw.reader().alerts().stream().filter(ServerReader.Alert::fatal).findFirst();
    if (alert.isEmpty()) {
      scan.told()
          .say(
              "vuln.ccs",
              Outcome.INCONCLUSIVE,
              "",
              "an early ChangeCipherSpec is not answered, nor is a record after it: "
                  + unexplained(end));
      return;
    }
    int description = alert.get().description();
    if (description == BAD_RECORD_MAC || description == DECRYPTION_FAILED) {
      scan.told()
          .say(
              "vuln.ccs",
              Outcome.FAIL,
              "vulnerable",
              "an early ChangeCipherSpec is taken: the record after it is answered "
                  + alert.get().name());
    } else {
      scan.told()
          .pass(
              "vuln.ccs",
              "the record after an early ChangeCipherSpec is answered " + alert.get().name());
    }
  }

  private static Duration least(Duration a, Duration b) {
    return a.compareTo(b) < 0 ? a : b;
  }

  private List<Integer> known(java.util.function.Predicate<Suite> kind) {
    return scan.book().oldSuites().stream()
        .filter(id -> Suite.of(id).filter(kind).isPresent())
        .toList();
  }

  /** Ways to pad a premaster secret, the first of which is right (RFC 5246 7.4.7.1). */
  private static final List<String> PADDINGS =
      List.of("right", "wrong first octets", "no zero", "zero too early", "wrong version");

  /**
   * ROBOT: five ways to pad a premaster secret must be answered alike (Böck, Somorovsky, Young
   * 2018). What differs is asked again before it is told.
   */
  void robot() throws Shut, InterruptedException {
    scan.visit().doing("ROBOT");
    if (!old("vuln.robot")) {
      return;
    }
    List<Integer> suites = known(s -> s.exchange() == Exchange.RSA && !s.export());
    Optional<RSAPublicKey> key =
        scan.book()
            .leaf("RSA")
            .map(java.security.cert.X509Certificate::getPublicKey)
            .filter(RSAPublicKey.class::isInstance)
            .map(RSAPublicKey.class::cast);
    if (suites.isEmpty() || key.isEmpty()) {
      scan.told().pass("vuln.robot", "static RSA key exchange is not accepted");
      return;
    }
    if (scan.visit().purse().left() < PADDINGS.size() + 2) {
      scan.told().say("vuln.robot", Outcome.NOT_TESTED, "", "no connection was left for it");
      return;
    }
    List<String> answers = new ArrayList<>();
    for (int way = 0; way < PADDINGS.size(); way++) {
      String answer = oracle(suites, key.get(), way);
      if (answer.isEmpty()) {
        return;
      }
      answers.add(answer);
    }
    int odd = -1;
    for (int way = 1; way < PADDINGS.size(); way++) {
      if (!answers.get(way).equals(answers.getFirst())) {
        odd = way;
      }
    }
    if (odd < 0) {
      boolean answered = !NO_ANSWERS.contains(answers.getFirst());
      scan.told()
          .say(
              "vuln.robot",
              answered ? Outcome.PASS : Outcome.INCONCLUSIVE,
              "",
              (answered ? "every padding is answered alike: " : "no padding is answered: ")
                  + answers.getFirst());
      return;
    }
    boolean again =
        oracle(suites, key.get(), 0).equals(answers.getFirst())
            && oracle(suites, key.get(), odd).equals(answers.get(odd));
    String seen =
        "padding \"right\" is answered "
            + answers.getFirst()
            + ", \""
            + PADDINGS.get(odd)
            + "\" "
            + answers.get(odd);
    scan.told()
        .say(
            "vuln.robot",
            again ? Outcome.FAIL : Outcome.INCONCLUSIVE,
            again ? "vulnerable" : "",
            seen,
            Evidence.note(String.join("; ", answers)));
  }

  /** What five times over says nothing: no answer came, or it was lost with the connection. */
  private static final Set<String> NO_ANSWERS =
      Set.of(Answer.End.SILENT.word(), Answer.End.RESET.word());

  private String oracle(List<Integer> suites, RSAPublicKey key, int way)
      throws Shut, InterruptedException {
    try (Raw raw = scan.raw()) {
      Answer answer =
          scan.hear(
              raw,
              List.of(
                  scan.old(scan.oldVersion(), suites, Offers.CURVES, Offers.SCHEMES).records()));
      if (answer.end() != Answer.End.COMPLETE || answer.hello().isEmpty()) {
        return "";
      }
      int version = answer.hello().get().version();
      byte[] secret = encrypted(key, way, scan.oldVersion());
      Writing body = new Writing();
      if (version > Records.SSL3) {
        body.vector(2, secret);
      } else {
        body.octets(secret);
      }
      raw.say(
          Records.of(RecordHeader.HANDSHAKE, version, Writing.handshake(16, body.done())),
          Records.changeCipherSpec(version),
          Records.of(RecordHeader.HANDSHAKE, version, scan.chance().bytes(64)));
      int before = raw.reader().alerts().size();
      Answer end = raw.listen(robotWait(), () -> raw.reader().alerts().size() > before);
      String alerts =
          String.join("+", end.reader().alerts().stream().map(ServerReader.Alert::name).toList());
      return alerts.isEmpty() ? end.end().word() : alerts;
    }
  }

  private Duration robotWait() {
    Duration wait = scan.patience();
    Duration most = Duration.ofSeconds(3);
    return wait.compareTo(most) < 0 ? wait : most;
  }

  /** A padded premaster secret under the server's key, wrong in one way or another. */
  private byte[] encrypted(RSAPublicKey key, int way, int version) {
    int length = (key.getModulus().bitLength() + 7) / 8;
    byte[] block = scan.chance().bytes(length);
    for (int i = 0; i < length; i++) {
      if (block[i] == 0) {
        block[i] = 1;
      }
    }
    block[0] = 0;
    block[1] = 2;
    block[length - 49] = 0;
    block[length - 48] = (byte) (version >> 8);
    block[length - 47] = (byte) version;
    switch (way) {
      case 1 -> {
        block[0] = 0x41;
        block[1] = 0x17;
      }
      case 2 -> block[length - 49] = 1;
      case 3 -> block[10] = 0;
      case 4 -> {
        block[length - 48] = 2;
        block[length - 47] = 2;
      }
      default -> {
        // Right.
      }
    }
    // 0x41 may make it larger than the modulus; then it is not the padding that is wrong.
    BigInteger value = new BigInteger(1, block).mod(key.getModulus());
    byte[] out = value.modPow(key.getPublicExponent(), key.getModulus()).toByteArray();
    byte[] fixed = new byte[length];
    int skip = Math.max(0, out.length - length);
    System.arraycopy(out, skip, fixed, length - (out.length - skip), out.length - skip);
    return fixed;
  }

  /**
   * Resumes by a ticket with a session id of 16 octets: an honest server gives those back, one with
   * Ticketbleed (CVE-2016-9244) gives 32, half of which are its memory. The answer also shows
   * whether the ticket was taken.
   */
  Answer ticketbleed(byte[] ticket, int version, int suite) throws Shut, InterruptedException {
    scan.visit().doing("Ticketbleed");
    byte[] id = scan.chance().bytes(16);
    Answer answer =
        scan.ask(
            scan.old(version, List.of(suite), Offers.CURVES, Offers.SCHEMES)
                .sessionId(id)
                .extension(HelloBuilder.SESSION_TICKET, ticket));
    Optional<ServerMessage.Hello> hello = answer.hello();
    if (hello.isEmpty()) {
      return answer;
    }
    String given = hello.get().sessionId();
    String sent = java.util.HexFormat.of().formatHex(id);
    if (given.length() > sent.length() && given.startsWith(sent)) {
      scan.told()
          .say(
              "vuln.ticketbleed",
              Outcome.FAIL,
              "vulnerable",
              "a session id of 16 octets came back with " + given.length() / 2);
    } else {
      scan.told()
          .pass("vuln.ticketbleed", "a short session id comes back as it was, or not at all");
    }
    return answer;
  }

  /** Whether two octet strings are equal; for tests of tickets. */
  static boolean zero(byte[] octets) {
    return Arrays.equals(octets, new byte[octets.length]);
  }
}
