package org.sealwax.router.policyd;

import java.time.Duration;
import java.time.Instant;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.sts.StsMemory;

/**
 * The attributes by which Postfix 3.10 and later learn which policy they report about, and which MX
 * hosts it lists (smtp_tls_policy_maps, smtp_tls_enforce_sts_mx_patterns in postconf(5)). Earlier
 * ones refuse a line with them: so they are served on request only.
 */
final class TlsrptAttributes {
  private TlsrptAttributes() {}

  /**
   * What to append to a line.
   *
   * @param domain the policy domain
   * @param fetched its MTA-STS policy, in {@code enforce} or {@code testing}
   */
  static String of(Domain domain, StsMemory.FetchedPolicy fetched, Instant now) {
    StringBuilder out = new StringBuilder(256);
    out.append(" policy_type=sts policy_domain=").append(domain);
    Duration left = Duration.between(now, fetched.expires());
    out.append(" policy_ttl=").append(Math.max(0, left.toSeconds()));
    for (MxPattern pattern : fetched.policy().mx()) {
      out.append(" mx_host_pattern=").append(pattern);
    }
    for (String line : fetched.policy().text().split("\r?\n")) {
      // Braces delimit a value with blanks; a line that has some itself cannot be quoted.
      boolean plain = line.chars().allMatch(c -> c >= 0x20 && c < 0x7f && c != '{' && c != '}');
      if (plain && !line.isBlank()) {
        out.append(" { policy_string = ").append(line.strip()).append(" }");
      }
    }
    return out.toString();
  }
}
