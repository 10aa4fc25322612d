package org.sealwax.mail.smtp;

import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The parameters of RCPT that we know (RFC 3461 4.1, 4.2).
 *
 * @param when NOTIFY; empty when it was not given
 * @param originalRecipient ORCPT as given, {@code rfc822;user+40example.org}, or null
 */
public record RcptParameters(Set<Notify> when, @Nullable String originalRecipient) {
  /** NOTIFY values. */
  public enum Notify {
    /** Stands alone. */
    NEVER,
    /** {@code NOTIFY=SUCCESS}. */
    SUCCESS,
    /** {@code NOTIFY=FAILURE}. */
    FAILURE,
    /** {@code NOTIFY=DELAY}. */
    DELAY
  }

  /** Copies. */
  public RcptParameters {
    when = when.isEmpty() ? Set.of() : Set.copyOf(EnumSet.copyOf(when));
  }

  /** {@return whether NOTIFY or ORCPT was given (RFC 3461)} */
  public boolean requestsDsn() {
    return !when.isEmpty() || originalRecipient != null;
  }

  /**
   * None given.
   *
   * @return no parameters
   */
  public static RcptParameters none() {
    return NONE;
  }

  private static final RcptParameters NONE = new RcptParameters(Set.of(), null);
}
