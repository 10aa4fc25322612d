package org.sealwax.assess.receiver;

import java.util.Locale;

/**
 * Names of versions, as people write them and as {@link org.sealwax.assess.model.AddressFacts}
 * keeps them.
 */
final class TlsVersionNames {
  private TlsVersionNames() {}

  /** {@code TLS 1.2}. */
  static String version(int version) {
    return switch (version) {
      case 0x0002 -> "SSL 2.0";
      case 0x0300 -> "SSL 3.0";
      case 0x0301 -> "TLS 1.0";
      case 0x0302 -> "TLS 1.1";
      case 0x0303 -> "TLS 1.2";
      case 0x0304 -> "TLS 1.3";
      default -> String.format(Locale.ROOT, "version 0x%04x", version);
    };
  }

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
