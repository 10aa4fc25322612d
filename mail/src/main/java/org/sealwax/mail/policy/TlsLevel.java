package org.sealwax.mail.policy;

import java.util.Locale;

/**
 * The TLS security levels of Postfix, which name common requirements, kept because admins and log
 * parsers know them. Ordered from the weakest to the strongest.
 */
public enum TlsLevel {
  /** Never TLS. */
  NONE,
  /** TLS if offered, plaintext otherwise. */
  MAY,
  /** Always TLS, with any peer. */
  ENCRYPT,
  /** Always TLS, with one of the pinned keys. */
  FINGERPRINT,
  /** Always TLS, with a trusted certificate for the MX host's name, however that was found. */
  VERIFY,
  /** Always TLS, with a trusted certificate for a name that no forged DNS answer could choose. */
  SECURE,
  /** What an MTA-STS policy in force demands (RFC 8461 4); not for configuration. */
  STS,
  /** What usable TLSA records demand (RFC 7672 2.2); not for configuration: it is always on. */
  DANE,
  /** Always TLS with a peer that DANE identifies; without usable TLSA records, no mail. */
  DANE_ONLY;

  /** {@return the word in configuration and logs} */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** {@return whether this level forbids plaintext} */
  public boolean demandsTls() {
    return compareTo(ENCRYPT) >= 0;
  }

  /** {@return whether the level demands the peer's identity} */
  public boolean demandsIdentity() {
    return switch (this) {
      case NONE, MAY, ENCRYPT -> false;
      case FINGERPRINT, VERIFY, SECURE, STS, DANE, DANE_ONLY -> true;
    };
  }
}
