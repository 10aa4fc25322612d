/** Scripted servers with one flaw each, and what the scan says of them. */
@NullMarked
package org.sealwax.assess.receiver;

import org.jspecify.annotations.NullMarked;
