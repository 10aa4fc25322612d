package org.sealwax.lab.traps;

import org.sealwax.testkit.tls.IssuedCertificate;

/**
 * A TLSA record as a site publishes it.
 *
 * @param text {@code 3 1 1 } and the data; {@code {}} stands for the data of the certificate
 * @param which of the chain the data are, when they are of the chain
 * @param selector what part
 * @param matching how
 */
public record PublishedTlsa(
    String text,
    IssuedCertificate.ChainPosition which,
    IssuedCertificate.TlsaSelector selector,
    IssuedCertificate.TlsaMatching matching) {
  /** Data that match none of the lab's certificates. */
  private static final String STRANGE =
      "5ea1000000000000000000000000000000000000000000000000000000005ea1";

  /** 3 1 1 of the host's own key. */
  public static PublishedTlsa good() {
    return of(
        3,
        IssuedCertificate.ChainPosition.LEAF,
        IssuedCertificate.TlsaSelector.KEY,
        IssuedCertificate.TlsaMatching.SHA_256);
  }

  /** A record that matches the host's chain. */
  public static PublishedTlsa of(
      int usage,
      IssuedCertificate.ChainPosition which,
      IssuedCertificate.TlsaSelector selector,
      IssuedCertificate.TlsaMatching matching) {
    return new PublishedTlsa(
        usage + " " + selector.ordinal() + " " + matching.ordinal() + " {}",
        which,
        selector,
        matching);
  }

  /** A record with other numbers in front of matching data. */
  public static PublishedTlsa numbered(String numbers) {
    return new PublishedTlsa(
        numbers + " {}",
        IssuedCertificate.ChainPosition.LEAF,
        IssuedCertificate.TlsaSelector.KEY,
        IssuedCertificate.TlsaMatching.SHA_256);
  }

  /** A record that matches nothing. */
  public static PublishedTlsa wrong(int usage) {
    return literal(usage + " 1 1 " + STRANGE);
  }

  /** An unchanged record. */
  public static PublishedTlsa literal(String text) {
    return new PublishedTlsa(
        text,
        IssuedCertificate.ChainPosition.LEAF,
        IssuedCertificate.TlsaSelector.KEY,
        IssuedCertificate.TlsaMatching.SHA_256);
  }

  /** The record's data for a zone file. */
  public String record(IssuedCertificate issued) {
    return text.replace("{}", issued.association(which, selector, matching));
  }
}
