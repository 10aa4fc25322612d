/**
 * The result of an examination and its grade, as data, for both directions. A {@link
 * org.sealwax.assess.model.Check} is one thing checked (an entry of {@code checks.txt}); a {@link
 * org.sealwax.assess.Probe} inspects and returns {@link org.sealwax.assess.model.Finding}s; a
 * {@link org.sealwax.assess.model.Rubric} turns them into a {@link org.sealwax.assess.model.Grade};
 * an {@link org.sealwax.assess.Assessor} looks up the hosts of an {@link
 * org.sealwax.assess.model.AssessmentTarget}, has their addresses visited ({@link
 * org.sealwax.assess.AddressVisits}) and makes the {@link
 * org.sealwax.assess.model.AssessmentReport}. {@code .receiver} has the probes of receiving hosts,
 * {@code lab.judge} judges sending ones.
 *
 * <p>Invariants: what was not seen is never a pass ({@code INCONCLUSIVE} and {@code NOT_TESTED}
 * earn nothing); a cap names its finding; the same findings give the same grade, and the rule set
 * has a hash. This module depends on neither delivery nor queue nor spool: an assessment cannot
 * relay mail.
 */
@NullMarked
package org.sealwax.assess;

import org.jspecify.annotations.NullMarked;
