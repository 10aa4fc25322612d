/**
 * Unusual TLS for scan and lab: a client that offers what no normal client would, shows what
 * engines hide (tickets, early data, lists of CAs, renegotiation), and breaks what a test asks for.
 * By Bouncy Castle's low-level API. Never used for mail: certificates are reported, not judged.
 *
 * <p>Main types: {@link org.sealwax.assess.tlsclient.ScanTlsClient}, {@link
 * org.sealwax.assess.tlsclient.ScanTlsOffer}, {@link org.sealwax.assess.tlsclient.ScanTlsWire}. RFC
 * 8446, 5246, 4346, 2246, 5746, 5077.
 */
@NullMarked
package org.sealwax.assess.tlsclient;

import org.jspecify.annotations.NullMarked;
