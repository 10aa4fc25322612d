package org.sealwax.mail.tls.verdict;

/**
 * The least that is acceptable on one side at one level: one axis of a requirement.
 *
 * @param lowest the lowest protocol version; 1.2 unless a listener's or a policy row's floor sets
 *     another lower (RFC 8996, RFC 9325 3.1.1)
 */
public record TlsFloor(TlsVersion lowest) {
  /** TLS 1.2 and 1.3. */
  public static final TlsFloor DEFAULT = new TlsFloor(TlsVersion.TLS_1_2);
}
