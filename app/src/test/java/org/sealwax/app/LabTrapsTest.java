package org.sealwax.app;

import org.sealwax.mail.tls.TlsEngine;

/** The rows of the lab with BoringSSL, as the router has it. */
final class LabTrapsTest extends LabTrapCases {
  LabTrapsTest() {
    super(TlsEngine.BORINGSSL);
  }
}
