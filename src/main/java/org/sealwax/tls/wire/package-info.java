/**
 * The raw bytes of TLS as far as a mail router, a scan and a lab must see them without an engine:
 * records, the ClientHello before an engine exists, and the clear part of the server's answer.
 *
 * <p>Invariants: pure (no sockets, no clock), every length is checked before it is used, every
 * structure has a limit, and no input throws: what does not parse is a result. RFC 8446, 5246,
 * 6066, 8422.
 */
@NullMarked
package org.sealwax.tls.wire;

import org.jspecify.annotations.NullMarked;
