/**
 * The keys by which this server signs mail with DKIM (RFC 6376).
 *
 * <p>Main type: {@link org.sealwax.router.dkim.DkimKeyFile} (a private key on disk).
 */
@NullMarked
package org.sealwax.router.dkim;

import org.jspecify.annotations.NullMarked;
