package org.sealwax.mail.tls.verdict;

/** In which role a peer showed its certificate: it decides about the purpose asked for. */
public enum PeerRole {
  /** We are the client: the certificate should be good for serverAuth. */
  SERVER,
  /** We are the server: clientAuth would be right, but public CAs stopped issuing it in 2026. */
  CLIENT
}
