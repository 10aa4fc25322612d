package org.sealwax.tlsrpt;

/**
 * A kind of failed session; equal ones are counted together (RFC 8460 section 4.4).
 *
 * @param type what went wrong
 * @param sendingAddress our address, or empty when there was no connection
 * @param host the MX host's name
 * @param receivingAddress its address, or empty
 * @param reason in words, at most {@link #MAX_REASON} characters of printable ASCII; may be empty
 */
public record Failure(
    ResultType type, String sendingAddress, String host, String receivingAddress, String reason) {
  /** Characters of a reason: it is for a person who looks for the cause. */
  public static final int MAX_REASON = 200;

  /** Cuts and cleans the reason, part of which a peer may have said. */
  public Failure {
    StringBuilder clean = new StringBuilder();
    for (int i = 0; i < reason.length() && clean.length() < MAX_REASON; i++) {
      char c = reason.charAt(i);
      clean.append(c >= 0x20 && c < 0x7f ? c : '?');
    }
    reason = clean.toString();
  }
}
