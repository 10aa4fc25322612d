package org.sealwax.app;

import org.junit.jupiter.api.Tag;
import org.sealwax.mail.tls.TlsEngine;

/** The rows of the lab with BoringSSL, as the router has it. */
@Tag("long")
final class LabTrapsTest extends LabTrapCases {
  LabTrapsTest() {
    super(TlsEngine.BORINGSSL);
  }
}
