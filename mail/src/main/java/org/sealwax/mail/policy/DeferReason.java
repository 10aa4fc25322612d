package org.sealwax.mail.policy;

import java.util.Locale;

/** Reason for deferring at a host or a delivery, in one word for log, queue and DSN. */
public enum DeferReason {
  /** No connection. */
  CONNECT,
  /** Refused at banner or EHLO. */
  GREETING,
  /** The connection failed before TLS. */
  LOST_CONNECTION,
  /** TLS is demanded, or was offered before, and is not offered. */
  TLS_NOT_OFFERED,
  /** STARTTLS was answered 4yz or 5yz. */
  TLS_REFUSED,
  /** The handshake failed on every fallback step allowed. */
  TLS_BROKEN,
  /** The peer does not have the identity that the requirement demands. */
  TLS_IDENTITY,
  /** The negotiated TLS is below the lowest acceptable version. */
  TLS_FLOOR,
  /** Plaintext was injected around STARTTLS. */
  TLS_INJECTION,
  /** The host's DNSSEC status cannot be determined: the host is not used (RFC 7672 2.1.1). */
  DANE_LOOKUP,
  /** DANE is demanded by a row, and the host has no usable TLSA record. */
  DANE_MISSING,
  /** The host is not in the domain's MTA-STS policy (RFC 8461 4.1). */
  STS_MX,
  /** The domain has an MTA-STS policy that could not be fetched yet. */
  STS_PENDING,
  /** The ledger has never seen this host serve the domain. */
  LEDGER_MX,
  /** REQUIRETLS: nothing vouches for the choice of the host (RFC 8689 4.2.1). */
  REQUIRETLS_MX,
  /** REQUIRETLS: the host does not offer the extension (RFC 8689 4.2.1). */
  REQUIRETLS_MISSING,
  /** The connection limit of the ladder is reached. */
  LADDER_BOUND;

  /** {@return the queue's word: {@code tls-not-offered}} */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
