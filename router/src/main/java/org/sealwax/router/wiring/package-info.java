/**
 * Parts of a process that need several packages: state that is opened late, backup and restore, the
 * checks of {@code sealwax check}, the memory plan.
 *
 * <p>Invariants: holds no rule about mail.
 */
@NullMarked
package org.sealwax.router.wiring;

import org.jspecify.annotations.NullMarked;
