package org.sealwax.assess.receiver;

import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.assess.tlsclient.ScanTlsWire;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.smtp.Reply;

/**
 * A session at the point where MAIL may be sent: under TLS where the server offers it, as mail
 * goes, and unencrypted where it does not. For the tests that a user requests by name.
 */
final class SmtpClientSession {
  /** Connections that one of them takes at most: one where TLS fails, and one without TLS. */
  static final int CONNECTIONS = 2;

  private SmtpClientSession() {}

  /** After EHLO; for the caller to quit. */
  static SmtpConnection open(AddressScan scan) throws ProbeFailed, InterruptedException {
    SmtpConnection connection = underTls(scan);
    return connection == null ? scan.connector().greeted() : connection;
  }

  private static @Nullable SmtpConnection underTls(AddressScan scan)
      throws ProbeFailed, InterruptedException {
    ScanTlsWire wire;
    try {
      wire = scan.engine(scan.offer()).wire();
    } catch (ProbeFailed e) {
      return switch (e.reason()) {
        case NO_STARTTLS, STARTTLS_REFUSED, INJECTED -> null;
        case NO_CONNECTION_LEFT,
            NO_TIME_LEFT,
            THROTTLED,
            UNREACHABLE,
            SILENT,
            CLOSED,
            GARBAGE,
            ENDLESS,
            UNWELCOME ->
            throw e;
      };
    }
    if (wire == null) {
      if (scan.visit().entry() == TlsStart.IMPLICIT) {
        throw new ProbeFailed(ProbeFailed.ProbeFailureReason.CLOSED, "the TLS handshake failed");
      }
      return null;
    }
    SmtpConnection connection = new SmtpConnection(wire);
    boolean good = false;
    try {
      Reply hello = scan.connector().ehloUnderTls(connection);
      good = hello.code() == 250;
      if (!good) {
        throw new ProbeFailed(
            ProbeFailed.ProbeFailureReason.UNWELCOME, "EHLO under TLS is answered " + hello);
      }
      return connection;
    } catch (IOException e) {
      throw new ProbeFailed(SmtpConnection.meaning(e), "EHLO under TLS: " + FailureText.of(e));
    } finally {
      if (!good) {
        connection.close();
      }
    }
  }
}
