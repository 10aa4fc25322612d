/**
 * The TLS policy for Postfix, as a {@code socketmap} table for {@code smtp_tls_policy_maps}. {@link
 * org.sealwax.router.policyd.TlsPolicyTable} gathers evidence about a next hop as the router does,
 * {@link org.sealwax.router.policyd.PolicyMapTranslation} translates the requirement to a level and
 * attributes of Postfix, {@link org.sealwax.router.policyd.SocketmapServer} serves it.
 *
 * <p>Invariants: what is not known now is {@code TEMP}, never "no policy"; what Postfix's levels
 * cannot express becomes the stricter level, and a note; MTA-STS is served only where DANE is
 * proven not to apply. Delivers nothing: reaches neither queue nor spool. Postfix:
 * socketmap_table(5), smtp_tls_policy_maps in postconf(5). RFC 7672, RFC 8461.
 */
@NullMarked
package org.sealwax.router.policyd;

import org.jspecify.annotations.NullMarked;
