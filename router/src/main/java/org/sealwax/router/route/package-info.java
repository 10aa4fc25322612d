/**
 * Resolution of recipients: alias domains and files, relay domains with their recipients, sender
 * rewriting (SRS), route rows. Owns {@link org.sealwax.router.route.RecipientProbe}, by which a
 * relay domain's next hop is asked whether a recipient exists.
 *
 * <p>Main types: {@link org.sealwax.router.route.ConfiguredDirectory} (resolution of an address),
 * {@link org.sealwax.router.route.TransportTable} (toward which next hop), {@link
 * org.sealwax.router.route.ConfiguredHop} (how the configuration writes one), {@link
 * org.sealwax.router.route.ForwardSettings}, {@link org.sealwax.router.route.InvalidFileException}
 * (what is wrong in an admin's file).
 *
 * <p>Invariants: a local part that does not exist is refused at RCPT and never bounced later (no
 * backscatter); only this server can make an SRS address that it accepts; when a file becomes
 * invalid, its former content stays in force; an alias file names commands of the configuration and
 * holds none. RFC 5321 3.9, 5.1; SRS as in libsrs2's published description.
 */
@NullMarked
package org.sealwax.router.route;

import org.jspecify.annotations.NullMarked;
