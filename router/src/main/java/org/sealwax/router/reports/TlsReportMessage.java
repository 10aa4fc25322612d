package org.sealwax.router.reports;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.message.Rfc5322Date;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tlsrpt.SessionCounts.PolicySummary;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;

/** A report as a message (RFC 8460 section 5.3). Pure but for the signature. */
final class TlsReportMessage {
  /** Bytes of a base64 line (RFC 2045 section 6.8). */
  private static final int LINE = 76;

  /** Failures in the text; the attachment has all of them. */
  private static final int MAX_LISTED = 10;

  private TlsReportMessage() {}

  /** The report, compressed (RFC 8460 section 5.2). */
  static byte[] compressed(TlsReport report) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
      gzip.write(TlsReportJson.write(report));
    }
    return out.toByteArray();
  }

  /**
   * The signed message.
   *
   * @param from the contact, in the signing domain
   * @param to its address at the domain
   * @param submitter our name
   * @param keys at least one; their domain is that of {@code from}
   * @param unique for boundary and Message-ID
   */
  static byte[] write(
      TlsReport report,
      Mailbox from,
      Mailbox to,
      Domain submitter,
      List<DkimSigningKey> keys,
      String unique,
      Instant now)
      throws IOException {
    String boundary = "=_tlsrpt_" + unique;
    String file = report.fileName(submitter);
    String message =
        field("From", from.toString())
            + field("To", to.toString())
            + field(
                "Subject",
                "Report Domain: "
                    + report.domain()
                    + "\r\n Submitter: "
                    + submitter
                    + "\r\n Report-ID: <"
                    + report.id()
                    + ">")
            + field("Date", Rfc5322Date.of(now))
            + field("Message-ID", "<" + unique + "@" + submitter + ">")
            + field("TLS-Report-Domain", report.domain().name())
            + field("TLS-Report-Submitter", submitter.name())
            // The report must reach a domain whose TLS fails, because it is about that failure.
            + field("TLS-Required", "No")
            // No holiday message of a person answers it (RFC 3834 section 5).
            + field("Auto-Submitted", "auto-generated")
            + field("MIME-Version", "1.0")
            + field(
                "Content-Type",
                "multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"" + boundary + "\"")
            + "\r\n--"
            + boundary
            + "\r\nContent-Type: text/plain; charset=us-ascii\r\n"
            + "Content-Transfer-Encoding: 7bit\r\n\r\n"
            + text(report, submitter)
            + "\r\n--"
            + boundary
            + "\r\nContent-Type: application/tlsrpt+gzip\r\n"
            + "Content-Transfer-Encoding: base64\r\n"
            + "Content-Disposition: attachment;\r\n filename=\""
            + file
            + "\"\r\n\r\n"
            + Base64.getMimeEncoder(LINE, new byte[] {'\r', '\n'})
                .encodeToString(compressed(report))
            + "\r\n--"
            + boundary
            + "--\r\n";
    byte[] unsigned = message.getBytes(StandardCharsets.UTF_8);
    try {
      return DkimSigner.sign(unsigned, keys, now);
    } catch (DkimSigner.UnsignableHeader | GeneralSecurityException e) {
      throw new IOException("cannot sign the report: " + FailureText.of(e), e);
    }
  }

  /** What the admin of the other domain reads without unpacking the report. */
  private static String text(TlsReport report, Domain submitter) {
    StringBuilder out = new StringBuilder(512);
    out.append("This is an aggregate TLS report (RFC 8460) from ")
        .append(submitter)
        .append("\r\nabout sessions with the mail hosts of ")
        .append(report.domain())
        .append("\r\nfrom ")
        .append(report.begin())
        .append(" to ")
        .append(report.end())
        .append(".\r\n\r\n");
    long succeeded = report.sums().stream().mapToLong(PolicySummary::succeeded).sum();
    long failed = report.sums().stream().mapToLong(PolicySummary::failed).sum();
    out.append("Sessions: ").append(succeeded).append(" succeeded, ");
    out.append(failed).append(" failed.\r\n");
    List<String> failures = failures(report);
    failures.stream().limit(MAX_LISTED).forEach(f -> out.append("  ").append(f).append("\r\n"));
    if (failures.size() > MAX_LISTED) {
      out.append("  ... and ").append(failures.size() - MAX_LISTED).append(" more\r\n");
    }
    return out.append(
            "\r\nThe attachment has the details. It was requested by the TXT record at\r\n_smtp._tls.")
        .append(report.domain())
        .append(". Questions: reply to this message.\r\n")
        .toString();
  }

  private static List<String> failures(TlsReport report) {
    Map<String, Long> times = new TreeMap<>();
    for (PolicySummary sum : report.sums()) {
      sum.failures()
          .forEach(
              (f, n) ->
                  times.merge(
                      f.type().word() + (f.host().isEmpty() ? "" : " at " + f.host()),
                      n,
                      Long::sum));
    }
    return times.entrySet().stream()
        .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
        .map(e -> e.getValue() + " " + e.getKey())
        .toList();
  }

  private static String field(String name, String value) {
    return name + ": " + value + "\r\n";
  }
}
