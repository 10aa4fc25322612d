/**
 * {@code sealwax.toml}, from text to each package's settings record. {@link
 * org.sealwax.router.config.RouterSettings} has a component for each table; {@link
 * org.sealwax.router.config.ConfigurationSchema} takes all keys from there, for reading, the
 * reference page and the commented sample; {@link org.sealwax.router.config.ConfigurationReader} is
 * one file read, with all its {@link org.sealwax.router.config.ConfigurationProblem}s at once.
 *
 * <p>Invariants: an unknown key, a wrong type or an impossible combination is an error with line,
 * column, the line itself and help; every value knows where it came from; a file with an error
 * yields no settings at all. Only {@code app} imports this package. TOML 1.0.
 */
@NullMarked
package org.sealwax.router.config;

import org.jspecify.annotations.NullMarked;
