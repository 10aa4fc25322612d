package org.sealwax.dns.validate;

import java.time.Instant;
import java.util.List;
import org.sealwax.dns.Security;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Name;

/** What the walk down from the trust anchor established about a zone cut. */
public sealed interface ZoneStatus {
  /**
   * A zone with validated keys.
   *
   * @param keys that may sign its data; never empty
   * @param until when this has to be established again
   */
  record Signed(Name zone, List<DNSKEYRecord> keys, Instant until) implements ZoneStatus {
    /** Copies. */
    public Signed {
      keys = List.copyOf(keys);
    }
  }

  /**
   * From here on down nothing is signed, or not with anything that we can verify.
   *
   * @param until when this has to be established again
   */
  record Unsigned(String reason, Instant until) implements ZoneStatus {}

  /**
   * Neither could be established. Never kept for another question.
   *
   * @param security BOGUS or FAILED
   */
  record Broken(Security security, String reason) implements ZoneStatus {}
}
