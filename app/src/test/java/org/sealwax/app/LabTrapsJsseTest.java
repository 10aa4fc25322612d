package org.sealwax.app;

import org.junit.jupiter.api.Tag;
import org.sealwax.mail.tls.TlsEngine;

/**
 * The test cases of the lab with Java's own engine, which stands in where BoringSSL does not load.
 */
@Tag("slow")
final class LabTrapsJsseTest extends LabTrapCases {
  LabTrapsJsseTest() {
    super(TlsEngine.JSSE);
  }
}
