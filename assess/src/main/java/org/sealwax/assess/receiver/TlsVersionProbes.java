package org.sealwax.assess.receiver;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;
import org.sealwax.mail.tls.wire.Ssl2;
import org.sealwax.mail.tls.wire.TlsSuite;

/** Which versions are supported, and what else the first ServerHello of TLS 1.2 or below shows. */
final class TlsVersionProbes {
  private static final int NO_RENEGOTIATION_INFO = 0;
  private final AddressScan scan;
  private final FindingLog findings;
  private boolean bestOld;

  /** Whether an answer showed what the server makes of compression and extensions. */
  private boolean answerSeen;

  TlsVersionProbes(AddressScan scan) {
    this.scan = scan;
    this.findings = scan.findings();
  }

  /** TLS 1.2 with everything that shows something: compression, heartbeat, tickets, a staple. */
  void twelve() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("TLS 1.2");
    int version = scan.highest();
    List<Integer> suites = ClientHelloOffers.usable(version, ClientHelloOffers.secure(s -> true));
    HelloResponse answer =
        scan.small()
            ? scan.anyOf(version, suites)
            : scan.ask(
                scan.old(version, suites)
                    .compressions(1, NO_RENEGOTIATION_INFO)
                    .extension(ClientHelloBuilder.SESSION_TICKET)
                    .extension(ClientHelloBuilder.HEARTBEAT, (byte) 1)
                    .statusRequest());
    answerSeen = answer.accepted() && !scan.small();
    if (answer.dropped() && !scan.facts().knownToSpeak(Records.TLS13)) {
      answer = scan.anyOf(version, suites);
    }
    if (!answer.accepted() && version == Records.TLS12) {
      // Only sound suites were offered; a server may have nothing but others.
      HelloResponse rest =
          scan.anyOf(
              version,
              ClientHelloOffers.suites(s -> !ClientHelloOffers.WeakSuiteClass.of(s).isEmpty()));
      answer = rest.accepted() ? rest : answer;
    }
    int found = answer.hello().map(ServerMessage.ServerHello::version).orElse(0);
    if (found == 0 && !answer.refused()) {
      return;
    }
    for (int v = version; v > found && v > Records.SSL3; v--) {
      if (v == version || found > 0) {
        scan.facts().version(v, false);
      }
    }
    bestOld = true;
  }

  /**
   * TLS 1.3 by a ClientHello that offers nothing else; the groups are those that resist a quantum
   * computer.
   */
  void thirteen() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("TLS 1.3");
    if (!scan.offers13()) {
      if (!scan.facts().knownToSpeak(Records.TLS13)) {
        noHybrid("no ClientHello with TLS 1.3 is answered");
      }
      return;
    }
    HelloResponse hybrid = scan.ask(scan.new13(ClientHelloOffers.TLS13, ClientHelloOffers.HYBRIDS));
    if (hybrid.accepted()) {
      scan.facts().version(Records.TLS13, true);
      int group = hybrid.hello().map(ServerMessage.ServerHello::group).orElse(-1);
      findings.pass(
          "kex.pq",
          "a ClientHello with only hybrid groups is answered with "
              + org.sealwax.mail.tls.wire.NamedGroup.name(group),
          FindingEvidence.bytes(hybrid.first()));
      return;
    }
    if (!hybrid.refused()) {
      return;
    }
    if (!scan.facts().knownToSpeak(Records.TLS13)) {
      HelloResponse any = scan.ask(scan.new13(ClientHelloOffers.TLS13, ClientHelloOffers.GROUPS13));
      if (any.settled()) {
        scan.facts().version(Records.TLS13, any.accepted());
      }
    }
    noHybrid("a ClientHello with only hybrid groups is refused: " + hybrid.text());
  }

  private void noHybrid(String seen) {
    findings.warn("kex.pq", "missing", seen);
  }

  /** TLS 1.1, 1.0 and SSL 3.0, each only as long as there is a doubt. */
  void older() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("old versions");
    List<Integer> all = ClientHelloOffers.suites(s -> !s.export());
    for (int version = Records.TLS11; version >= Records.SSL3; version--) {
      Optional<Boolean> known = scan.facts().speaks(version);
      if (known.isPresent()) {
        continue;
      }
      HelloResponse answer = scan.anyOf(version, all);
      int found = answer.hello().map(ServerMessage.ServerHello::version).orElse(0);
      if (found == 0 && !answer.refused()) {
        return;
      }
      for (int v = version; v > found && v >= Records.SSL3; v--) {
        // A server answers with the best that it has up to what was offered (RFC 5246 appendix
        // E.1): a refusal holds for all of them; SSL 3.0 is asked for by itself, because its
        // ClientHellos have no extensions and some servers treat them apart.
        if (v > Records.SSL3 || version == Records.SSL3) {
          scan.facts().version(v, v == found);
        }
      }
    }
  }

  /** SSL 2.0. */
  void two() throws ProbeFailed, InterruptedException {
    if (findings.has("ssl2")) {
      return;
    }
    scan.visit().reportProgress("SSL 2.0");
    byte[] bytes = new byte[Ssl2.MAX_BYTES];
    int count = 0;
    boolean ended = false;
    Ssl2.Ssl2Parse reading = new Ssl2.Ssl2Parse.Partial();
    Wire wire = scan.connector().toTls();
    Duration wait = scan.patience();
    try (Deadline _ = Deadline.after(wait.multipliedBy(2), wire)) {
      wire.out().write(Ssl2.clientHello(Ssl2.KINDS, scan.random().bytes(16)));
      wire.readTimeout(wait);
      while (reading instanceof Ssl2.Ssl2Parse.Partial && count < bytes.length) {
        int more = wire.in().read(bytes, count, bytes.length - count);
        if (more < 0) {
          ended = true;
          break;
        }
        count += more;
        reading = Ssl2.read(bytes, count);
      }
    } catch (java.net.SocketTimeoutException e) {
      ended = false;
    } catch (IOException e) {
      ended = true;
    } finally {
      SmtpConnection.close(wire);
    }
    switch (reading) {
      case Ssl2.Ssl2Parse.Whole whole -> {
        scan.facts().version(0x0002, true);
        List<String> kinds = whole.answer().kinds().stream().map(Ssl2::name).toList();
        findings.fail(
            "ssl2",
            "on",
            "SSL 2.0 is answered with "
                + (kinds.isEmpty() ? "no cipher in common" : String.join(", ", kinds)),
            FindingEvidence.bytes(
                java.util.Arrays.copyOf(bytes, Math.min(count, HelloResponse.MAX_EVIDENCE))));
        findings.fail(
            "vuln.drown",
            "vulnerable",
            "the key is also used with SSL 2.0, so TLS traffic can be decrypted (DROWN)");
        kinds.stream()
            .filter(kind -> kind.contains("RC4_128_WITH"))
            .findFirst()
            .ifPresent(kind -> findings.fail("suite.rc4", "accepted", kind));
      }
      case Ssl2.Ssl2Parse.Broken broken -> notSpoken(bytes, count, true);
      case Ssl2.Ssl2Parse.Partial partial -> notSpoken(bytes, count, ended);
    }
  }

  /** A refusal is an alert of TLS, or the end of the connection without a word. */
  private void notSpoken(byte[] bytes, int count, boolean ended) {
    if (count >= 2 && bytes[0] == RecordHeader.ALERT && bytes[1] == 3 || ended && count == 0) {
      off();
    } else {
      findings.inconclusive(
          "ssl2",
          count == 0
              ? "a ClientHello of SSL 2.0 gets no answer at all"
              : "the answer to a ClientHello of SSL 2.0 is neither SSL 2.0 nor an alert");
    }
  }

  private void off() {
    scan.facts().version(0x0002, false);
    findings.pass("ssl2", "a ClientHello of SSL 2.0 is refused");
    findings.pass("vuln.drown", "SSL 2.0 is off");
  }

  /** Reports what is known by now. */
  void report() {
    ServerFacts facts = scan.facts();
    Optional<Boolean> thirteen = facts.speaks(Records.TLS13);
    Optional<Boolean> twelve = facts.speaks(Records.TLS12);
    thirteen.ifPresent(
        on -> {
          if (on) {
            findings.pass("tls13", "TLS 1.3 is supported");
          } else {
            findings.warn("tls13", "missing", "TLS 1.3 is not supported");
          }
        });
    twelve.ifPresent(
        on -> {
          if (on) {
            findings.pass("tls12", "TLS 1.2 is supported");
          } else if (thirteen.orElse(false)) {
            findings.pass("tls12", "TLS 1.3 only: no older version is supported");
          } else if (thirteen.isPresent()) {
            findings.fail("tls12", "neither", "neither TLS 1.2 nor TLS 1.3 is supported");
          }
        });
    old(Records.TLS11, "tls11");
    old(Records.TLS10, "tls10");
    facts
        .speaks(Records.SSL3)
        .ifPresent(
            on -> {
              if (on) {
                findings.fail("ssl3", "on", "SSL 3.0 is supported");
                cbcOfSsl3();
              } else {
                findings.pass("ssl3", "SSL 3.0 is refused");
                findings.pass("vuln.poodle", "SSL 3.0 is off");
              }
            });
  }

  private void cbcOfSsl3() {
    if (scan.facts().accepts(Records.SSL3, s -> s.mode() == TlsSuite.Mode.CBC)) {
      findings.fail("vuln.poodle", "vulnerable", "SSL 3.0 is supported with a CBC suite");
    }
  }

  /** With RC4 preferred, SSL 3.0 shows no CBC suite until one is asked for. */
  void poodle() throws ProbeFailed, InterruptedException {
    if (!scan.facts().knownToSpeak(Records.SSL3)) {
      return;
    }
    HelloResponse answer =
        scan.anyOf(
            Records.SSL3,
            ClientHelloOffers.suites(s -> s.mode() == TlsSuite.Mode.CBC && !s.export()));
    if (!answer.accepted() && answer.refused()) {
      findings.pass("vuln.poodle", "SSL 3.0 is supported, but without CBC suites");
    } else {
      cbcOfSsl3();
    }
  }

  private void old(int version, String check) {
    scan.facts()
        .speaks(version)
        .ifPresent(
            on -> {
              if (!on) {
                findings.pass(check, Records.versionName(version) + " is refused");
              } else if (scan.facts().highest(Records.TLS13) == version) {
                findings.fail(check, "best", "the best version is " + Records.versionName(version));
              } else {
                findings.warn(check, "on", Records.versionName(version) + " is still supported");
              }
            });
  }

  /** Reports what ServerHellos before TLS 1.3 showed. */
  void flags() {
    ServerFacts facts = scan.facts();
    int old = facts.highest(Records.TLS12);
    if (old == 0) {
      if (bestOld && facts.knownToSpeak(Records.TLS13)) {
        String seen = "TLS 1.3 only, which includes it";
        for (String check : List.of("ems", "secure-reneg", "compression", "client-reneg", "scsv")) {
          findings.pass(check, seen);
        }
      }
      return;
    }
    boolean answered = facts.helloAnswered();
    if (facts.answers(ClientHelloBuilder.EXTENDED_MASTER_SECRET)) {
      findings.pass("ems", "extended_master_secret is answered");
    } else if (old > Records.SSL3 && answered) {
      findings.warn("ems", "missing", "extended_master_secret is not answered");
    }
    if (facts.answers(ClientHelloBuilder.RENEGOTIATION_INFO)) {
      findings.pass("secure-reneg", "renegotiation_info is answered");
    } else if (answered) {
      findings.fail("secure-reneg", "missing", "renegotiation_info is not answered");
    }
    if (facts.compresses()) {
      findings.fail("compression", "on", "DEFLATE is chosen when it is offered");
    } else if (answerSeen) {
      findings.pass("compression", "DEFLATE is offered and not chosen");
    }
  }
}
