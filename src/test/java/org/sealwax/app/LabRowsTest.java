package org.sealwax.app;

import org.sealwax.mail.tls.TlsEngine;

/** The rows of the lab with BoringSSL, as the router has it. */
final class LabRowsTest extends LabRows {
  LabRowsTest() {
    super(TlsEngine.BORINGSSL);
  }
}
