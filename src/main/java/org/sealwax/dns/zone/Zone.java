package org.sealwax.dns.zone;

/**
 * One zone as a master file writes it (RFC 1035 5.1), and how it is to be signed.
 *
 * <p>SOA and NS records are made up where the text has none; delegations to other zones of the same
 * server, with their DS records, are added by the server.
 *
 * @param origin {@code example.org}; {@code .} is the root
 * @param text records; names relative to the origin, a default time to live of one hour
 * @param signing NONE unless said
 */
public record Zone(String origin, String text, Signing signing) {
  /** An unsigned zone under a proven insecure delegation. */
  public static Zone of(String origin, String text) {
    return new Zone(origin, text, Signing.NONE);
  }

  /** The same, signed well. */
  public Zone signed() {
    return signed(Signing.VALID);
  }

  /** The same, signed in this way. */
  public Zone signed(Signing how) {
    return new Zone(origin, text, how);
  }

  /** The same with more records. */
  public Zone with(String more) {
    return new Zone(origin, text + "\n" + more, signing);
  }
}
