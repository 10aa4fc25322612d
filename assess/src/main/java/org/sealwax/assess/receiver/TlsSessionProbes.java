package org.sealwax.assess.receiver;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.FindingEvidence;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.assess.tlsclient.ScanClientCertificate;
import org.sealwax.assess.tlsclient.ScanHandshakeFacts;
import org.sealwax.assess.tlsclient.ScanTlsAlert;
import org.sealwax.assess.tlsclient.ScanTlsClient;
import org.sealwax.assess.tlsclient.ScanTlsOffer;
import org.sealwax.assess.tlsclient.ScanTlsWire;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.smtp.InvalidReplyException;
import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;
import org.sealwax.mail.tls.wire.Records;
import org.sealwax.mail.tls.wire.TlsSuite;

/** What shows only under TLS: state across STARTTLS, tickets, renegotiation, certificates. */
final class TlsSessionProbes {
  /** NCSC-NL and RFC 9325 3.4: keys of tickets live at most a week. */
  private static final long WEEK = 7 * 24 * 3600L;

  private static final String INJECTION = "starttls.cmdinjection";

  private final AddressScan scan;
  private final FindingLog findings;
  private final FirstConnection firstConnection;

  TlsSessionProbes(AddressScan scan, FirstConnection firstConnection) {
    this.scan = scan;
    this.findings = scan.findings();
    this.firstConnection = firstConnection;
  }

  private Duration answerTime() {
    return scan.connector().timeouts().reply();
  }

