/**
 * The commands of the examiner: {@code assess}, {@code survey}, {@code explain --code}.
 *
 * <p>Invariants: exit codes are those of {@link org.sealwax.mail.cli.Exit}.
 */
@NullMarked
package org.sealwax.assess.cli;

import org.jspecify.annotations.NullMarked;
