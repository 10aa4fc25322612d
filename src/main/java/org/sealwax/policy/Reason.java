package org.sealwax.policy;

import java.util.Locale;

/** Why a host or a delivery was given up for now, in one word for log, queue and DSN. */
public enum Reason {
  /** No connection. */
  CONNECT,
  /** Refused at banner or EHLO. */
  GREETING,
  /** Broken off in clear text before TLS. */
  LOST_CONNECTION,
  /** TLS is demanded, or was there before, and is not offered. */
  TLS_NOT_OFFERED,
  /** STARTTLS was answered 4yz or 5yz. */
  TLS_REFUSED,
  /** The handshake broke on every rung allowed. */
  TLS_BROKEN,
  /** The peer is not who was demanded. */
  TLS_IDENTITY,
  /** What was negotiated is below the floor. */
  TLS_FLOOR,
  /** Clear text was injected around STARTTLS. */
  TLS_INJECTION,
  /** The host is not among those that may be used. */
  MX_FILTER,
  /** The bound of the ladder is reached. */
  LADDER_BOUND;

  /** The queue's word: {@code tls-not-offered}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
