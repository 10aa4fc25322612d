package org.sealwax.mail.dns.validate;

import java.time.Instant;
import java.util.List;
import org.xbill.DNS.DNSKEYRecord;
import org.xbill.DNS.Name;

/** The status of a zone cut, as established from the trust anchor down. */
public sealed interface ZoneStatus {
  /** When this has to be established again. */
  Instant until();

  /**
   * A zone with validated keys.
   *
   * @param keys that may sign its data; never empty
   */
  record Signed(Name zone, List<DNSKEYRecord> keys, Instant until) implements ZoneStatus {
    /** Copies. */
    public Signed {
      keys = List.copyOf(keys);
    }
  }

  /** From here on down nothing is signed, or not with anything that we can verify. */
  record Unsigned(String reason, Instant until) implements ZoneStatus {}

  /** BOGUS: neither is proven. Never kept for another question. */
  record Broken(String reason) implements ZoneStatus {
    @Override
    public Instant until() {
      return Instant.MIN;
    }
  }
}
