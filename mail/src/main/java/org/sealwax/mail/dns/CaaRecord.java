package org.sealwax.mail.dns;

/**
 * One CAA record (RFC 8659 4.1).
 *
 * @param flags bit 7 is critical
 * @param tag {@code issue}, {@code issuewild}, {@code iodef}, …
 * @param value as ISO 8859-1
 */
public record CaaRecord(int flags, String tag, String value) {
  /** Presentation form: {@code 0 issue "ca.example"}. */
  @Override
  public String toString() {
    return flags + " " + tag + " \"" + value + "\"";
  }
}
