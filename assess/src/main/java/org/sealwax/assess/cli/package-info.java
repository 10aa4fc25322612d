/**
 * The commands of the assessment: {@code assess}, {@code survey}, {@code explain --code}.
 *
 * <p>Invariants: exit codes are those of {@link org.sealwax.mail.cli.ExitStatus}.
 */
@NullMarked
package org.sealwax.assess.cli;

import org.jspecify.annotations.NullMarked;
