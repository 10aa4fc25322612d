/** Conversations in the RFCs' notation, and the player for either side. */
@NullMarked
package org.sealwax.router.dialogue;

import org.jspecify.annotations.NullMarked;
