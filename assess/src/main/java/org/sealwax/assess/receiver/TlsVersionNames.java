package org.sealwax.assess.receiver;

import java.util.Locale;

/**
 * Names of versions, as people write them and as {@link org.sealwax.assess.model.AddressFacts}
 * keeps them.
 */
final class TlsVersionNames {
  private TlsVersionNames() {}

  /** {@code TLSv1.2}. */
  static String label(int version) {
    return switch (version) {
      case 0x0002 -> "SSLv2";
      case 0x0300 -> "SSLv3";
      case 0x0301 -> "TLSv1";
      case 0x0302 -> "TLSv1.1";
      case 0x0303 -> "TLSv1.2";
      case 0x0304 -> "TLSv1.3";
      default -> String.format(Locale.ROOT, "0x%04x", version);
    };
  }
}
