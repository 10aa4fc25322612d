package org.sealwax.mail.tlsrpt;

/**
 * A kind of failed session; equal ones are counted together (RFC 8460 section 4.4).
 *
 * @param type what went wrong
 * @param sendingAddress our address, or empty when there was no connection
 * @param host the MX host's name
 * @param receivingAddress its address, or empty
 * @param reason in words, at most {@link #MAX_REASON} characters of printable ASCII; may be empty
 */
public record FailureDetail(
    ResultType type, String sendingAddress, String host, String receivingAddress, String reason) {
  /** Maximum characters of a reason: it is for an admin who looks for the cause. */
  public static final int MAX_REASON = 200;

  /** Maximum characters of a host's name or an address, which may come from another site. */
  public static final int MAX_NAME = 255;

  /** Cuts and cleans, since part of it may come from a peer or another reporter. */
  public FailureDetail {
    sendingAddress = clean(sendingAddress, MAX_NAME);
    host = clean(host, MAX_NAME);
    receivingAddress = clean(receivingAddress, MAX_NAME);
    reason = clean(reason, MAX_REASON);
  }

  private static String clean(String text, int most) {
    StringBuilder clean = new StringBuilder();
    for (int i = 0; i < text.length() && clean.length() < most; i++) {
      char c = text.charAt(i);
      clean.append(c >= 0x20 && c < 0x7f ? c : '?');
    }
    return clean.toString();
  }
}
