package org.sealwax.queue;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a sender asked of one recipient by DSN parameters (RFC 3461 4.1, 4.2).
 *
 * @param when when to tell; empty when NOTIFY was not given (then failures and delays are told)
 * @param never NOTIFY=NEVER
 * @param originalRecipient ORCPT as given, {@code rfc822;user@example.org} in xtext, or null
 */
public record DsnWish(Set<When> when, boolean never, @Nullable String originalRecipient) {
  /** NOTIFY values. */
  public enum When {
    SUCCESS,
    FAILURE,
    DELAY
  }

  /** Copies, and keeps NEVER exclusive. */
  public DsnWish {
    when = when.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(when));
    if (never && !when.isEmpty()) {
      throw new IllegalArgumentException("NEVER excludes the others (RFC 3461 4.1)");
    }
  }

  /** Nothing was asked. */
  public static DsnWish none() {
    return new DsnWish(Set.of(), false, null);
  }
}
