package org.sealwax.mail.dns;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * One MX record (RFC 5321 5.1).
 *
 * @param preference 0 to 65535, lower first
 * @param exchange the host; empty for {@code .}, which alone in its set is a null MX (RFC 7505)
 */
public record MxRecord(int preference, Optional<Domain> exchange) {}
