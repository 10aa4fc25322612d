/**
 * Delivery of mail to commands: the gateway of a bug tracker, an archive.
 *
 * <p>Main types: {@link org.sealwax.router.pipe.PipeDeliveryAgent}, {@link
 * org.sealwax.router.pipe.PipeSettings}, {@link org.sealwax.router.pipe.PipeExitStatus} (what the
 * command's exit status means).
 *
 * <p>Invariants: no shell sees text that comes from a message or its envelope; each placeholder is
 * one whole argument, and one that looks like an option is refused; the environment has only what
 * the settings give; nothing runs as root; a command never sees the end of a message that we could
 * not read to its end; one that hangs is killed with everything it started.
 */
@NullMarked
package org.sealwax.router.pipe;

import org.jspecify.annotations.NullMarked;
