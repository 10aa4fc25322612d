package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;

/**
 * The resources of one token: addresses, listeners, a host for bounces and reports, space for
 * evidence.
 */
public interface TokenResources extends Closeable {
  /** Addresses of its hosts. */
  AddressSource addresses();

  /** Listeners on those addresses. */
  TokenListeners listeners();

  /** Whether a test case whose address is not available is left out; else nothing is set up. */
  boolean skipsUnavailableRows();

  /** Bytes of evidence that are kept. */
  long evidenceLimit();

  /**
   * Lets bounces and reports come in.
   *
   * @param office where they go
   * @param zone of the token
   * @return the text of that zone
   * @throws IOException when an address is not available
   */
  String returnMail(ReturnMail office, String zone) throws IOException;
}
