package org.sealwax.mail.dns.validate;

import org.xbill.DNS.DNSKEYRecord;

/** The signature algorithms that count. Everything else is as if it were not there. */
interface Algorithms {
  /** Whether signatures of this algorithm can be verified (IANA number). */
  boolean isSupported(int algorithm);

  /** Whether the signature over these bytes holds; false for keys and signatures out of form. */
  boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature);
}
