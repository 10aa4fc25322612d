package org.sealwax.assess.tlsclient;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What to offer on one connection.
 *
 * @param serverName SNI; empty for none
 * @param lowest version that is offered: 0x0300 to 0x0304
 * @param highest likewise
 * @param suites in order; empty for what Bouncy Castle can do
 * @param schemes signature schemes in order; empty for all that it can verify
 * @param alpn protocols; empty for no extension
 * @param identity shown when the server asks; null for none
 */
public record ScanTlsOffer(
    String serverName,
    int lowest,
    int highest,
    List<Integer> suites,
    List<Integer> schemes,
    List<String> alpn,
    @Nullable ScanClientCertificate identity) {
  /** Copies and checks. */
  public ScanTlsOffer {
    suites = List.copyOf(suites);
    schemes = List.copyOf(schemes);
    alpn = List.copyOf(alpn);
    if (lowest < 0x0300 || highest > 0x0304 || lowest > highest) {
      throw new IllegalArgumentException("versions " + lowest + " to " + highest);
    }
  }

  /** Everything from TLS 1.0 to 1.3. */
  public static ScanTlsOffer of(String serverName) {
    return new ScanTlsOffer(serverName, 0x0301, 0x0304, List.of(), List.of(), List.of(), null);
  }

  /** The same within other versions. */
  public ScanTlsOffer versions(int newLowest, int newHighest) {
    return new ScanTlsOffer(serverName, newLowest, newHighest, suites, schemes, alpn, identity);
  }

  /** The same with other suites. */
  public ScanTlsOffer suites(List<Integer> other) {
    return new ScanTlsOffer(serverName, lowest, highest, other, schemes, alpn, identity);
  }

  /** The same with other schemes. */
  public ScanTlsOffer schemes(List<Integer> other) {
    return new ScanTlsOffer(serverName, lowest, highest, suites, other, alpn, identity);
  }

  /** The same with a certificate of our own. */
  public ScanTlsOffer withCertificate(ScanClientCertificate own) {
    return new ScanTlsOffer(serverName, lowest, highest, suites, schemes, alpn, own);
  }
}
