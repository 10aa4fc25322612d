package org.sealwax.mail.tlsrpt;

import java.util.List;
import org.sealwax.mail.address.Domain;

/**
 * A policy that applied to sessions, as a report names it (RFC 8460 section 4.4).
 *
 * @param type what kind
 * @param domain the domain that published it
 * @param strings TLSA records in presentation form, or the lines of the MTA-STS policy; empty when
 *     none was found
 * @param mxHosts MX patterns of an MTA-STS policy; empty otherwise
 */
public record AppliedPolicy(
    PolicyType type, Domain domain, List<String> strings, List<String> mxHosts) {
  /** The kinds; a report has one entry per kind and domain. */
  public enum PolicyType {
    /** DANE TLSA records (RFC 7672). */
    TLSA("tlsa"),
    /** An MTA-STS policy (RFC 8461). */
    STS("sts"),
    /** Neither a DANE nor an MTA-STS policy. */
    NONE("no-policy-found");

    private final String word;

    PolicyType(String word) {
      this.word = word;
    }

    /** {@return the word in a report} */
    public String word() {
      return word;
    }
  }

  /** Copies. */
  public AppliedPolicy {
    strings = List.copyOf(strings);
    mxHosts = List.copyOf(mxHosts);
  }
}
