package org.sealwax.assess.receiver;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.assess.tlsclient.ScanHandshakeFacts;
import org.sealwax.assess.tlsclient.ScanTlsClient;
import org.sealwax.assess.tlsclient.ScanTlsWire;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.Capabilities;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.wire.AlertName;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/**
 * The first connection: an ordinary client's handshake and EHLO under TLS. When that fails, simpler
 * and simpler ClientHellos show what the server does not tolerate.
 */
final class FirstConnection {
  private static final int CERTIFICATE_REQUIRED = 116;

  /** Keywords whose absence under TLS costs a client mail or speed. */
  private static final Set<String> WORTH =
      Set.of(
          "PIPELINING",
          "SIZE",
          "8BITMIME",
          "SMTPUTF8",
          "CHUNKING",
          "BINARYMIME",
          "DSN",
          "REQUIRETLS");

  /** A server that is busy once is not a server without TLS. */
  private static final int REFUSALS_TOLERATED = 1;

  private final AddressScan scan;
  private final FindingLog findings;
  private String succeeded = "";
  private @Nullable ScanHandshakeFacts facts;
  private boolean under;
  private boolean tlsReached;
  private String last = "";
  private boolean silent;

  FirstConnection(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  /** Facts of the first whole handshake; null when there was none. */
  @Nullable ScanHandshakeFacts facts() {
    return facts;
  }

  /** What came instead of an answer to the last ClientHello; empty before one was sent. */
  String last() {
    return last;
  }

  /** Whether the last ClientHello was not answered at all. */
  boolean silent() {
    return silent;
  }

  /** What is left when no ClientHello of SSL 3.0 or newer is answered: SSL 2.0. */
  void onlySsl2() {
    tlsReached = true;
    findings.fail(
        "starttls.works",
        "never",
        "only SSL 2.0 is answered, which senders no longer use (RFC 6176)");
  }

  /** Whether TLS was reached in any way. */
  boolean tlsReached() {
    return tlsReached;
  }

  /** Whether an EHLO was answered under TLS. */
  boolean underTls() {
    return under;
  }

  /**
   * When the first handshake failed and simpler ClientHellos showed why, an engine that offers only
   * what the server tolerates.
   */
  void again() throws ProbeFailed, InterruptedException {
    if (facts != null) {
      return;
    }
    scan.visit().reportProgress("second contact");
    ScanTlsClient.ScanHandshakeResult second = scan.engine(scan.offer());
    if (second.wire() != null) {
      ehloUnderTls(second.wire(), second);
    } else {
      demandsCertificate(second.facts(), second.alert());
    }
  }

  /** Connects; whether any part of TLS was reached. */
  boolean connect() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("first contact");
    ScanTlsClient.ScanHandshakeResult first = scan.engine(scan.offer());
    reportPlaintextEhlo();
    if (first.wire() != null) {
      tolerates();
      ehloUnderTls(first.wire(), first);
      return true;
    }
    if (demandsCertificate(first.facts(), first.alert())) {
      tolerates();
      works("the server aborted the handshake without a client certificate");
      return true;
    }
    if (scan.facts().highest(Records.TLS13) > 0 && first.facts().version() > 0) {
      // A ServerHello came: it tolerates the ClientHello, and only the rest of the handshake
      // failed.
      tolerates();
      works("a ServerHello was received: " + Records.versionName(first.facts().version()));
      return true;
    }
    // Servers refuse a name by this alert, by others and by none: so the name is left out after any
    // failure.
    return !first.silent() && reportWithoutServerName(first) || diagnose();
  }

  /** The same without a server name: RFC 6066 3 lets a server end the handshake over a name. */
  private boolean reportWithoutServerName(ScanTlsClient.ScanHandshakeResult named)
      throws ProbeFailed, InterruptedException {
    String name = scan.serverName();
    if (name.isEmpty()) {
      return false;
    }
    scan.withoutName(true);
    ScanTlsClient.ScanHandshakeResult result = scan.engine(scan.offer());
    if (result.wire() == null) {
      scan.withoutName(false);
      return false;
    }
    findings.fail(
        "tolerance",
        "own-name",
        "a ClientHello with the server name "
            + name
            + " is refused ("
            + (named.alert() >= 0 ? "alert " + AlertName.of(named.alert()) : named.failure())
            + "), one without a name is answered");
    tolerates();
    ehloUnderTls(result.wire(), result);
    return true;
  }

