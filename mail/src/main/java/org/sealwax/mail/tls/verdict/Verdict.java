package org.sealwax.mail.tls.verdict;

/**
 * What the peer's certificate was worth: computed for every handshake in both directions, and never
 * a reason to end the handshake (POLICY.md, "Verdicts").
 */
public sealed interface Verdict {
  /** Reasons why a chain is not trusted; the first that applies, in this order of telling. */
  enum Reason {
    EXPIRED,
    NOT_YET_VALID,
    SELF_SIGNED,
    INCOMPLETE_CHAIN,
    UNKNOWN_ISSUER,
    NAME_MISMATCH,
    WEAK_SIGNATURE,
    WEAK_KEY,
    WRONG_PURPOSE,
    REVOKED;

    /** The word of POLICY.md: {@code not-yet-valid}. */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** By what the peer was identified. */
  enum IdentifiedBy {
    NAME,
    TLSA,
    PIN,
    MIRROR
  }

  /** No certificate was shown. */
  record Anonymous() implements Verdict {}

  /** A certificate was shown whose chain does not hold. */
  record Untrusted(Reason reason) implements Verdict {}

  /** The chain leads to a root of ours and is valid now; the name was not asked for or differs. */
  record Trusted() implements Verdict {}

  /**
   * The peer is who we meant.
   *
   * @param by what identified it
   * @param what the matching name, TLSA record, or pin, in text
   */
  record Verified(IdentifiedBy by, String what) implements Verdict {}

  /** The capitalised word of Postfix's log lines, which log parsers know. */
  default String postfixWord() {
    return switch (this) {
      case Anonymous a -> "Anonymous";
      case Untrusted u -> "Untrusted";
      case Trusted t -> "Trusted";
      case Verified v -> "Verified";
    };
  }

  /** The word with its detail, for log fields and Received: {@code untrusted(self-signed)}. */
  default String text() {
    return switch (this) {
      case Anonymous a -> "anonymous";
      case Untrusted u -> "untrusted(" + u.reason().word() + ")";
      case Trusted t -> "trusted";
      case Verified v ->
          "verified(" + v.by().name().toLowerCase(java.util.Locale.ROOT) + " " + v.what() + ")";
    };
  }
}
