package org.sealwax.lab.serve;

/** By what the sender under test reaches other hosts. */
public enum SenderAddressFamily {
  /** IPv6, and IPv4 next tos: every row has addresses of its own. */
  IPV6,
  /** IPv4 only: as many rows at a time as the lab has addresses to lend. */
  IPV4
}
