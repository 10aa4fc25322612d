/**
 * The router as a whole: {@link Router} builds its parts from the settings and replaces those that
 * a reload changes.
 *
 * <p>Invariants: nothing that touches the disk stands between listening and delivering; a reload
 * that fails leaves everything as it was.
 */
@NullMarked
package org.sealwax.router.server;

import org.jspecify.annotations.NullMarked;
