/**
 * The log as an interface: one method per fact, so that the vocabulary is fixed in one place, is a
 * promise to log parsers, and can be tested. Facts about TLS use Postfix's words.
 *
 * <p>Facts are passed as text, addresses and {@link org.sealwax.router.log.TlsLogFields}; the
 * packages that log convert their own types to these. Texts from peers are escaped here, once: a
 * line break in a reply must not start a log line.
 */
@NullMarked
package org.sealwax.router.log;

import org.jspecify.annotations.NullMarked;
