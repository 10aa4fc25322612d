package org.sealwax.lab.site;

import java.io.Closeable;
import java.io.IOException;

/** What one token stands on: addresses, doors, a place for what comes back, room for evidence. */
public interface Lot extends Closeable {
  /** Addresses of its hosts. */
  Addresses addresses();

  /** Doors behind those. */
  Doors doors();

  /** Whether a row whose address is not to be had is left out; else nothing is set up at all. */
  boolean spares();

  /** Octets of evidence that are kept. */
  long room();

  /**
   * Lets bounces and reports come in.
   *
   * @param office where they go
   * @param zone of the token
   * @return the text of that zone
   * @throws IOException when an address is not to be had
   */
  String post(PostOffice office, String zone) throws IOException;
}