  private void works(String seen) {
    tlsReached = true;
    if (succeeded.isEmpty()) {
      succeeded = seen;
    }
  }

  /** Whether STARTTLS is offered on every connection, and works: graded by the worst of them. */
  void reportStarttls() {
    SmtpConnector connector = scan.connector();
    if (scan.visit().entry() == TlsStart.IMPLICIT) {
      if (tlsReached) {
        findings.pass("starttls.offered", "TLS begins with the first byte");
      }
    } else if (connector.greetings() > 0) {
      offered(connector);
    }
    if (succeeded.isEmpty() || findings.has("starttls.works")) {
      return;
    }
    int refused = connector.starttlsRefused();
    if (refused == 0) {
      findings.pass("starttls.works", succeeded);
    } else {
      findings.add(
          "starttls.works",
          refused > REFUSALS_TOLERATED ? CheckOutcome.FAIL : CheckOutcome.WARN,
          "sometimes",
          "STARTTLS is refused on "
              + refused
              + " of "
              + (refused + connector.starttlsAccepted())
              + " connections");
    }
  }

  private void offered(SmtpConnector connector) {
    int offered = connector.starttlsOffered();
    if (offered == connector.greetings()) {
      findings.pass("starttls.offered", "EHLO offers STARTTLS");
    } else {
      if (offered == 0) {
        scan.visit().facts().starttlsMissing();
      }
      findings.fail(
          "starttls.offered",
          offered == 0 ? "missing" : "sometimes",
          "EHLO offers STARTTLS on " + offered + " of " + connector.greetings() + " connections",
          FindingEvidence.transcript(connector.withoutStarttls()));
    }
  }

  private void tolerates() {
    if (scan.offers13()) {
      findings.add("tolerance", CheckOutcome.PASS, "tls13", "a ClientHello of TLS 1.3 is answered");
    }
  }

  /** The facts before STARTTLS. */
  void reportPlaintextEhlo() {
    Capabilities before = scan.connector().before();
    if (before == null) {
      return;
    }
    boolean auth = before.offers("AUTH");
    if (auth && scan.visit().location().port() != 587) {
      findings.fail(
          "starttls.required",
          "auth-in-clear",
          "AUTH is offered before TLS: " + before.keywords().get("AUTH"),
          FindingEvidence.transcript(scan.connector().transcript()));
    }
  }

  /** EHLO and what follows, under TLS. */
  private void ehloUnderTls(ScanTlsWire wire, ScanTlsClient.ScanHandshakeResult result)
      throws InterruptedException {
    facts = result.facts();
    SmtpConnection connection = new SmtpConnection(wire);
    try {
      Reply hello = scan.connector().ehloUnderTls(connection);
      if (hello.code() != 250) {
        works("the handshake is complete, EHLO is then answered " + hello);
        return;
      }
      under = true;
      Capabilities after = Capabilities.of(hello);
      scan.visit().facts().ehloUnderTls(new TreeSet<>(after.keywords().keySet()));
      works(
          Records.versionName(result.facts().version())
              + ", "
              + TlsSuite.name(result.facts().suite())
              + ", EHLO answered under it");
      compare(after);
      again(connection, after);
      facts = wire.facts();
    } catch (IOException e) {
      facts = wire.facts();
      if (demandsCertificate(facts, alertOf(e))) {
        works("the server aborted the handshake without a client certificate");
      } else {
        findings.fail(
            "starttls.works",
            "dropped",
            "the handshake is complete, then the connection ends: " + FailureText.of(e),
            FindingEvidence.transcript(connection.transcript()));
      }
    } finally {
      connection.sendQuit();
    }
  }

  private static int alertOf(IOException e) {
    return e instanceof org.sealwax.assess.tlsclient.ScanTlsAlert alert ? alert.description() : -1;
  }

