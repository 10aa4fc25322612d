/**
 * The commands {@code lab local} and {@code lab serve}.
 *
 * <p>Invariants: what the lab started ends with it.
 */
@NullMarked
package org.sealwax.lab.cli;

import org.jspecify.annotations.NullMarked;
