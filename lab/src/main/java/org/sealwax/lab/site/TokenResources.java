package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;

/** What one token stands on: addresses, doors, a place for what comes back, room for evidence. */
public interface TokenResources extends Closeable {
  /** Addresses of its hosts. */
  AddressSource addresses();

  /** Doors behind those. */
  TokenListeners listeners();

  /** Whether a row whose address is not to be had is left out; else nothing is set up at all. */
  boolean skipsUnavailableRows();

  /** Octets of evidence that are kept. */
  long evidenceLimit();

  /**
   * Lets bounces and reports come in.
   *
   * @param office where they go
   * @param zone of the token
   * @return the text of that zone
   * @throws IOException when an address is not to be had
   */
  String returnMail(ReturnMail office, String zone) throws IOException;
}
