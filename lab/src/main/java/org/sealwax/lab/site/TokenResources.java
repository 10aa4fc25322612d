package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;

/**
 * The resources of one token.
 *
 * @param addresses of its hosts
 * @param listeners on those addresses
 * @param skipsUnavailableRows whether a test case whose address is not available is left out; else
 *     nothing is set up
 * @param evidenceLimit bytes of evidence that are kept
 * @param returnHost lets bounces and reports come in
 * @param end takes all of it away
 */
public record TokenResources(
    AddressSource addresses,
    TokenListeners listeners,
    boolean skipsUnavailableRows,
    long evidenceLimit,
    ReturnHostSetup returnHost,
    Closeable end) {
  /** Sets the host for a token's bounces and reports up. */
  @FunctionalInterface
  public interface ReturnHostSetup {
    /**
     * Lets bounces and reports come in.
     *
     * @param mail where they go
     * @return the text of the token's zone
     * @throws IOException when an address is not available
     */
    String open(ReturnMail mail) throws IOException;
  }
}
