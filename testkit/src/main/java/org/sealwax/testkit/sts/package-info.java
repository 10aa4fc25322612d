/**
 * The server side of MTA-STS (RFC 8461): {@link org.sealwax.testkit.sts.StsPolicyHost}, a policy
 * host on loopback over real TLS.
 */
@NullMarked
package org.sealwax.testkit.sts;

import org.jspecify.annotations.NullMarked;
