/** The looking client against real servers, and its parsers against hostile input. */
@NullMarked
package org.sealwax.assess.tlsclient;

import org.jspecify.annotations.NullMarked;
