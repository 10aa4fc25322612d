package org.sealwax.mail.spf;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * What an SPF check found.
 *
 * @param result the result
 * @param domain the domain that was checked; empty when there was none
 * @param reason in words for logs: the term that matched, or why there is no better result; at most
 *     {@link #MAX_REASON} characters of printable ASCII
 */
public record SpfVerdict(SpfResult result, Optional<Domain> domain, String reason) {
  /** Characters of a reason: one line of a log. */
  public static final int MAX_REASON = 200;

  /** Cuts and cleans the reason, which may quote a record. */
  public SpfVerdict {
    StringBuilder clean = new StringBuilder();
    reason
        .chars()
        .limit(MAX_REASON)
        .forEach(c -> clean.append(c >= ' ' && c <= '~' ? (char) c : '?'));
    reason = clean.toString();
  }
}
