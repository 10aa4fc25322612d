/**
 * The control socket of a running router: one request and one answer in JSON on a line, and what
 * answers them.
 *
 * <p>Invariants: only the owner of the state folder reaches it; requests are limited in size and
 * time.
 */
@NullMarked
package org.sealwax.router.control;

import org.jspecify.annotations.NullMarked;