  private boolean demandsCertificate(ScanHandshakeFacts seen, int alert) {
    if (seen.request() == null) {
      return false;
    }
    facts = seen;
    boolean demands = alert == CERTIFICATE_REQUIRED || alert == 40 || alert == 42 || alert == 41;
    findings.fail(
        "clientcert.request",
        "required",
        "a client certificate is requested; without one the server "
            + (demands ? "sends alert " + AlertName.of(alert) : "ends the connection"));
    return true;
  }

  private void again(SmtpConnection connection, Capabilities after) throws IOException {
    if (!after.offersStarttls()) {
      findings.pass("starttls.reoffer", "EHLO under TLS does not offer STARTTLS");
    } else {
      Reply go = connection.exchange("STARTTLS", scan.connector().timeouts().reply());
      boolean accepted = go.code() == 220;
      findings.add(
          "starttls.reoffer",
          accepted ? CheckOutcome.FAIL : CheckOutcome.WARN,
          accepted ? "accepted" : "offered",
          "EHLO under TLS offers STARTTLS, and a second one is answered " + go,
          FindingEvidence.transcript(connection.transcript()));
    }
  }

  private void compare(Capabilities after) {
    Capabilities before = scan.connector().before();
    if (after.offersRequireTls()) {
      findings.pass("requiretls", "EHLO under TLS offers REQUIRETLS");
    } else {
      boolean clear = before != null && before.offersRequireTls();
      findings.add(
          "requiretls",
          clear ? CheckOutcome.FAIL : CheckOutcome.INFO,
          clear ? "in-clear" : "missing",
          clear
              ? "REQUIRETLS is offered in plaintext only"
              : "EHLO under TLS does not offer REQUIRETLS");
    }
    if (before == null) {
      findings.pass("ehlo.downgrade", "there is no EHLO before TLS");
      return;
    }
    Set<String> lost = new TreeSet<>(before.keywords().keySet());
    lost.removeAll(after.keywords().keySet());
    lost.retainAll(WORTH);
    long sizeBefore = before.maxSize().orElse(Long.MAX_VALUE);
    if (after.maxSize().orElse(Long.MAX_VALUE) < sizeBefore && !lost.contains("SIZE")) {
      lost.add("SIZE (smaller)");
    }
    if (lost.isEmpty()) {
      findings.pass("ehlo.downgrade", "EHLO under TLS offers what it offered before");
    } else {
      findings.fail(
          "ehlo.downgrade", "lost", "EHLO under TLS no longer offers " + String.join(", ", lost));
    }
  }

