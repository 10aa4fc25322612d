/**
 * The program: the command line, the wiring of the machines, the control socket, shutdown. The only
 * room that exits or reads the environment.
 */
@NullMarked
package org.sealwax.app;

import org.jspecify.annotations.NullMarked;
