/**
 * Floor 0: the world as parameters. The only room that reads the clock, draws chance, starts
 * threads and opens sockets; everybody else receives these as constructor arguments, so that a test
 * or a simulation can put its own world in their place.
 *
 * <p>Main types: {@link org.sealwax.world.Clock}, {@link org.sealwax.world.Chance}, {@link
 * org.sealwax.world.Dialer}, {@link org.sealwax.world.Wire}, {@link org.sealwax.world.Deadline},
 * {@link org.sealwax.world.Scope}, {@link org.sealwax.world.Limit}, {@link
 * org.sealwax.world.Watched} (a file that is read again when it changes).
 */
@NullMarked
package org.sealwax.world;

import org.jspecify.annotations.NullMarked;
