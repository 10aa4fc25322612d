package org.sealwax.assess.receiver;

import java.io.IOException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.tlsclient.ScanHandshakeFacts;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.TlsClient;
import org.sealwax.mail.tls.TlsWire;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.ServerMessage;

/**
 * Whether a session is resumed: tried, not concluded from a ticket that was given. Before TLS 1.3
 * the answer shows it unencrypted, because an abbreviated handshake has no Certificate (RFC 5246
 * 7.3, RFC 5077 3.1); in TLS 1.3 the ticket must be bound to the session (RFC 8446 4.2.11.2), which
 * takes an engine that keeps sessions.
 */
final class ResumptionProbes {
  private final AddressScan scan;
  private final FindingLog findings;
  private final @Nullable TlsClient engine;

  /**
   * For one visit.
   *
   * @param engine keeps sessions; null: those of TLS 1.3 are not tried
   */
  ResumptionProbes(AddressScan scan, @Nullable TlsClient engine) {
    this.scan = scan;
    this.findings = scan.findings();
    this.engine = engine;
  }

  /** Whether an answer resumes a session: a ServerHello, and no certificate after it. */
  static boolean resumed(HelloResponse answer) {
    return answer.whole()
        && answer.reader().messages().stream()
            .noneMatch(m -> m instanceof ServerMessage.Certificates);
  }

  /** The result of the ticket of TLS 1.2 or below that was sent again. */
  void ticket(HelloResponse answer) {
    if (!answer.accepted()) {
      return;
    }
    String version = Records.versionName(answer.hello().orElseThrow().version());
    if (resumed(answer)) {
      findings.info("resumption", "ticket", version + ": a ticket resumes its session");
    } else {
      findings.info("resumption", "none", version + ": a ticket is issued but not accepted");
    }
  }

  /** By the session id, where no ticket was given (RFC 5246 7.3). */
  void id(@Nullable ScanHandshakeFacts facts) throws ProbeFailed, InterruptedException {
    if (facts == null || facts.version() < Records.TLS10 || facts.version() > Records.TLS12) {
      return;
    }
    String version = Records.versionName(facts.version());
    if (facts.sessionId().isEmpty()) {
      findings.info("resumption", "none", version + ": neither ticket nor session id");
      return;
    }
    scan.visit().reportProgress("resumption");
    byte[] id = HexFormat.of().parseHex(facts.sessionId());
    ClientHelloBuilder hello = scan.old(facts.version(), List.of(facts.suite())).sessionId(id);
    HelloResponse answer = scan.ask(hello);
    Optional<ServerMessage.ServerHello> found = answer.hello();
    if (found.isEmpty()) {
      return;
    }
    boolean same = found.get().sessionId().equals(facts.sessionId());
    if (same && resumed(answer)) {
      findings.info("resumption", "id", version + ": a session is resumed by its id");
    } else {
      findings.info("resumption", "none", version + ": no session is resumed");
    }
  }

  /** In TLS 1.3: two handshakes of an engine that keeps tickets. */
  void thirteen() throws ProbeFailed, InterruptedException {
    TlsClient keeping = engine;
    if (keeping == null || !scan.facts().knownToSpeak(Records.TLS13) || scan.small()) {
      return;
    }
    scan.visit().reportProgress("resumption in TLS 1.3");
    if (resumes(keeping).isEmpty()) {
      return;
    }
    Optional<Boolean> second = resumes(keeping);
    if (second.isEmpty()) {
      return;
    }
    if (second.get()) {
      findings.info("resumption", "ticket", "TLS 1.3: a ticket resumes its session");
    } else {
      findings.info("resumption", "none", "TLS 1.3: no session is resumed");
    }
  }

  /** One handshake and EHLO; whether it resumed a session, or empty when it failed. */
  private Optional<Boolean> resumes(TlsClient keeping) throws ProbeFailed, InterruptedException {
    Wire clear = scan.connector().toTls();
    Duration time = scan.patience().multipliedBy(2);
    SmtpConnection connection;
    boolean resumed;
    try {
      TlsWire wire = keeping.connect(clear, offer(), time);
      resumed = wire.handshake().resumed();
      connection = new SmtpConnection(wire);
    } catch (TlsException e) {
      return Optional.empty();
    }
    try {
      scan.connector().ehloUnderTls(connection);
    } catch (IOException e) {
      // Whether it was resumed is known by now.
    } finally {
      connection.sendQuit();
    }
    return Optional.of(resumed);
  }

  private ClientOffer offer() {
    Domain name = Domain.parse(scan.serverName()).orElse(null);
    return ClientOffer.plain(
            name,
            TlsFloor.DEFAULT,
            new ReferenceIdentity(List.of(), Set.of(), TrustRoots.none()),
            "assess " + scan.visit().location().text())
        .resuming();
  }
}
