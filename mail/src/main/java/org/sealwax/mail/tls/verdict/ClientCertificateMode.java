package org.sealwax.mail.tls.verdict;

/** The handling of client certificates by a listener. */
public enum ClientCertificateMode {
  /** Not asked for. */
  NONE,
  /** Asked for, judged, recorded; the default. */
  ASK,
  /** Asked for and required; a client without one gets 554. */
  REQUIRE
}
