package org.sealwax.mail.dns.live;

import org.sealwax.mail.address.Domain;

/**
 * What the cache is keyed by.
 *
 * @param type as numbered by IANA
 */
record DnsQuestion(Domain name, int type) {}
