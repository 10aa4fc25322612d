package org.sealwax.assess.model;

/** How TLS begins on a port. */
public enum TlsStart {
  /** Unencrypted SMTP, then STARTTLS (RFC 3207). */
  STARTTLS,
  /** TLS from the first byte (RFC 8314 3.3). */
  IMPLICIT;

  /** 465 is implicit, everything else STARTTLS. */
  public static TlsStart of(int port) {
    return port == 465 ? IMPLICIT : STARTTLS;
  }
}
