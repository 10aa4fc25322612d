/**
 * The broken receivers of the lab as data: each {@link Trap} is one change to a good site, with the
 * RFC and section that shows what a sender does.
 *
 * <p>Invariants: pure; the table of traps is the only list of them.
 */
@NullMarked
package org.sealwax.lab.traps;

import org.jspecify.annotations.NullMarked;
