package org.sealwax.router.reports.received;

import java.io.ByteArrayInputStream;
import java.util.Optional;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.reports.inbox.MimeParts;

/**
 * Finds the report in a message: the one part of type {@code application/tlsrpt+gzip} or {@code
 * application/tlsrpt+json} (RFC 8460 section 5.3). What is malformed is not a report.
 */
final class ReportExtraction {
  private ReportExtraction() {}

  /** The result of an extraction. */
  sealed interface ExtractionResult {
    /**
     * The report.
     *
     * @param bytes decoded, at most {@link TlsReportJson#MAX_BYTES}
     * @param packed whether the type states gzip
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on once, never compared
    record ReportFound(byte[] bytes, boolean packed) implements ExtractionResult {}

    /** No report, or not one. */
    record NoReportFound(String why) implements ExtractionResult {}
  }

  /** Looks through a message. */
  static ExtractionResult in(byte[] message) {
    ExtractionResult[] found = new ExtractionResult[1];
    Optional<String> flaw =
        MimeParts.each(
            new ByteArrayInputStream(message),
            part -> {
              boolean packed = part.type().equals("application/tlsrpt+gzip");
              if (!packed && !part.type().equals("application/tlsrpt+json")) {
                return true;
              }
              if (found[0] != null) {
                found[0] = new ExtractionResult.NoReportFound("more than one report");
                return false;
              }
              byte[] bytes = part.content(TlsReportJson.MAX_BYTES + 1);
              boolean fits = bytes.length <= TlsReportJson.MAX_BYTES;
              found[0] =
                  fits
                      ? new ExtractionResult.ReportFound(bytes, packed)
                      : new ExtractionResult.NoReportFound(
                          "a report over " + TlsReportJson.MAX_BYTES + " bytes");
              return fits;
            });
    if (flaw.isPresent()) {
      return new ExtractionResult.NoReportFound(flaw.get());
    }
    return found[0] == null
        ? new ExtractionResult.NoReportFound("no part of type application/tlsrpt+gzip")
        : found[0];
  }
}
