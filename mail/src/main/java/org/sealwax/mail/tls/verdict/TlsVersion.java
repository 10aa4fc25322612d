package org.sealwax.mail.tls.verdict;

/** Protocol versions that Sealwax supports; SSLv2 and SSLv3 are not among them. */
public enum TlsVersion {
  /** TLS 1.0 (RFC 2246). */
  TLS_1_0("TLSv1"),
  /** TLS 1.1 (RFC 4346). */
  TLS_1_1("TLSv1.1"),
  /** TLS 1.2 (RFC 5246). */
  TLS_1_2("TLSv1.2"),
  /** TLS 1.3 (RFC 8446). */
  TLS_1_3("TLSv1.3");

  private final String label;

  TlsVersion(String label) {
    this.label = label;
  }

  /** {@return the name that JSSE, OpenSSL, and so Postfix's log use} */
  public String label() {
    return label;
  }

  /**
   * {@return the version of a {@code SSLSession.getProtocol} name}
   *
   * @param label the protocol name as the engines write it
   */
  public static TlsVersion ofLabel(String label) {
    for (TlsVersion version : values()) {
      if (version.label.equals(label)) {
        return version;
      }
    }
    throw new IllegalArgumentException("not a TLS version: " + label);
  }
}
