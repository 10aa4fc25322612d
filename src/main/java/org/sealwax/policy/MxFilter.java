package org.sealwax.policy;

import org.sealwax.address.MailHost;

/** Which MX hosts may be used at all. MTA-STS patterns and DNSSEC are further cases. */
public sealed interface MxFilter {
  /** Every host. */
  record Any() implements MxFilter {}

  /** Whether {@code host} may be used. */
  default boolean admits(MailHost host) {
    return switch (this) {
      case Any a -> true;
    };
  }
}
