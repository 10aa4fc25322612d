/**
 * The program: the command line, the wiring of the parts, the control socket, shutdown. The only
 * package that exits or reads the environment.
 */
@NullMarked
package org.sealwax.app;

import org.jspecify.annotations.NullMarked;
