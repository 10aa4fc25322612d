package org.sealwax.mail.tls;

/** The TLS implementations there are. */
public enum TlsEngine {
  /** By netty-tcnative: fast, X25519MLKEM768, settable ticket keys, FALLBACK_SCSV. */
  BORINGSSL,
  /** The JDK's: no native code; the fallback. */
  JSSE
}
