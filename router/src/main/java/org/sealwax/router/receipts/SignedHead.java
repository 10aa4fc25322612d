package org.sealwax.router.receipts;

import java.util.Optional;
import org.sealwax.mail.json.JsonLine;

/**
 * A signed head: a line that vouches for every line before it.
 *
 * @param before the hash of the line before, which is what the signature covers
 * @param at when
 * @param key the public key, in base64
 * @param signature in base64
 */
record SignedHead(String before, String at, String key, String signature) {
  static final String KIND = "head";

  /** What is signed: the number and time too, so that no head stands in for another one. */
  static String claim(String before, long number, String at) {
    return "sealwax receipts head " + number + " " + at + " " + before;
  }

  static JsonLine members(String before, long number, String at, SigningKey key) {
    return ReceiptLine.members()
        .text("at", at)
        .text("before", before)
        .text("key", key.open())
        .text("signature", key.sign(claim(before, number, at)));
  }

  static Optional<SignedHead> read(ReceiptLine entry) {
    String before = entry.text("before").orElse(null);
    String at = entry.text("at").orElse(null);
    String key = entry.text("key").orElse(null);
    String signature = entry.text("signature").orElse(null);
    return entry.kind().equals(KIND)
            && before != null
            && at != null
            && key != null
            && signature != null
        ? Optional.of(new SignedHead(before, at, key, signature))
        : Optional.empty();
  }

  /** Whether it vouches for what stands before {@code entry}. */
  boolean matches(ReceiptLine entry, String previous) {
    return before.equals(previous)
        && SigningKey.verifies(key, claim(before, entry.number(), at), signature);
  }
}
