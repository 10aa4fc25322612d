/**
 * Two assessments of one target, compared: an earlier report, read from its JSON, and the present
 * one.
 *
 * <p>Invariants: what only one of the two has seen is neither better nor worse; letters are
 * compared only when both reports were graded by the same rules at the same depth.
 */
@NullMarked
package org.sealwax.assess.baseline;

import org.jspecify.annotations.NullMarked;
