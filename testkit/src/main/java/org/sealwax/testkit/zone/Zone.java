package org.sealwax.testkit.zone;

/**
 * One zone as a master file writes it (RFC 1035 5.1), and how it is to be signed.
 *
 * <p>SOA and NS records are made up where the text has none; delegations to other zones of the same
 * server, with their DS records, are added by the server.
 *
 * @param origin {@code example.org}; {@code .} is the root
 * @param text records; names relative to the origin, a default time to live of one hour
 * @param signing NONE unless said
 * @param algorithm with which it is signed; ECDSA P-256 unless said
 */
public record Zone(String origin, String text, ZoneSigning signing, Algorithm algorithm) {
  /** What zones are signed with (RFC 8624 3.1). */
  public enum Algorithm {
    /** RFC 5702. */
    RSA_SHA256,
    /** RFC 6605. */
    ECDSA_P256,
    /** RFC 6605. */
    ECDSA_P384,
    /** RFC 8080. */
    ED25519
  }

  /** A zone that is signed with ECDSA P-256, if at all. */
  public Zone(String origin, String text, ZoneSigning signing) {
    this(origin, text, signing, Algorithm.ECDSA_P256);
  }

  /** An unsigned zone under a proven insecure delegation. */
  public static Zone of(String origin, String text) {
    return new Zone(origin, text, ZoneSigning.NONE);
  }

  /** The same, signed well. */
  public Zone signed() {
    return signed(ZoneSigning.VALID);
  }

  /** The same, signed in this way. */
  public Zone signed(ZoneSigning signing) {
    return new Zone(origin, text, signing, algorithm);
  }

  /** The same, signed with this. */
  public Zone with(Algorithm other) {
    return new Zone(origin, text, signing, other);
  }
}
