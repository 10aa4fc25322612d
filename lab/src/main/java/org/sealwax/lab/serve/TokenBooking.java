package org.sealwax.lab.serve;

import java.time.Instant;
import org.sealwax.lab.site.LabToken;

/**
 * A token issued by a public lab.
 *
 * @param token its sites
 * @param until end of its lifetime
 * @param network network of the client that got it, as far as counting needs
 * @param family address family of its sender
 * @param note note of the caller that issued it
 */
public record TokenBooking(
    LabToken token, Instant until, String network, SenderAddressFamily family, String note) {}
