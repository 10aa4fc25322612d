package org.sealwax.lab.traps;

import org.sealwax.testkit.tls.Minted;

/**
 * A TLSA record as a site publishes it.
 *
 * @param text {@code 3 1 1 } and the data; {@code {}} stands for the data of the certificate
 * @param which of the chain the data are, when they are of the chain
 * @param selector what part
 * @param matching how
 */
public record Shown(
    String text, Minted.Which which, Minted.Selector selector, Minted.Matching matching) {
  /** Data that belong to no certificate of ours. */
  private static final String STRANGE =
      "5ea1000000000000000000000000000000000000000000000000000000005ea1";

  /** 3 1 1 of the host's own key. */
  public static Shown good() {
    return of(3, Minted.Which.LEAF, Minted.Selector.KEY, Minted.Matching.SHA_256);
  }

  /** A record that is true of the host's chain. */
  public static Shown of(
      int usage, Minted.Which which, Minted.Selector selector, Minted.Matching matching) {
    return new Shown(
        usage + " " + selector.ordinal() + " " + matching.ordinal() + " {}",
        which,
        selector,
        matching);
  }

  /** A record with other numbers in front of data that are true. */
  public static Shown numbered(String numbers) {
    return new Shown(
        numbers + " {}", Minted.Which.LEAF, Minted.Selector.KEY, Minted.Matching.SHA_256);
  }

  /** A record that is true of nothing. */
  public static Shown wrong(int usage) {
    return literal(usage + " 1 1 " + STRANGE);
  }

  /** A record as it stands. */
  public static Shown literal(String text) {
    return new Shown(text, Minted.Which.LEAF, Minted.Selector.KEY, Minted.Matching.SHA_256);
  }

  /** The record's data for a zone file. */
  public String record(Minted minted) {
    return text.replace("{}", minted.association(which, selector, matching));
  }
}
