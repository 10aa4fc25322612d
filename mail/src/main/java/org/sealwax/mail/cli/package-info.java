/**
 * Common parts of the command lines of router, assessment and lab: arguments, exit codes, the
 * environment of the process, its state folder and its service manager. Not exported to other users
 * of the library.
 *
 * <p>Invariants: no command is declared here; nothing here reads a configuration file.
 */
@NullMarked
package org.sealwax.mail.cli;

import org.jspecify.annotations.NullMarked;
