package org.sealwax.mail.http;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.Verdict;

/** Why there is no answer. */
public sealed interface HttpsFailure {
  /**
   * In words for logs and people.
   *
   * @return the failure in words
   */
  String text();

  /**
   * The host has no address in the DNS.
   *
   * @param text the reason in words, for logs
   */
  record NoAddress(String text) implements HttpsFailure {}

  /**
   * The look-up failed: bogus, SERVFAIL, timeout.
   *
   * @param text the reason in words, for logs
   */
  record DnsFailed(String text) implements HttpsFailure {}

  /**
   * No connection to any of its addresses.
   *
   * @param text the reason in words, for logs
   */
  record NoConnection(String text) implements HttpsFailure {}

  /**
   * No TLS.
   *
   * @param kind the kind of failure
   * @param text the reason in words, for logs
   */
  record TlsFailed(TlsException.Kind kind, String text) implements HttpsFailure {}

  /**
   * The host's certificate does not prove its identity.
   *
   * @param verdict on its certificate
   * @param notes of the peer verifier
   */
  record CertificateNotVerified(Verdict verdict, List<String> notes) implements HttpsFailure {
    /** Copies. */
    public CertificateNotVerified {
      notes = List.copyOf(notes);
    }

    @Override
    public String text() {
      return "certificate " + verdict.text() + (notes.isEmpty() ? "" : ", " + notes.getFirst());
    }
  }

  /**
   * The response is no HTTP/1.1, or ends too early.
   *
   * @param text the reason in words, for logs
   */
  record Malformed(String text) implements HttpsFailure {}

  /**
   * The content is over the limit.
   *
   * @param limit the limit in bytes
   */
  record TooLarge(int limit) implements HttpsFailure {
    @Override
    public String text() {
      return "the answer is over " + limit + " octets";
    }
  }

  /**
   * The time limit has passed.
   *
   * @param total the time limit
   */
  record TotalTimeReached(Duration total) implements HttpsFailure {
    @Override
    public String text() {
      return "no complete answer within " + total.toSeconds() + " s";
    }
  }

  /**
   * The connection failed.
   *
   * @param text the reason in words, for logs
   */
  record Lost(String text) implements HttpsFailure {}
}
