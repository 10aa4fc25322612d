package org.sealwax.lab.judge;

/**
 * What a sender may have done at a trap. The table of expectations states for each test case which
 * of these it takes to have reached the trap: before, a refusal or a missing connection is not a
 * result.
 */
public enum SenderAction {
  /** Asked the DNS for the MX records of the domain. */
  ASKED_MX("look up the MX records", false),
  /** Asked the DNS for an address of the domain or of its hosts. */
  ASKED_ADDRESS("look up the address of a host", false),
  /** Asked the DNS for the TLSA records of a host. */
  ASKED_TLSA("look up TLSA records", false),
  /** Fetched the MTA-STS policy. */
  FETCHED("fetch the MTA-STS policy", false),
  /** Fetched the MTA-STS policy before the site changed. */
  FETCHED_BEFORE("fetch the MTA-STS policy before the change", false),
  /** Fetched the MTA-STS policy after the site changed. */
  FETCHED_AFTER("fetch the MTA-STS policy after the change", false),
  /**
   * Connected after the site changed; the other required actions must have happened at that
   * connection.
   */
  CAME_AGAIN("connect after the change", true),
  /** Connected to the host of the best preference. */
  FIRST_HOST("connect to the first host", true),
  /** Sent EHLO or HELO, so that it saw what is offered. */
  GREETED("send EHLO", true),
  /** Said STARTTLS. */
  STARTTLS("send STARTTLS", true),
  /** Sent a ClientHello. */
  HELLO("send a ClientHello", true),
  /** Got the server's part of the handshake: ServerHello, certificate, signature. */
  SHOWN("receive the server's handshake", true);

  private final String words;
  private final boolean connection;

  SenderAction(String words, boolean connection) {
    this.words = words;
    this.connection = connection;
  }

  /** What it is, after "did not". */
  String words() {
    return words;
  }

  /** Whether it happens on a connection; a lookup or a policy may be kept from an earlier try. */
  boolean onConnection() {
    return connection;
  }
}
