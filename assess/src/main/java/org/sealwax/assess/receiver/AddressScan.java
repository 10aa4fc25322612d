package org.sealwax.assess.receiver;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.AddressVisit;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.tlsclient.ScanTlsClient;
import org.sealwax.assess.tlsclient.ScanTlsOffer;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/**
 * The state of one scan: connector, facts, finding log, and the limits that the server tolerates.
 * All steps ask through it, so that a server that takes only short ClientHellos gets only short
 * ones. One thread.
 */
final class AddressScan {
  /**
   * Suites in one ClientHello to a sound server: more than any client offers, and tolerated by all.
   */
  private static final int MANY_SUITES = 120;

  /** Suites in a ClientHello of at most 255 bytes, next to a name and the extensions it needs. */
  private static final int FEW_SUITES = 40;

  /**
   * Shortest wait before a missing answer counts as a timeout, however fast the server was before.
   */
  private static final Duration LEAST_WAIT = Duration.ofMillis(2_500);

  /** An answer that takes so many times the slowest one so far will not come. */
  private static final int TIMES_SLOWEST = 10;

  /** ClientHellos that must be dropped twice before a dropped one counts as refused at once. */
  private static final int DROPS_BEFORE_BELIEVED = 2;

  private final AddressVisit visit;
  private final SmtpConnector connector;
  private final ServerFacts facts;
  private final FindingLog findings;
  private final RandomSource random;
  private int confirmedDrops;
  private Duration slowest = Duration.ZERO;
  private boolean answered;
  private boolean small;
  private boolean withoutName;
  private boolean refuses13;
  private int highest = Records.TLS12;
  private int engineLowest = Records.TLS10;
  private int engineHighest = Records.TLS13;

  AddressScan(AddressVisit visit, SmtpConnector connector, RandomSource random) {
    this.visit = visit;
    this.connector = connector;
    this.facts = new ServerFacts(visit.facts());
    this.findings = new FindingLog(visit.location());
    this.random = random;
  }

  AddressVisit visit() {
    return visit;
  }

  SmtpConnector connector() {
    return connector;
  }

  ServerFacts facts() {
    return facts;
  }

  FindingLog findings() {
    return findings;
  }

  RandomSource random() {
    return random;
  }

  /** The name to ask for; empty for an address without one, and where the server refuses it. */
  String serverName() {
    Domain name = visit.serverName();
    return name == null || withoutName ? "" : name.name();
  }

  /** Whether ClientHellos leave the name out: for a server that refuses its own. */
  void withoutName(boolean without) {
    withoutName = without;
  }

  /** The server drops ClientHellos of more than 255 bytes. */
  void onlyShortHellos() {
    small = true;
  }

  boolean small() {
    return small;
  }

  /** The server drops ClientHellos whose client_version is above this. */
  void highestVersion(int version) {
    highest = version;
    engineHighest = Math.min(engineHighest, version);
  }

  int highest() {
    return highest;
  }

  /** The server does not tolerate an offer of TLS 1.3. */
  void refuses13() {
    refuses13 = true;
  }

  /** Whether ClientHellos may offer TLS 1.3. */
  boolean offers13() {
    return !refuses13;
  }

  /** The highest version that the engine offers from now on; the lowest is TLS 1.0 if it may be. */
  void engineUpTo(int version) {
    engineLowest = Math.min(Records.TLS10, version);
    engineHighest = version;
  }

  /** How long to wait for an answer. */
  Duration patience() {
    Duration most = connector.timeouts().hello();
    Duration wait = answered ? slowest.multipliedBy(TIMES_SLOWEST) : most;
    wait = wait.compareTo(LEAST_WAIT) < 0 ? LEAST_WAIT : wait;
    wait = wait.compareTo(most) > 0 ? most : wait;
    Duration left = visit.timeLeft();
    return left.compareTo(wait) < 0 && left.isPositive() ? left : wait;
  }

  /** Opens a connection for raw records. */
  RawTlsConnection raw() throws ProbeFailed, InterruptedException {
    return new RawTlsConnection(connector.toTls());
  }

  /** Asks with one ClientHello, its answer noted. */
  HelloResponse ask(ClientHelloBuilder hello) throws ProbeFailed, InterruptedException {
    return ask(List.of(hello.records()));
  }

  /**
   * Asks with a ClientHello in pieces. A server must answer a ClientHello (RFC 8446 4.1.1, 6.2):
   * one that ends the connection instead is asked again, until enough such drops are confirmed.
   * Otherwise a lost connection would count as a refusal.
   */
  HelloResponse ask(List<byte[]> pieces) throws ProbeFailed, InterruptedException {
    HelloResponse answer = askOnce(pieces);
    int doubted = visit.depth() == ScanDepth.QUICK ? 1 : DROPS_BEFORE_BELIEVED;
    if (answer.dropped() && confirmedDrops < doubted) {
      HelloResponse again = askOnce(pieces);
      if (!again.dropped()) {
        return again;
      }
      confirmedDrops++;
    }
    return answer;
  }

  private HelloResponse askOnce(List<byte[]> pieces) throws ProbeFailed, InterruptedException {
    try (RawTlsConnection raw = raw()) {
      HelloResponse answer = exchange(raw, pieces);
      facts.note(answer);
      return answer;
    }
  }

