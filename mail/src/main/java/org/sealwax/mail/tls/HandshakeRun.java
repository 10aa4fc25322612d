package org.sealwax.mail.tls;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.sealwax.mail.net.Deadline;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.PeerVerification;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.Verdict;

/** Common parts of both sides of a handshake: the total time, the kinds of failure, the facts. */
final class HandshakeRun {
  private static final String OWN = "org.sealwax.own";

  private HandshakeRun() {}

  /** Judges a chain. */
  interface ChainVerification {
    /** {@code staple}: the OCSP answer that came with it, or null. */
    PeerVerification of(List<X509Certificate> chain, byte @Nullable [] staple);
  }

  interface HandshakeBody {
    EngineWire run() throws IOException;
  }

  /** Runs a handshake within its time; after any failure, {@code clear} is closed. */
  static EngineWire within(Wire clear, Duration total, HandshakeBody body) throws TlsException {
    boolean done = false;
    try (Deadline deadline = Deadline.after(total, clear)) {
      try {
        EngineWire wire = body.run();
        done = !deadline.passed();
        if (!done) {
          wire.close();
          throw timeout(total, null);
        }
        return wire;
      } catch (TlsException e) {
        throw deadline.passed() && e.kind() != TlsException.Kind.TIMEOUT ? timeout(total, e) : e;
      } catch (SocketTimeoutException e) {
        throw new TlsException(TlsException.Kind.TIMEOUT, "timeout in the TLS handshake", e);
      } catch (IOException e) {
        throw deadline.passed()
            ? timeout(total, e)
            : new TlsException(TlsException.Kind.CLOSED, "connection lost in the TLS handshake", e);
      }
    } finally {
      if (!done) {
        try {
          clear.close();
        } catch (IOException e) {
          // It is of no more use.
        }
      }
    }
  }

  private static TlsException timeout(Duration total, @Nullable IOException cause) {
    String message = "the TLS handshake took longer than " + total.toMillis() + " ms";
    return cause == null
        ? new TlsException(TlsException.Kind.TIMEOUT, message)
        : new TlsException(TlsException.Kind.TIMEOUT, message, cause);
  }

  /** The facts of a finished handshake, with its verdict. */
  static Handshake facts(EngineWire wire, @Nullable String serverName, ChainVerification judge) {
    SSLSession session = wire.engine().getSession();
    List<X509Certificate> chain = new ArrayList<>();
    boolean unreadable = false;
    for (Certificate sent : sent(session)) {
      try {
        // The JDK's own class, whatever the engine hands out; its factory remembers recent ones.
        chain.add(Pem.certificate(sent.getEncoded()));
      } catch (CertificateException | RuntimeException e) {
        unreadable = true;
        break;
      }
    }
    PeerVerification verification;
    if (unreadable && chain.isEmpty()) {
      verification =
          new PeerVerification(
              new Verdict.Untrusted(Verdict.Reason.UNKNOWN_ISSUER),
              List.of("the certificate cannot be read"));
    } else {
      verification = judge.of(chain, wire.staple());
    }
    boolean own = own(wire, session);
    String suite = session.getCipherSuite();
    return new Handshake(
        TlsVersion.ofLabel(session.getProtocol()),
        suite,
        SuitePreference.bits(suite),
        wire.shown().group(),
        wire.shown().resumed(),
        serverName,
        chain,
        own,
        verification.verdict(),
        verification.proof(),
        verification.notes());
  }

  /**
   * Whether we showed a certificate: always as a server; of a resumed session, whether we did when
   * it was made, which BoringSSL's sessions do not record.
   */
  private static boolean own(EngineWire wire, SSLSession session) {
    if (!wire.client()) {
      return true;
    }
    Certificate @Nullable [] local = session.getLocalCertificates();
    if (local != null && local.length > 0) {
      session.putValue(OWN, OWN);
      return true;
    }
    return wire.shown().resumed() && session.getValue(OWN) != null;
  }

  private static Certificate[] sent(SSLSession session) {
    try {
      return session.getPeerCertificates();
    } catch (SSLPeerUnverifiedException e) {
      return new Certificate[0];
    }
  }
}
