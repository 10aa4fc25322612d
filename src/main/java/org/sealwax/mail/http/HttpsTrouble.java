package org.sealwax.mail.http;

import java.time.Duration;
import java.util.List;
import org.sealwax.mail.tls.verdict.TlsTrouble;
import org.sealwax.mail.tls.verdict.Verdict;

/** Why there is no answer. */
public sealed interface HttpsTrouble {
  /** In words for logs and people. */
  String text();

  /** The DNS says that the host has no address. */
  record NoAddress(String text) implements HttpsTrouble {}

  /** The DNS does not say: bogus, SERVFAIL, timeout. */
  record Dns(String text) implements HttpsTrouble {}

  /** No connection to any of its addresses. */
  record Unreachable(String text) implements HttpsTrouble {}

  /** No TLS. */
  record Tls(TlsTrouble.Kind kind, String text) implements HttpsTrouble {}

  /**
   * The host is not proven to be who was meant.
   *
   * @param verdict on its certificate
   * @param notes of the judge
   */
  record Certificate(Verdict verdict, List<String> notes) implements HttpsTrouble {
    /** Copies. */
    public Certificate {
      notes = List.copyOf(notes);
    }

    @Override
    public String text() {
      return "certificate " + verdict.text() + (notes.isEmpty() ? "" : ", " + notes.getFirst());
    }
  }

  /** What came is no answer of HTTP/1.1, or ends before it should. */
  record Malformed(String text) implements HttpsTrouble {}

  /** The content is over the limit. */
  record TooLarge(int limit) implements HttpsTrouble {
    @Override
    public String text() {
      return "the answer is over " + limit + " octets";
    }
  }

  /** The time is over. */
  record TooLate(Duration total) implements HttpsTrouble {
    @Override
    public String text() {
      return "no complete answer within " + total.toSeconds() + " s";
    }
  }

  /** The connection broke. */
  record Lost(String text) implements HttpsTrouble {}
}