  /** Sends a ClientHello on an open connection and reads the answer. */
  HelloResponse exchange(RawTlsConnection raw, List<byte[]> pieces) {
    long start = connector.clock().nanoTime();
    raw.send(pieces.toArray(new byte[0][]));
    HelloResponse answer = raw.flight(patience());
    if (answer.end() == HelloResponse.HelloEnd.COMPLETE) {
      Duration took = Duration.ofNanos(connector.clock().nanoTime() - start);
      slowest = took.compareTo(slowest) > 0 ? took : slowest;
      answered = true;
    }
    return answer;
  }

  /**
   * Asks whether any of some suites is accepted before TLS 1.3; in more than one ClientHello where
   * there are many of them or the server tolerates few.
   */
  HelloResponse anyOf(int version, List<Integer> suites) throws ProbeFailed, InterruptedException {
    return anyOf(version, suites, ClientHelloOffers.CURVES, ClientHelloOffers.SCHEMES);
  }

  /** The same with other groups and schemes. */
  HelloResponse anyOf(
      int version, List<Integer> suites, List<Integer> groups, List<Integer> schemes)
      throws ProbeFailed, InterruptedException {
    // Suites that the version cannot have are refused by it; no query is needed.
    HelloResponse last = HelloResponse.refusal();
    int most = small ? FEW_SUITES : MANY_SUITES;
    for (List<Integer> portion :
        ClientHelloOffers.portions(ClientHelloOffers.usable(version, suites), most)) {
      last = ask(old(version, portion, groups, schemes));
      if (last.accepted() || last.end() == HelloResponse.HelloEnd.SILENT) {
        break;
      }
    }
    return last;
  }

  /** A ClientHello of TLS 1.2 or older with all curves and schemes. */
  ClientHelloBuilder old(int version, List<Integer> suites) {
    return old(version, suites, ClientHelloOffers.CURVES, ClientHelloOffers.SCHEMES);
  }

  /** A ClientHello of TLS 1.2 or older, with everything that it may have. */
  ClientHelloBuilder old(
      int version, List<Integer> suites, List<Integer> groups, List<Integer> schemes) {
    ClientHelloBuilder hello = new ClientHelloBuilder(version).random(random.bytes(32));
    if (version <= Records.SSL3) {
      List<Integer> signalled = new ArrayList<>(suites);
      signalled.add(TlsSuite.RENEGOTIATION_SCSV);
      return hello.suites(signalled).withoutExtensions();
    }
    hello.suites(suites).serverName(serverName()).renegotiationInfo();
    hello.groups(small ? few(groups) : groups);
    hello.pointFormats();
    if (version >= Records.TLS12) {
      hello.schemes(small ? few(schemes) : schemes);
    }
    hello.extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET);
    return hello;
  }

  private static List<Integer> few(List<Integer> many) {
    List<Integer> wanted =
        List.of(
            0x11ec, 29, 23, 24, 25, 0x0401, 0x0403, 0x0804, 0x0807, 0x0201, 0x0203, 0x0501, 0x0601,
            0x0503);
    List<Integer> some = many.stream().filter(wanted::contains).toList();
    return some.isEmpty() ? many.subList(0, Math.min(8, many.size())) : some;
  }

  /** A ClientHello of TLS 1.3 alone that can only be answered by a HelloRetryRequest. */
  ClientHelloBuilder new13(List<Integer> suites, List<Integer> groups) {
    return new ClientHelloBuilder(Records.TLS12)
        .random(random.bytes(32))
        .sessionId(random.bytes(32))
        .suites(small ? suites.stream().filter(id -> id <= 0x1303).toList() : suites)
        .serverName(serverName())
        .groups(small ? few(groups) : groups)
        .pointFormats()
        .schemes(small ? few(ClientHelloOffers.SCHEMES) : ClientHelloOffers.SCHEMES)
        .versions(List.of(Records.TLS13))
        .extension(ClientHelloBuilder.PSK_MODES, (byte) 1, (byte) 1)
        .shares(List.of());
  }

  /** The offer that brought an engine through before, or would. */
  ScanTlsOffer offer() {
    ScanTlsOffer offer = ScanTlsOffer.of(serverName()).versions(engineLowest, engineHighest);
    return small ? offer.suites(FEW).schemes(List.of(0x0403, 0x0804, 0x0401, 0x0807)) : offer;
  }

  private static final List<Integer> FEW =
      List.of(0x1301, 0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xc013, 0x2f, 0x9c);

  /** Handshake with an engine over a connection that is closed when it fails. */
  ScanTlsClient.ScanHandshakeResult engine(Wire wire, ScanTlsOffer offer) {
    ScanTlsClient.ScanHandshakeResult result;
    try (Deadline _ = Deadline.after(patience().multipliedBy(2), wire)) {
      wire.readTimeout(patience());
      result = ScanTlsClient.connect(wire, offer);
    } catch (java.io.IOException e) {
      result = ScanTlsClient.connect(wire, offer);
    }
    facts.note(result.facts());
    if (result.wire() == null) {
      SmtpConnection.close(wire);
    }
    return result;
  }

  /** The engine over a new connection. */
  ScanTlsClient.ScanHandshakeResult engine(ScanTlsOffer offer)
      throws ProbeFailed, InterruptedException {
    return engine(connector.toTls(), offer);
  }

  /** Whether any version before TLS 1.3 is supported; empty when not known yet. */
  Optional<Boolean> speaksOld() {
    int best = facts.highest(Records.TLS12);
    if (best > 0) {
      return Optional.of(true);
    }
    return facts.speaks(Records.TLS12);
  }

  /** The best version before TLS 1.3 that the server supports, or the one to try. */
  int oldVersion() {
    int best = facts.highest(Math.min(highest, Records.TLS12));
    return best == 0 ? highest : best;
  }
}
