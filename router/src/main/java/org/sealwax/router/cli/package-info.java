/**
 * The commands of the router: {@code serve}, {@code check}, {@code queue}, {@code trace}, {@code
 * policy}, {@code explain}, {@code receipts}, {@code tlsrpt}, {@code policyd}, {@code sendmail}.
 *
 * <p>Invariants: exit codes are those of {@link org.sealwax.mail.cli.Exit}; commands that ask the
 * server need its state folder only.
 */
@NullMarked
package org.sealwax.router.cli;

import org.jspecify.annotations.NullMarked;
