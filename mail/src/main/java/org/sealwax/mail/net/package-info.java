/**
 * Clock, randomness, threads and network as parameters. The only package that reads the clock,
 * draws random numbers, starts threads and opens sockets; all others receive these as constructor
 * arguments, so that a test or a simulation can replace them.
 *
 * <p>Main types: {@link org.sealwax.mail.net.Clock}, {@link org.sealwax.mail.net.RandomSource},
 * {@link org.sealwax.mail.net.Dialer}, {@link org.sealwax.mail.net.Wire}, {@link
 * org.sealwax.mail.net.Deadline}, {@link org.sealwax.mail.net.Scope}, {@link
 * org.sealwax.mail.net.Limit}, {@link org.sealwax.mail.net.WatchedFile} (a file that is read again
 * when it changes).
 */
@NullMarked
package org.sealwax.mail.net;

import org.jspecify.annotations.NullMarked;
