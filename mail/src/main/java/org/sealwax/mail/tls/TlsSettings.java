package org.sealwax.mail.tls;

/**
 * Settings of TLS.
 *
 * @param engine which implementation is tried first; JSSE stands in when the BoringSSL library
 *     cannot be loaded
 */
public record TlsSettings(TlsEngine engine) {
  /**
   * BoringSSL first.
   *
   * @return the defaults
   */
  public static TlsSettings defaults() {
    return new TlsSettings(TlsEngine.BORINGSSL);
  }
}
