package org.sealwax.mail.dkim;

import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;

/** Looks up the records of keys; for example {@code resolver::txt}. */
@FunctionalInterface
public interface KeyLookup {
  /**
   * {@return the TXT records of a name, each with its strings joined, as ISO 8859-1; an unknown
   * answer makes a {@link DkimStatus#TEMPERROR}}
   *
   * @param name {@code SELECTOR._domainkey.DOMAIN}
   */
  DnsAnswer<String> txt(Domain name);
}
