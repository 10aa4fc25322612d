/**
 * Mail filters by the milter protocol, version 6, as the sending side: what programs such as
 * rspamd, OpenDKIM and clamav-milter say about mail that is being accepted.
 *
 * <p>Main types: {@link org.sealwax.router.milter.Milters} has the connections of all sessions;
 * {@link org.sealwax.router.milter.MilterTransaction} takes one transaction through the configured
 * filters, in their order; {@code MilterConnection} is one connection; {@code MilterAnswer} reads
 * what a filter sends; {@link org.sealwax.router.milter.MessageEdits} has the changes to a message.
 *
 * <p>Invariants: a filter that fails, is late, or sends anything that the protocol does not allow
 * at that place leads to {@link org.sealwax.router.milter.MilterSettings.OnFailure} and never to
 * acceptance by any other way; a reply of a filter is 4yz or 5yz, bounded and printable; what a
 * filter adds to a header is whole fields; the fields and the body of an untrusted client are never
 * changed; memory does not depend on the size of the message.
 *
 * <p>The protocol has no RFC; its definition is libmilter of Sendmail.
 */
@NullMarked
package org.sealwax.router.milter;

import org.jspecify.annotations.NullMarked;
