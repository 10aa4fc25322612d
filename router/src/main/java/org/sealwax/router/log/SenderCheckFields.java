package org.sealwax.router.log;

/**
 * What the checks of a message's sender found, in words.
 *
 * @param spf result of SPF
 * @param dkim results of DKIM, each word once
 * @param dmarc result of DMARC
 * @param from domain in From; may be empty
 * @param policy policy of that domain; empty when none applies
 * @param action {@code accept}, {@code reject}, or why it was spared
 */
public record SenderCheckFields(
    String spf, String dkim, String dmarc, String from, String policy, String action) {
  /** In one line, for the trace: {@code spf=pass dkim=none dmarc=fail header_from=example.org}. */
  public String line() {
    return "spf="
        + spf
        + " dkim="
        + dkim
        + " dmarc="
        + dmarc
        + (from.isEmpty() ? "" : " header_from=" + from)
        + (policy.isEmpty() ? "" : " policy=" + policy);
  }
}
