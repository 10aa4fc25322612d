package org.sealwax.mail.tlsrpt;

import java.util.List;
import org.sealwax.mail.address.Domain;

/** Is told of every session that says something about TLS. Thread-safe; never blocks for long. */
@FunctionalInterface
public interface TlsSessionListener {
  /** Nobody wants to know. */
  TlsSessionListener NONE = (domain, results) -> {};

  /**
   * One session, or one that was not begun because a policy refused the host.
   *
   * @param domain the next hop: about whom a report is
   * @param results one for each policy that applied; empty: nothing to count
   */
  void session(Domain domain, List<SessionResult> results);
}
