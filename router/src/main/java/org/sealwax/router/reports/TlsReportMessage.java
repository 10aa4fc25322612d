package org.sealwax.router.reports;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.message.Rfc5322Date;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;

/** A report as a message (RFC 8460 section 5.3). Pure but for the signature. */
final class TlsReportMessage {
  /** Bytes of a base64 line (RFC 2045 section 6.8). */
  private static final int LINE = 76;

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
            + field("MIME-Version", "1.0")
            + field(
                "Content-Type",
                "multipart/report; report-type=\"tlsrpt\";\r\n boundary=\"" + boundary + "\"")
            + "\r\n--"
            + boundary
            + "\r\nContent-Type: text/plain; charset=us-ascii\r\n"
            + "Content-Transfer-Encoding: 7bit\r\n\r\n"
            + "This is an aggregate TLS report (RFC 8460) from "
            + submitter
            + "\r\nabout sessions with the mail hosts of "
            + report.domain()
            + "\r\nfrom "
            + report.begin()
            + " to "
            + report.end()
            + ".\r\n\r\n--"
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

  private static String field(String name, String value) {
    return name + ": " + value + "\r\n";
  }
}
