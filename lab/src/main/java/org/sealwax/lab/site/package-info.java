/**
 * A small network of broken mail hosts, to which a mail router under test delivers.
 *
 * <p>{@link org.sealwax.lab.traps.Trap} is one deliberately broken receiver: data, and the one
 * thing it does wrong to an otherwise good {@link org.sealwax.lab.traps.Site}. {@link
 * org.sealwax.lab.traps.Traps} is the list of them, a file per group. {@link
 * org.sealwax.lab.site.Lab} sets a token's sites up: names in a signing DNS of its own, an address
 * for each host, SMTP and TLS behind them, MTA-STS policy hosts, a place where bounces and reports
 * go. {@link org.sealwax.lab.site.Sighting} is what was seen of the sender at one trap; {@code
 * lab.judge} grades it.
 *
 * <p>{@link org.sealwax.lab.serve.LabService} is the same as a public service, behind a delegated
 * zone: it lends addresses to tokens, and has one report host, one HTTPS address and one set of
 * limits for all of them.
 *
 * <p>Invariants: the lab sends no mail and cannot reach the router (it is another module); it takes
 * recipients of the very site behind the address only; bodies are read and dropped; everything kept
 * for a token is bounded. RFC 3207, 5321, 7672, 8460, 8461.
 */
@NullMarked
package org.sealwax.lab.site;

import org.jspecify.annotations.NullMarked;
