package org.sealwax.lab.judge;

import java.util.List;
import org.sealwax.mail.tls.wire.ClientHelloBuilder;

/** ClientHellos as tests write them. */
final class TestClientHellos {
  private static final int TLS_1_2 = 0x0303;
  private static final int SERVER_NAME = 0;
  private static final int SUPPORTED_GROUPS = 10;

  private TestClientHellos() {}

  /** TLS 1.3 and 1.2, X25519MLKEM768, a server name. */
  static byte[] modern() {
    return new ClientHelloBuilder(TLS_1_2)
        .suites(List.of(0x1301, 0xc02b))
        .extension(ClientHelloBuilder.SUPPORTED_VERSIONS, (byte) 2, (byte) 3, (byte) 4)
        .extension(SUPPORTED_GROUPS, (byte) 0, (byte) 2, (byte) 0x11, (byte) 0xec)
        .extension(SERVER_NAME, (byte) 0, (byte) 4, (byte) 0, (byte) 0, (byte) 1, (byte) 'x')
        .records();
  }

  /** TLS 1.2 without a server name. */
  static byte[] old() {
    return new ClientHelloBuilder(TLS_1_2).suites(List.of(0xc02b)).records();
  }
}
