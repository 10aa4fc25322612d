/**
 * Transport receipts. One {@link org.sealwax.router.receipts.Receipt} per delivered recipient shows
 * what transport was required, what was used and why, in an append-only, hash-chained file whose
 * head is signed, so that a record that was changed, left out or cut off shows.
 *
 * <p>Invariants: nothing here can delay or fail a delivery; no recipient stands in the chained file
 * unencrypted: the salts that could find one are in a file of their own, which may be deleted
 * without breaking the chain. SHA-256 (FIPS 180-4), Ed25519 (RFC 8032).
 */
@NullMarked
package org.sealwax.router.receipts;

import org.jspecify.annotations.NullMarked;