  /** A command after STARTTLS, in the same segment, must not be answered under TLS. */
  void injection() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("command injection");
    if (!starttls(INJECTION)) {
      return;
    }
    // Where a plain STARTTLS leads to TLS, a connection that ends twice ends because of the
    // command.
    Optional<String> first = injected();
    Optional<String> second = first.isPresent() ? injected() : first;
    second.ifPresent(
        how -> findings.pass(INJECTION, "the command ends the connection, twice: " + how));
  }

  /** One try: empty when it is settled, else how the connection ended before TLS. */
  private Optional<String> injected() throws ProbeFailed, InterruptedException {
    Wire wire;
    try {
      wire = scan.connector().toTls("STARTTLS\r\nNOOP\r\n", connection -> {});
    } catch (ProbeFailed e) {
      if (e.reason() == ProbeFailed.ProbeFailureReason.INJECTED) {
        findings.pass(INJECTION, "the command is answered before TLS, in plaintext");
        return Optional.empty();
      }
      if (e.reason() == ProbeFailed.ProbeFailureReason.STARTTLS_REFUSED) {
        findings.pass(INJECTION, "refused: " + e.observed());
        return Optional.empty();
      }
      if (e.reason() == ProbeFailed.ProbeFailureReason.CLOSED) {
        return Optional.of(e.observed());
      }
      throw e;
    }
    ScanTlsClient.ScanHandshakeResult result = scan.engine(wire, scan.offer());
    ScanTlsWire under = result.wire();
    if (under == null && result.silent()) {
      findings.inconclusive(
          INJECTION, "the handshake after it is not answered: " + result.failure());
      return Optional.empty();
    }
    if (under == null) {
      return Optional.of(result.failure());
    }
    answered(under);
    return Optional.empty();
  }

  private void answered(ScanTlsWire under) {
    SmtpConnection connection = new SmtpConnection(under);
    try {
      Reply first = connection.exchange("QUIT", answerTime());
      if (first.code() == 250) {
        findings.fail(
            INJECTION,
            "answered",
            "NOOP sent in plaintext after STARTTLS was answered under TLS: " + first,
            FindingEvidence.transcript(connection.transcript()));
      } else {
        findings.pass(INJECTION, "the command after STARTTLS is discarded");
      }
    } catch (IOException e) {
      findings.inconclusive(INJECTION, "QUIT under TLS is not answered: " + FailureText.of(e));
    } finally {
      connection.close();
    }
  }

  private boolean starttls(String check) {
    if (scan.visit().entry() == TlsStart.IMPLICIT) {
      findings.pass(check, "there is no plaintext before TLS");
      return false;
    }
    return firstConnection.underTls();
  }

  private void requires(Reply mail) {
    if (!findings.has("starttls.required")) {
      findings.info(
          "starttls.required",
          mail.code() == 250 ? "clear-taken" : "clear-refused",
          "MAIL in plaintext is answered " + mail);
    }
  }

  /** MAIL before TLS must be discarded with everything else (RFC 3207 4.2). */
  void reset() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("state across STARTTLS");
    if (!starttls("starttls.reset")) {
      return;
    }
    Reply[] mail = new Reply[1];
    Wire wire;
    try {
      wire =
          scan.connector()
              .toTls(
                  SmtpConnector.STARTTLS,
                  connection -> mail[0] = connection.exchange("MAIL FROM:<>", answerTime()));
    } catch (ProbeFailed e) {
      if (e.reason() != ProbeFailed.ProbeFailureReason.STARTTLS_REFUSED || mail[0] == null) {
        throw e;
      }
      // RFC 3207 does not mention STARTTLS within a transaction; a server that refuses it has no
      // state to keep.
      requires(mail[0]);
      findings.pass(
          "starttls.reset", "no state is kept across STARTTLS: after MAIL " + e.observed());
      return;
    }
    boolean taken = mail[0] != null && mail[0].code() == 250;
    if (mail[0] != null) {
      requires(mail[0]);
    }
    ScanTlsWire under = scan.engine(wire, scan.offer()).wire();
    if (under == null) {
      return;
    }
    SmtpConnection connection = new SmtpConnection(under);
    try {
      if (!taken) {
        findings.pass("starttls.reset", "no MAIL is accepted before TLS");
        return;
      }
      String rcpt = "RCPT TO:<postmaster>";
      Reply first = connection.exchange(rcpt, answerTime());
      if (first.code() == 503 || first.isPermanent() && first.code() != 550) {
        findings.pass("starttls.reset", "RCPT after STARTTLS is answered " + first);
        return;
      }
      connection.exchange("RSET", answerTime());
      Reply second = connection.exchange(rcpt, answerTime());
      if (second.code() == 503) {
        findings.fail(
            "starttls.reset",
            "kept",
            "RCPT is accepted for a MAIL from before TLS: " + first,
            FindingEvidence.transcript(connection.transcript()));
      } else {
        findings.pass("starttls.reset", "RCPT does not depend on MAIL here, before or after RSET");
      }
    } catch (IOException e) {
      findings.inconclusive(
          "starttls.reset", "RCPT without a new MAIL is not answered: " + FailureText.of(e));
    } finally {
      connection.sendQuit();
    }
  }

  /** A certificate without a trusted issuer, shown to a server that asks. */
  void clientCertificate() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("client certificate");
    boolean asked =
        firstConnection.facts() != null && firstConnection.facts().request() != null
            || scan.facts().request().isPresent();
    if (!asked) {
      if (firstConnection.facts() != null) {
        findings.pass("clientcert.tolerate", "no client certificate is requested");
      }
      return;
    }
    java.time.Instant now = scan.connector().clock().now();
    ScanClientCertificate own =
        ScanClientCertificate.selfSigned(
            "probe.invalid", now.minus(Duration.ofDays(60)), now.minus(Duration.ofDays(30)));
    // Without a certificate the same handshake continues; one that ends without an alert is tried
    // again.
    String problem = "";
    boolean refused = false;
    for (int round = 0; round < 2 && !refused; round++) {
      ScanTlsClient.ScanHandshakeResult result = scan.engine(scan.offer().withCertificate(own));
      problem = result.failure();
      refused = result.alert() >= 0 || round > 0 && !result.silent();
      ScanTlsWire under = result.wire();
      if (under == null) {
        continue;
      }
      SmtpConnection connection = new SmtpConnection(under);
      try {
        if (scan.visit().entry() == TlsStart.IMPLICIT) {
          connection.reply(answerTime());
        }
        Reply hello = connection.exchange("EHLO " + scan.visit().ehlo(), answerTime());
        findings.pass(
            "clientcert.tolerate", "with an expired self-signed one EHLO is answered " + hello);
        return;
      } catch (IOException e) {
        problem = FailureText.of(e);
        refused =
            e instanceof ScanTlsAlert
                || round > 0 && SmtpConnection.meaning(e) != ProbeFailed.ProbeFailureReason.SILENT;
      } finally {
        connection.sendQuit();
      }
    }
    findings.add(
        "clientcert.tolerate",
        refused ? CheckOutcome.FAIL : CheckOutcome.INCONCLUSIVE,
        refused ? "aborts" : "",
        "with an expired self-signed certificate the connection ends: " + problem);
  }

  /** What was asked of our certificate, as far as anything showed it. */
  void reportCertificateRequest() {
    ScanHandshakeFacts facts = firstConnection.facts();
    if (findings.has("clientcert.request") || facts == null) {
      return;
    }
    ScanHandshakeFacts.CertificateRequestFacts request = facts.request();
    if (request == null) {
      findings.pass("clientcert.request", "no client certificate is requested");
    } else if (request.bytes() > 4_096) {
      findings.warn(
          "clientcert.request",
          "large-list",
          request.authorities() + " CAs are listed in " + request.bytes() + " bytes");
    } else {
      findings.info(
          "clientcert.request",
          "requested",
          "a client certificate is requested but not required; "
              + request.authorities()
              + " CAs listed");
    }
  }

  /** A second handshake inside the first, at the client's request. */
  void renegotiation() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("renegotiation");
    if (findings.has("client-reneg") || !scan.speaksOld().orElse(false)) {
      return;
    }
    int old = scan.facts().highest(Records.TLS12);
    ScanTlsClient.ScanHandshakeResult result =
        scan.engine(scan.offer().versions(Math.min(Records.TLS10, old), old));
    ScanTlsWire under = result.wire();
    if (under == null) {
      return;
    }
    try {
      List<Integer> suites = List.of(result.facts().suite());
      under.readTimeout(scan.patience());
      ScanTlsWire.ServerReaction reaction = under.renegotiate(suites);
      switch (reaction) {
        case ACCEPTED ->
            findings.warn("client-reneg", "endless", "client-initiated renegotiation is accepted");
        case REFUSED, CLOSED ->
            findings.pass("client-reneg", "client-initiated renegotiation is rejected");
        case SILENT ->
            findings.inconclusive("client-reneg", "client-initiated renegotiation is not answered");
      }
    } catch (IOException e) {
      // The connection ended before the question.
    } finally {
      SmtpConnection.close(under);
    }
  }

  /** Records with wrong padding and a right MAC (CVE-2014-8730). */
  void padding() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("padding");
    List<Integer> cbc =
        ClientHelloOffers.secure(
            s ->
                s.mode() == TlsSuite.Mode.CBC
                    && scan.facts().oldSuites().contains(s.id())
                    && (s.bulk() == TlsSuite.Bulk.AES || s.bulk() == TlsSuite.Bulk.CAMELLIA));
    if (cbc.isEmpty()) {
      if (!scan.facts().oldSuites().isEmpty() || !scan.speaksOld().orElse(true)) {
        findings.pass("vuln.poodle-tls", "no CBC suite is accepted in TLS");
      }
      return;
    }
    int old = scan.facts().highest(Records.TLS12);
    if (old < Records.TLS10) {
      return;
    }
    ScanTlsOffer offer = scan.offer().versions(Records.TLS10, old).suites(cbc);
    ScanTlsWire under = scan.engine(offer).wire();
    if (under == null) {
      return;
    }
    SmtpConnection connection = new SmtpConnection(under);
    try {
      if (scan.visit().entry() == TlsStart.IMPLICIT) {
        connection.reply(answerTime());
      }
      under.alterPadding();
      Reply reply = connection.exchange("NOOP", scan.patience());
      if (!under.altered()) {
        return;
      }
      findings.fail(
          "vuln.poodle-tls",
          "vulnerable",
          "a record with wrong padding was accepted: NOOP in it is answered " + reply);
    } catch (IOException e) {
      // RFC 5246 6.2.3.2 demands an alert, after which the connection is over: only that passes.
      boolean refused =
          under.altered()
              && (e instanceof ScanTlsAlert
                  || e instanceof InvalidReplyException failure
                      && failure.kind() == InvalidReplyException.Kind.CLOSED);
      findings.add(
          "vuln.poodle-tls",
          refused ? CheckOutcome.PASS : CheckOutcome.INCONCLUSIVE,
          "",
          "a record with wrong padding is "
              + (refused ? "refused: " : "not answered: ")
              + FailureText.of(e));
    } finally {
      connection.close();
    }
  }

  /** A ticket of TLS 1.2, for those checks that need one. */
  ScanHandshakeFacts.@Nullable SessionTicketFacts oldTicket()
      throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("tickets");
    int old = scan.facts().highest(Records.TLS12);
    if (old < Records.TLS10) {
      return null;
    }
    ScanHandshakeFacts facts = firstConnection.facts();
    if (facts == null || facts.version() > Records.TLS12) {
      ScanTlsClient.ScanHandshakeResult result =
          scan.engine(scan.offer().versions(Math.min(Records.TLS10, old), old));
      ScanTlsWire under = result.wire();
      if (under == null) {
        return null;
      }
      new SmtpConnection(under).sendQuit();
      facts = under.facts();
    }
    last = facts;
    return facts.tickets().isEmpty() ? null : facts.tickets().getFirst();
  }

  private @Nullable ScanHandshakeFacts last;

  /** The handshake that {@link #oldTicket} came from. */
  @Nullable ScanHandshakeFacts last() {
    return last;
  }

  /** Reports the properties of the session tickets. */
  void reportTickets(ScanHandshakeFacts.@Nullable SessionTicketFacts old, boolean looked) {
    ScanHandshakeFacts facts = firstConnection.facts();
    if (facts == null) {
      if (scan.facts().answers(ClientHelloBuilder.SESSION_TICKET)) {
        findings.info("ticket", "", "tickets are offered; none of them could be examined");
      }
      return;
    }
    List<ScanHandshakeFacts.SessionTicketFacts> all = new java.util.ArrayList<>(facts.tickets());
    if (old != null && !all.contains(old)) {
      all.add(old);
    }
    boolean bad = false;
    for (ScanHandshakeFacts.SessionTicketFacts ticket : all) {
      byte[] bytes = HexFormat.of().parseHex(ticket.ticketHex());
      if (underZeroKey(bytes)) {
        bad = true;
        findings.fail(
            "ticket",
            "zero-key",
            "tickets are encrypted with an all-zero key",
            FindingEvidence.bytes(bytes));
      } else if (ticket.lifetime() > WEEK) {
        bad = true;
        findings.warn(
            "ticket", "long", "tickets are valid for " + ticket.lifetime() / 3600 + " hours");
      }
    }
    if (!bad) {
      findings.pass(
          "ticket",
          all.isEmpty()
              ? "no ticket is issued"
              : all.size() + " tickets, valid for " + all.getFirst().lifetime() + " s");
    }
    if (facts.version() < Records.TLS13 && looked) {
      findings.pass("early-data", "TLS 1.3 was not negotiated");
    } else if (facts.version() >= Records.TLS13) {
      long early =
          facts.tickets().stream()
              .mapToLong(ScanHandshakeFacts.SessionTicketFacts::earlyData)
              .max()
              .orElse(-1);
      if (early > 0) {
        findings.fail("early-data", "accepted", "tickets allow " + early + " bytes of early data");
      } else {
        findings.pass("early-data", "tickets allow no early data");
      }
    }
  }

  /**
   * RFC 5077 4: key name, IV, state, HMAC-SHA-256 over what is before it. A key of zeros is what
   * GnuTLS used for its first hours (CVE-2020-13777), and what uninitialised memory leaves.
   */
  static boolean underZeroKey(byte[] ticket) {
    if (ticket.length < 16 + 16 + 16 + 32) {
      return false;
    }
    byte[] body = Arrays.copyOf(ticket, ticket.length - 32);
    byte[] mac = Arrays.copyOfRange(ticket, ticket.length - 32, ticket.length);
    for (int size : new int[] {16, 32}) {
      try {
        Mac hmac = Mac.getInstance("HmacSHA256");
        hmac.init(new SecretKeySpec(new byte[size], "HmacSHA256"));
        if (Arrays.equals(hmac.doFinal(body), mac)) {
          return true;
        }
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException("every JDK has HmacSHA256", e);
      }
    }
    return VulnerabilityProbes.zero(Arrays.copyOf(ticket, 16));
  }

  /** Certificates of the key types that have not been seen. */
  void certificates() throws ProbeFailed, InterruptedException {
    scan.visit().reportProgress("certificates of each type");
    boolean old = scan.speaksOld().orElse(false);
    boolean tried = true;
    if (!scan.facts().leafTypes().contains("RSA")) {
      tried &=
          type(old, TlsSuite.Authentication.RSA, List.of(0x0804, 0x0805, 0x0806, 0x0401, 0x0501));
    }
    boolean curve = scan.facts().leafTypes().contains("EC");
    if (!curve && !scan.facts().leafTypes().contains("EdDSA")) {
      tried &=
          type(old, TlsSuite.Authentication.ECDSA, List.of(0x0403, 0x0503, 0x0603, 0x0807, 0x0808));
    }
    if (tried) {
      scan.visit().facts().allKeyTypesTried();
    }
  }

  private boolean type(boolean old, TlsSuite.Authentication kind, List<Integer> schemes)
      throws ProbeFailed, InterruptedException {
    if (old) {
      int version = scan.oldVersion();
      List<Integer> suites =
          ClientHelloOffers.usable(
              version,
              ClientHelloOffers.suites(
                  s ->
                      !s.export()
                          && s.authentication() == kind
                          && (s.exchange() == TlsSuite.Exchange.ECDHE
                              || s.exchange() == TlsSuite.Exchange.DHE
                              || s.exchange() == TlsSuite.Exchange.RSA)));
      if (suites.isEmpty()) {
        return true;
      }
      return scan.anyOf(version, suites).settled();
    }
    if (scan.facts().knownToSpeak(Records.TLS13)) {
      ScanTlsWire under =
          scan.engine(scan.offer().versions(Records.TLS13, Records.TLS13).schemes(schemes)).wire();
      if (under != null) {
        SmtpConnection.close(under);
      }
      return true;
    }
    return false;
  }
}
