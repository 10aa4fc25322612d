package org.sealwax.mail.dns;

/**
 * One TLSA record as published (RFC 6698 2.1); {@code dane} decides whether it is usable.
 *
 * @param usage 0 to 255
 * @param selector 0 to 255
 * @param matching 0 to 255
 * @param data certificate association data in lower-case hex
 */
public record TlsaRecord(int usage, int selector, int matching, String data) {
  /** Presentation form, for logs: {@code 3 1 1 2bb1…}. */
  @Override
  public String toString() {
    return usage + " " + selector + " " + matching + " " + data;
  }
}
