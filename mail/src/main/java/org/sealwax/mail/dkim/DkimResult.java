package org.sealwax.mail.dkim;

import java.util.Optional;
import org.sealwax.mail.address.Domain;

/**
 * Result of one signature of a message. Domain, selector and identity are what the signature
 * claims; only with {@link DkimStatus#PASS} are they proved.
 *
 * @param status in the words of RFC 8601
 * @param domain {@code d=}; empty when it cannot be read
 * @param selector {@code s=}; empty when it cannot be read
 * @param identity {@code i=}, or its default; empty when it cannot be read
 * @param algorithm {@code a=}; empty when it is not known
 * @param signature {@code b=} in Base64, of which {@code header.b} quotes the beginning (RFC 6008);
 *     may be empty
 * @param reason in words, for {@link DkimStatus#PASS} empty
 * @param changes what changed in the message since it was signed, as far as that is known
 * @param hasLength whether the signature has a length ({@code l=}), valid or not
 * @param testing whether the domain tests DKIM ({@code t=y}, RFC 6376 section 3.6.1)
 */
public record DkimResult(
    DkimStatus status,
    Optional<Domain> domain,
    Optional<Domain> selector,
    Optional<String> identity,
    Optional<DkimAlgorithm> algorithm,
    String signature,
    String reason,
    Changes changes,
    boolean hasLength,
    boolean testing) {
  /** Changes of the message since it was signed. */
  public enum Changes {
    /** Not known, or header fields that were signed changed. */
    UNKNOWN,
    /** None in what was signed, and the whole body was signed. */
    NONE,
    /** None in what was signed; the body goes on after its signed part ({@code l=}). */
    BODY_CONTINUES,
    /** The signed header fields are unchanged, and the body is not. */
    BODY_ONLY
  }

  /** {@return whether the signature is valid} */
  public boolean passes() {
    return status == DkimStatus.PASS;
  }
}
