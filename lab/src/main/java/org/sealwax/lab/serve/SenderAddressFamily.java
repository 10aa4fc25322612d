package org.sealwax.lab.serve;

/** The address families by which the sender under test reaches other hosts. */
public enum SenderAddressFamily {
  /** IPv6, and also IPv4: every test case has addresses of its own. */
  IPV6,
  /** IPv4 only: as many test cases at a time as the lab has addresses to lend. */
  IPV4
}
