/**
 * Parsers under hostile input: what a parser guarantees, and input that tries it.
 *
 * <p>A {@link org.sealwax.testkit.fuzz.FuzzTarget} is one parser with good input and a guarantee;
 * {@link org.sealwax.testkit.fuzz.InputMutations} makes bad input from good, the same for the same
 * seed.
 */
@NullMarked
package org.sealwax.testkit.fuzz;

import org.jspecify.annotations.NullMarked;
