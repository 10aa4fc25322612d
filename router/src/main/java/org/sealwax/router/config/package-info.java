/**
 * {@code sealwax.toml}, from text to each package's settings record. {@link
 * org.sealwax.router.config.ConfigurationSchema} is the one table of all keys, from which reading,
 * the reference page and the commented sample come; {@link
 * org.sealwax.router.config.ConfigurationReader} is one file read, with all its {@link
 * org.sealwax.router.config.ConfigurationProblem}s at once; {@link
 * org.sealwax.router.config.RouterSettings} holds the settings of all packages.
 *
 * <p>Invariants: an unknown key, a wrong type or an impossible combination is an error with line,
 * column, the line itself and help; every value knows where it came from; a file with an error
 * yields no settings at all. Only {@code app} imports this package. TOML 1.0.
 */
@NullMarked
package org.sealwax.router.config;

import org.jspecify.annotations.NullMarked;
