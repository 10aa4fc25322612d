package org.sealwax.mail.http;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.tls.verdict.TlsException;
import org.sealwax.mail.tls.verdict.Verdict;

/** Why there is no answer. */
public sealed interface HttpsFailure {
  /** In words for logs and people. */
  String text();

  /** The DNS says that the host has no address. */
  record NoAddress(String text) implements HttpsFailure {}

  /** The DNS does not say: bogus, SERVFAIL, timeout. */
  record DnsFailed(String text) implements HttpsFailure {}

  /** No connection to any of its addresses. */
  record NoConnection(String text) implements HttpsFailure {}

  /** No TLS. */
  record TlsFailed(TlsException.Kind kind, String text) implements HttpsFailure {}

  /**
   * The host is not proven to be who was meant.
   *
   * @param verdict on its certificate
   * @param notes of the judge
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

  /** What came is no answer of HTTP/1.1, or ends before it should. */
  record Malformed(String text) implements HttpsFailure {}

  /** The content is over the limit. */
  record TooLarge(int limit) implements HttpsFailure {
    @Override
    public String text() {
      return "the answer is over " + limit + " octets";
    }
  }

  /** The time is over. */
  record TotalTimeReached(Duration total) implements HttpsFailure {
    @Override
    public String text() {
      return "no complete answer within " + total.toSeconds() + " s";
    }
  }

  /** The connection broke. */
  record Lost(String text) implements HttpsFailure {}
}
