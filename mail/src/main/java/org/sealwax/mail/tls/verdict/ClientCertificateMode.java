package org.sealwax.mail.tls.verdict;

/** What a listener does about the client's certificate. */
public enum ClientCertificateMode {
  /** Not asked for. */
  NONE,
  /** Asked for, judged, recorded; the default. */
  ASK,
  /** Asked for and required; a client without one gets no further than a 554. */
  REQUIRE
}
