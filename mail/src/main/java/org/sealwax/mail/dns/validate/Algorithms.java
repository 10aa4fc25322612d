package org.sealwax.mail.dns.validate;

import org.xbill.DNS.DNSKEYRecord;

/** The supported signature algorithms. Records with others are ignored. */
interface Algorithms {
  /** Whether signatures of this algorithm can be verified (IANA number). */
  boolean isSupported(int algorithm);

  /** Whether the signature over these bytes holds; false for keys and signatures out of form. */
  boolean verifies(DNSKEYRecord key, byte[] signed, byte[] signature);
}
