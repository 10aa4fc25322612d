package org.sealwax.router.certs.acme;

import java.io.IOException;
import java.util.List;

/** The contact URLs of an account, as the authority has them (RFC 8555 7.1.2). */
interface AccountContact {
  /** {@return those that were sent last; empty: none were} */
  List<String> sent();

  /**
   * Stores those that the authority has accepted.
   *
   * @throws IOException when they cannot be stored: they are sent again
   */
  void accepted(List<String> urls) throws IOException;

  /** Reports that the authority has others than those of the configuration, and why. */
  void failed(String why);
}
