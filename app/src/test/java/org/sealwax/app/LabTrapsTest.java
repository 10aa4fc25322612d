package org.sealwax.app;

import org.junit.jupiter.api.Tag;
import org.sealwax.mail.tls.TlsEngine;

/** The test cases of the lab with BoringSSL, as in the router. */
@Tag("long")
final class LabTrapsTest extends LabTrapCases {
  LabTrapsTest() {
    super(TlsEngine.BORINGSSL);
  }
}
