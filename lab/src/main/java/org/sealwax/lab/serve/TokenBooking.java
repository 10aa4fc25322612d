package org.sealwax.lab.serve;

import java.time.Instant;
import org.sealwax.lab.site.LabToken;

/**
 * A token issued by a public lab.
 *
 * @param token its sites
 * @param until when they go
 * @param network who got it, as far as counting needs
 * @param family by what its sender comes
 * @param note what whoever gave it out wants to remember with it
 */
public record TokenBooking(
    LabToken token, Instant until, String network, SenderAddressFamily family, String note) {}
