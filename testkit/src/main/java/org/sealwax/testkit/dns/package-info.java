/**
 * DNS as a table: {@link org.sealwax.testkit.dns.FixedResolver} answers without network, clock or
 * threads, by the rules of a validating resolver.
 */
@NullMarked
package org.sealwax.testkit.dns;

import org.jspecify.annotations.NullMarked;
