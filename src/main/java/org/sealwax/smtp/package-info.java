/**
 * Floor 1: the language SMTP as values: commands, replies, enhanced status codes, capabilities, and
 * the readers and writers that turn bytes into them and back. Parsing touches no socket, file,
 * thread or clock.
 *
 * <p>RFC 5321, 1870, 2034, 2920, 3030, 3207, 3461, 3463, 4954, 6152, 6531, 9422.
 */
@NullMarked
package org.sealwax.smtp;

import org.jspecify.annotations.NullMarked;
