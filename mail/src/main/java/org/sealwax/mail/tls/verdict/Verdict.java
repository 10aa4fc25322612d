package org.sealwax.mail.tls.verdict;

/**
 * Result of the check of the peer's certificate: computed for every handshake in both directions,
 * and never a reason to end the handshake (POLICY.md, "Verdicts").
 */
public sealed interface Verdict {
  /** Reasons why a chain is not trusted; the first that applies, in this order of reporting. */
  enum Reason {
    /** A certificate of the chain has expired. */
    EXPIRED,
    /** A certificate of the chain is not valid yet. */
    NOT_YET_VALID,
    /** The leaf has signed itself. */
    SELF_SIGNED,
    /** A certificate between leaf and root is missing. */
    INCOMPLETE_CHAIN,
    /** The chain ends at an authority that does not count. */
    UNKNOWN_ISSUER,
    /** The chain is valid, and the name is another one. */
    NAME_MISMATCH,
    /** A signature of the chain uses a broken hash. */
    WEAK_SIGNATURE,
    /** A key of the chain is too short. */
    WEAK_KEY,
    /** The certificate is not for this role. */
    WRONG_PURPOSE,
    /** A stapled OCSP response states that the leaf is revoked. */
    REVOKED;

    /** {@return the word of POLICY.md: {@code not-yet-valid}} */
    public String word() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** What identified the peer. */
  enum IdentifiedBy {
    /** A name, by a valid chain. */
    NAME,
    /** A TLSA record. */
    TLSA,
    /** A pinned key. */
    PIN,
    /** A configured peer with the same identity. */
    MIRROR
  }

  /** No certificate was shown. */
  record Anonymous() implements Verdict {}

  /**
   * The peer showed a certificate whose chain is not valid.
   *
   * @param reason why the chain is not valid
   */
  record Untrusted(Reason reason) implements Verdict {}

  /**
   * The chain leads to a root that we trust and is valid now; the name was not asked for or
   * differs.
   */
  record Trusted() implements Verdict {}

  /**
   * The peer has the expected identity.
   *
   * @param by what identified it
   * @param what the matching name, TLSA record, or pin, in text
   */
  record Verified(IdentifiedBy by, String what) implements Verdict {}

  /** {@return the capitalised word of Postfix's log lines, which log parsers know} */
  default String postfixWord() {
    return switch (this) {
      case Anonymous a -> "Anonymous";
      case Untrusted u -> "Untrusted";
      case Trusted t -> "Trusted";
      case Verified v -> "Verified";
    };
  }

  /**
   * {@return the word with its detail, for log fields and Received: {@code untrusted(self-signed)}}
   */
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
