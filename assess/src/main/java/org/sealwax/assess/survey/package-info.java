/**
 * Many domains, assessed one after the other with limits per provider; what was finished survives
 * the end of the process.
 *
 * <p>Invariants: no domain is written twice, none is lost; waiting for a slot does not use up the
 * time of a target.
 */
@NullMarked
package org.sealwax.assess.survey;

import org.jspecify.annotations.NullMarked;
