package org.sealwax.deliver;

import org.sealwax.tls.TlsEngine;

/** The rows of the lab with BoringSSL, as the router has it. */
final class LabRowsTest extends LabRows {
  LabRowsTest() {
    super(TlsEngine.BORINGSSL);
  }
}
