package org.sealwax.router.dkim;

import java.net.InetAddress;

/** Who hands mail in for any recipient. */
public sealed interface Submitter {
  /** A user after AUTH. */
  record User(String name) implements Submitter {}

  /** A client in a trusted network. */
  record Network(InetAddress address) implements Submitter {}

  /** A client with a certificate that grants relay; {@code verdict} as in the log. */
  record Certificate(String verdict) implements Submitter {}

  /** A program of this machine. */
  record LocalProgram() implements Submitter {}
}
