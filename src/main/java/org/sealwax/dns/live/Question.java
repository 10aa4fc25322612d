package org.sealwax.dns.live;

import org.sealwax.address.Domain;

/**
 * What the cache is keyed by.
 *
 * @param type as numbered by IANA
 */
record Question(Domain name, int type) {}
