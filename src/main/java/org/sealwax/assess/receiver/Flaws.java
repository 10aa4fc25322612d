package org.sealwax.assess.receiver;

import java.math.BigInteger;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.Evidence;
import org.sealwax.assess.Outcome;
import org.sealwax.tls.wire.HelloBuilder;
import org.sealwax.tls.wire.RecordHeader;
import org.sealwax.tls.wire.Records;
import org.sealwax.tls.wire.ServerMessage;
import org.sealwax.tls.wire.ServerReader;
import org.sealwax.tls.wire.Suite;
import org.sealwax.tls.wire.Suite.Exchange;
import org.sealwax.tls.wire.Writing;

/** Known flaws that show without encryption, each in a form that does no harm. */
final class Flaws {
  private static final int INAPPROPRIATE_FALLBACK = 86;
  private static final int BAD_RECORD_MAC = 20;
  private static final int DECRYPTION_FAILED = 21;

  private final Scan scan;

  Flaws(Scan scan) {
    this.scan = scan;
  }

  private boolean old() {
    return scan.speaksOld().orElse(false);
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
      boolean known = scan.book().speaks(Records.TLS10).isPresent();
      if (known || best == Records.TLS13) {
        scan.told().pass("scsv", "only one version is spoken: there is nothing to downgrade to");
      }
      return;
    }
    List<Integer> suites =
        new ArrayList<>(scan.book().suites().getOrDefault(below, java.util.Set.of()));
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
    } else if (answer.refused()) {
      scan.told().pass("scsv", "a fallback to " + Names.version(below) + " is refused");
    }
  }

  /**
   * Heartbleed (CVE-2014-0160) and the early ChangeCipherSpec (CVE-2014-0224) on one connection.
   * The heartbeat asks for one octet more than it brought; the early ChangeCipherSpec is followed
   * by a record that a server can only answer with bad_record_mac when it took the first.
   */
  void earlyRecords() throws Shut, InterruptedException {
    scan.visit().doing("Heartbleed, early ChangeCipherSpec");
    if (!old()) {
      scan.told().pass("vuln.heartbleed", "nothing older than TLS 1.3 is spoken");
      scan.told().pass("vuln.ccs", "nothing older than TLS 1.3 is spoken");
      return;
    }
    int version = scan.oldVersion();
    if (version <= Records.SSL3) {
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
      boolean beats = answer.hello().get().has(HelloBuilder.HEARTBEAT);
      int spoken = answer.hello().get().version();
      if (beats) {
        // 16 octets of padding and no payload, of which 17 are asked back: one is read over.
        byte[] request = new byte[19];
        request[0] = 1;
        request[2] = 17;
        raw.say(Records.of(Records.HEARTBEAT, spoken, request));
      }
      raw.say(
          Records.changeCipherSpec(spoken),
          Records.of(RecordHeader.HANDSHAKE, spoken, scan.chance().bytes(64)));
      Answer end =
          raw.listen(
              scan.patience(), () -> raw.reader().alerts().stream().anyMatch(a -> a.fatal()));
      heartbleed(beats, end);
      early(end);
    }
  }

  private void heartbleed(boolean beats, Answer end) {
    List<String> answers = end.reader().heartbeats();
    if (!answers.isEmpty()) {
      scan.told()
          .say(
              "vuln.heartbleed",
              Outcome.FAIL,
              "vulnerable",
              "a heartbeat that asked for an octet more than it brought was answered",
              Evidence.note("answer: " + answers.getFirst().length() / 2 + " octets"));
    } else {
      scan.told()
          .pass(
              "vuln.heartbleed",
              beats ? "such a heartbeat is not answered" : "heartbeat is not offered");
    }
  }

  private void early(Answer end) {
    Optional<ServerReader.Alert> alert =
        end.reader().alerts().stream().filter(ServerReader.Alert::fatal).findFirst();
    if (alert.isPresent()) {
      int description = alert.get().description();
      if (description == BAD_RECORD_MAC || description == DECRYPTION_FAILED) {
        scan.told()
            .say(
                "vuln.ccs",
                Outcome.FAIL,
                "vulnerable",
                "an early ChangeCipherSpec is taken: what follows is " + alert.get().name());
      } else {
        scan.told().pass("vuln.ccs", "an early ChangeCipherSpec is answered " + alert.get().name());
      }
    } else if (end.end() == Answer.End.CLOSED) {
      scan.told().pass("vuln.ccs", "an early ChangeCipherSpec ends the connection");
    } else {
      scan.told()
          .say("vuln.ccs", Outcome.INCONCLUSIVE, "", "an early ChangeCipherSpec is not answered");
    }
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
    if (!old()) {
      scan.told().pass("vuln.robot", "nothing older than TLS 1.3 is spoken");
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
      scan.told().pass("vuln.robot", "every padding is answered alike: " + answers.getFirst());
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
      return alerts.isEmpty()
          ? "by " + end.end().name().toLowerCase(java.util.Locale.ROOT)
          : alerts;
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