  /** Simpler and simpler ClientHellos, until one is answered. */
  private boolean diagnose() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("searching for an accepted ClientHello");
    List<Integer> sound = ClientHelloOffers.secure(s -> true);
    List<Integer> few = sound.stream().filter(s -> FEW.contains(s)).toList();
    HelloResponse twelve = scan.ask(plain(Records.TLS12, few, true));
    if (!twelve.accepted() && !twelve.unanswered()) {
      HelloResponse thirteen =
          scan.ask(scan.new13(ClientHelloOffers.TLS13, ClientHelloOffers.GROUPS13));
      if (thirteen.accepted()) {
        tolerates();
        works("TLS begins with TLS 1.3 alone: " + thirteen.text());
        return true;
      }
    }
    if (twelve.accepted()) {
      scan.engineUpTo(Math.min(Records.TLS12, twelveVersion(twelve)));
      return older(twelve);
    }
    HelloResponse small = scan.ask(plain(Records.TLS12, few, false));
    if (small.accepted()) {
      scan.onlyShortHellos();
      findings.fail(
          "tolerance",
          "large",
          "ClientHellos over 255 bytes are dropped ("
              + twelve.text()
              + "), a short one is answered",
          FindingEvidence.bytes(small.first()));
      scan.engineUpTo(Records.TLS12);
      works("TLS begins when the ClientHello is short: " + small.text());
      return true;
    }
    last = small.text();
    silent = small.end() == HelloResponse.HelloEnd.SILENT;
    boolean same = twelve.end() == small.end() && twelve.reader().alerts().isEmpty();
    if (same && !small.connectionOver()) {
      // When a server answers neither of two ClientHellos with TLS, their form is not the cause.
      return false;
    }
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      HelloResponse answer =
          scan.ask(plain(version, ClientHelloOffers.usable(version, sound), false));
      if (answer.accepted()) {
        scan.highestVersion(version);
        return lower(small, answer, version);
      }
    }
    // Nothing sound is left to offer; what remains is what no server should accept.
    HelloResponse weak =
        scan.anyOf(
            Records.TLS12,
            ClientHelloOffers.suites(s -> !ClientHelloOffers.WeakSuiteClass.of(s).isEmpty()));
    if (weak.accepted()) {
      works("TLS begins with a weak suite only: " + weak.text());
      return true;
    }
    return false;
  }

  private static int twelveVersion(HelloResponse answer) {
    return answer.hello().map(h -> h.version()).orElse(Records.TLS12);
  }

  /** An ordinary ClientHello of TLS 1.2 is answered, the engine's was not. */
  private boolean older(HelloResponse twelve) throws ProbeFailed, InterruptedException {
    works("TLS begins without an offer of TLS 1.3: " + twelve.text());
    // The engine may have failed for another reason: ask with TLS 1.3 as the only difference.
    HelloResponse with13 =
        scan.ask(
            plain(Records.TLS12, FEW, true)
                .versions(List.of(Records.TLS13, Records.TLS12, Records.TLS11, Records.TLS10))
                .extension(ClientHelloBuilder.PSK_MODES, (byte) 1, (byte) 1)
                .shares(List.of(new ClientHelloBuilder.KeyShare(29, scan.random().bytes(32)))));
    if (with13.accepted()) {
      findings.add(
          "tolerance",
          CheckOutcome.PASS,
          "tls13",
          "a ClientHello of TLS 1.3 is answered: " + with13.text());
      return true;
    }
    findings.fail(
        "tolerance",
        "tls13",
        with13.unanswered()
            ? "a ClientHello that offers TLS 1.3 gets no answer ("
                + with13.text()
                + "), the same one without it is answered "
                + twelve.text()
            : "a ClientHello that offers TLS 1.3 and older versions is rejected: " + with13.text());
    scan.refuses13();
    scan.facts().version(Records.TLS13, false);
    return true;
  }

  private boolean lower(HelloResponse twelve, HelloResponse answer, int version) {
    works("TLS begins with " + Records.versionName(version) + ": " + answer.text());
    scan.refuses13();
    scan.engineUpTo(version);
    for (int above = version + 1; above <= Records.TLS13; above++) {
      scan.facts().version(above, false);
    }
    if (twelve.unanswered()) {
      findings.fail(
          "tolerance",
          "version",
          "a ClientHello whose client_version is above "
              + Records.versionName(version)
              + " gets no answer ("
              + twelve.text()
              + ") instead of the version that the server has");
    }
    return true;
  }

  private static final List<Integer> FEW =
      List.of(
          0x1301, 0xc02f, 0xc02b, 0xc030, 0xc02c, 0xcca8, 0xcca9, 0x9e, 0x9f, 0xc013, 0xc014, 0x33,
          0x39, 0x9c, 0x9d, 0x2f, 0x35, 0x0a, 0x05);

  /** A ClientHello that even old servers know; short enough for those that need it short. */
  private ClientHelloBuilder plain(int version, List<Integer> suites, boolean wide) {
    ClientHelloBuilder hello =
        new ClientHelloBuilder(version).random(scan.random().bytes(32)).suites(suites);
    if (version <= Records.SSL3) {
      return hello.withoutExtensions();
    }
    hello.serverName(scan.serverName()).groups(List.of(29, 23, 24, 25)).pointFormats();
    if (version >= Records.TLS12) {
      hello.schemes(List.of(0x0403, 0x0804, 0x0401, 0x0807, 0x0503, 0x0501, 0x0203, 0x0201));
    }
    hello.renegotiationInfo().extension(ClientHelloBuilder.EXTENDED_MASTER_SECRET);
    if (wide) {
      hello.padTo(400);
    }
    return hello;
  }
}
