package org.sealwax.assess.sender;

import java.util.Set;

/** Result types of TLS reports (RFC 8460 4.3). */
final class ReportTypes {
  static final Set<String> KNOWN =
      Set.of(
          "starttls-not-supported",
          "certificate-host-mismatch",
          "certificate-expired",
          "certificate-not-trusted",
          "validation-failure",
          "tlsa-invalid",
          "dnssec-invalid",
          "dane-required",
          "sts-policy-fetch-error",
          "sts-policy-invalid",
          "sts-webpki-invalid");

  private ReportTypes() {}
}
