/**
 * HTTPS pages of this server for any client: {@link org.sealwax.router.https.HttpsListener} accepts
 * connections, within limits for each client and in all, and asks each {@link
 * org.sealwax.router.https.HttpsEndpoint}. One request for each connection, HTTP/1.1.
 */
@NullMarked
package org.sealwax.router.https;

import org.jspecify.annotations.NullMarked;
