/**
 * What an assessment states: {@link Check} (a row of the table), {@link Finding}, {@link Grade} and
 * {@link AssessmentReport}. Pure data and pure functions: no sockets, files, threads or clock.
 *
 * <p>Invariants: every finding names a check of the table; the grade is a function of the findings
 * alone.
 */
@NullMarked
package org.sealwax.assess.model;

import org.jspecify.annotations.NullMarked;
