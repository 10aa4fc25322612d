/** The looking client against real servers, and its parsers against hostile input. */
@NullMarked
package org.sealwax.tls.look;

import org.jspecify.annotations.NullMarked;
