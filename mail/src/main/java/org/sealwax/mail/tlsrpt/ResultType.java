package org.sealwax.mail.tlsrpt;

import java.util.Locale;
import java.util.Optional;

/** Result type of a failed session (RFC 8460 section 4.3). */
public enum ResultType {
  /** The host did not offer STARTTLS, or answered it with an error. */
  STARTTLS_NOT_SUPPORTED,
  /** The certificate is for other names. */
  CERTIFICATE_HOST_MISMATCH,
  /** The certificate has expired. */
  CERTIFICATE_EXPIRED,
  /** The chain does not lead to a root, or does not hold for another reason. */
  CERTIFICATE_NOT_TRUSTED,
  /** None of the above: the failure reason gives the details. */
  VALIDATION_FAILURE,
  /** There were TLSA records, and none of them was valid. */
  TLSA_INVALID,
  /** No answer of the DNS validated. */
  DNSSEC_INVALID,
  /** DANE is demanded by our configuration, and the host has no TLSA records. */
  DANE_REQUIRED,
  /** The MTA-STS policy could not be fetched. */
  STS_POLICY_FETCH_ERROR,
  /** The MTA-STS policy was fetched and is not valid. */
  STS_POLICY_INVALID,
  /** The policy host's certificate is not valid. */
  STS_WEBPKI_INVALID;

  /** {@return the word in a report: {@code starttls-not-supported}} */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * {@return the type of a word}
   *
   * @param word the word in the report
   */
  public static Optional<ResultType> ofWord(String word) {
    for (ResultType type : values()) {
      if (type.word().equals(word)) {
        return Optional.of(type);
      }
    }
    return Optional.empty();
  }
}
