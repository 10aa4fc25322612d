package org.sealwax.router.certs.acme;

import java.io.IOException;

/** Writes TXT records into the DNS; thread-safe. */
interface TxtWriter {
  /** One record, which may be there or not. */
  interface TxtEntry {
    /**
     * Adds it.
     *
     * @throws IOException when that failed; the record may be there nevertheless
     */
    void add() throws IOException, InterruptedException;

    /**
     * Removes it.
     *
     * @throws IOException when it may still be there
     */
    void remove() throws IOException, InterruptedException;
  }

  /**
   * {@return the record, which is not added yet}
   *
   * @throws IOException when it cannot be written at all
   */
  TxtEntry entry(Proof.TxtRecord record) throws IOException;
}
