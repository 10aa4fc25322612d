package org.sealwax.mail.policy;

import org.sealwax.mail.smtp.Reply;
import org.sealwax.mail.tls.verdict.Handshake;
import org.sealwax.mail.tls.verdict.TlsException;

/** The result of one connection before any mail was sent on it. */
public sealed interface Observation {
  /** The stage of the SMTP session. */
  enum GreetingStage {
    /** The initial 220. */
    BANNER,
    /** The reply to the first EHLO or HELO. */
    EHLO,
    /** STARTTLS and the handshake. */
    STARTTLS,
    /** The reply to EHLO after the handshake. */
    EHLO_AGAIN
  }

  /**
   * The connection failed.
   *
   * @param why the reason in words, for logs
   */
  record Unreachable(String why) implements Observation {}

  /**
   * The host refused us by a reply.
   *
   * @param stage where in the greeting
   * @param reply the reply of the server
   */
  record RefusedByReply(GreetingStage stage, Reply reply) implements Observation {}

  /**
   * Timeout, close, or a reply that is not SMTP, before TLS began.
   *
   * @param stage where in the greeting
   * @param why the reason in words, for logs
   */
  record ConnectionLost(GreetingStage stage, String why) implements Observation {}

  /**
   * Greeted and open, unencrypted.
   *
   * @param starttlsOffered whether STARTTLS was offered (and, by our own decision, not used)
   */
  record Unencrypted(boolean starttlsOffered) implements Observation {}

  /**
   * STARTTLS was offered and answered 4yz or 5yz; open, unencrypted.
   *
   * @param reply the reply of the server
   */
  record StarttlsRefused(Reply reply) implements Observation {}

  /**
   * Plaintext came together with the 220 to STARTTLS: an attacker injects (CVE-2011-0411 in the
   * other direction). Closed.
   */
  record Injected() implements Observation {}

  /**
   * The TLS handshake began and failed, whatever the cause. The connection is closed.
   *
   * @param kind the kind of failure
   * @param why the reason in words, for logs
   */
  record HandshakeFailed(TlsException.Kind kind, String why) implements Observation {}

  /**
   * Greeted and open, under TLS, with the capabilities of the second EHLO.
   *
   * @param handshake the facts of the handshake
   */
  record Encrypted(Handshake handshake) implements Observation {}
}
