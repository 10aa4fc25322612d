/** Scripted servers with one flaw each, and the findings of the scan. */
@NullMarked
package org.sealwax.assess.receiver;

import org.jspecify.annotations.NullMarked;
