/**
 * Hostile input for every parser: {@link org.sealwax.testkit.fuzz.FuzzTarget} is one parser with
 * its seeds and its promise, {@link org.sealwax.app.fuzz.FuzzTargets} are all of them. The same
 * targets run with seeded mutations in every build and guided by coverage for as long as one likes
 * ({@code bench/fuzz}).
 */
@org.jspecify.annotations.NullMarked
package org.sealwax.app.fuzz;
