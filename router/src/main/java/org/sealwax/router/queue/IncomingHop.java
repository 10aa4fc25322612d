package org.sealwax.router.queue;

/** Facts about the hop by which a message came, each in one line. */
interface IncomingHop {
  /** TLS; empty when it came unencrypted. */
  String tls();

  /** Results of SPF, DKIM and DMARC; empty when the sender was not checked. */
  String checks();

  /**
   * Both as one text of two lines: records of version 0.1 have the first one, and it reads both.
   */
  default String hopText() {
    return checks().isEmpty() ? tls() : tls() + "\n" + checks();
  }
}
