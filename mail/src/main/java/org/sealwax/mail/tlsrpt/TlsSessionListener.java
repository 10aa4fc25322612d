package org.sealwax.mail.tlsrpt;

import java.util.List;
import org.sealwax.mail.address.Domain;

/**
 * Listener for every session that shows something about TLS. Thread-safe; never blocks for long.
 */
@FunctionalInterface
public interface TlsSessionListener {
  /** Ignores every session. */
  TlsSessionListener NONE = (domain, results) -> {};

  /**
   * One session, or one that was not begun because a policy refused the host.
   *
   * @param domain the next hop, which is the domain that a report is about
   * @param results one for each policy that applied; empty: nothing to count
   */
  void session(Domain domain, List<SessionResult> results);
}
