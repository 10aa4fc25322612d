package org.sealwax.router.receipts;

import java.util.Optional;
import java.util.regex.Pattern;

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

  private static final Pattern FORM =
      Pattern.compile(
          "\\{\"n\":([0-9]+),\"kind\":\"head\",\"at\":\"([^\"\\\\]{1,40})\","
              + "\"before\":\"([0-9a-f]{64})\",\"key\":\"([A-Za-z0-9+/=]{1,200})\","
              + "\"signature\":\"([A-Za-z0-9+/=]{1,200})\"\\}");

  /** What is signed: the number and time too, so that no head stands in for another one. */
  static String claim(String before, long number, String at) {
    return "sealwax receipts head " + number + " " + at + " " + before;
  }

  static String members(String before, long number, String at, SigningKey key) {
    return ReceiptLine.members()
        .text("at", at)
        .text("before", before)
        .text("key", key.open())
        .text("signature", key.sign(claim(before, number, at)))
        .members();
  }

  static Optional<SignedHead> read(ReceiptLine entry) {
    return entry
        .matched(FORM)
        .map(m -> new SignedHead(m.group(3), m.group(2), m.group(4), m.group(5)));
  }

  /** Whether it vouches for what stands before {@code entry}. */
  boolean matches(ReceiptLine entry, String previous) {
    return before.equals(previous)
        && SigningKey.verifies(key, claim(before, entry.number(), at), signature);
  }
}
