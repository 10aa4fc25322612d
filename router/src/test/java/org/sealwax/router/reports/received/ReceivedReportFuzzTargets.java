package org.sealwax.router.reports.received;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixList;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.mail.tlsrpt.TlsReportJson;
import org.sealwax.router.reports.ReportingOrganization;
import org.sealwax.router.reports.inbox.DkimVerification;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** Messages that should carry reports: something named comes of each, and no exception. */
public final class ReceivedReportFuzzTargets {
  private static final PublicSuffixList SUFFIXES = PublicSuffixList.bundled();
  private static final TlsReport REPORT = ReportingOrganization.report("id", "project.example");

  private ReceivedReportFuzzTargets() {}

  private static byte[] signed() {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("received");
      return ReportingOrganization.mail(REPORT, folder);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } finally {
      try {
        if (folder != null) {
          Files.deleteIfExists(folder.resolve("dkim.pem"));
          Files.delete(folder);
        }
      } catch (IOException e) {
        // A folder of the system's, which cleans it.
      }
    }
  }

  /** All of them. */
  public static List<FuzzTarget> all() {
    byte[] mail = signed();
    byte[] plain =
        ("From: <a@sender.example>\r\n"
                + "MIME-Version: 1.0\r\n"
                + "Content-Type: multipart/mixed;\r\n"
                + " boundary=\"a b\"\r\n\r\n"
                + "preamble\r\n"
                + "--a b\r\n"
                + "Content-Type: multipart/report; boundary=c\r\n\r\n"
                + "--c\r\n"
                + "Content-Type: application/tlsrpt+json\r\n"
                + "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                + "{=3D}\r\n"
                + "--c--\r\n"
                + "--a b--\r\n")
            .getBytes(StandardCharsets.UTF_8);
    return List.of(
        new FuzzTarget(
            "tlsrpt-mail",
            List.of(mail, plain),
            input -> {
              switch (ReportExtraction.in(input)) {
                case ReportExtraction.ExtractionResult.NoReportFound none ->
                    holds(!none.why().isEmpty(), "no reason");
                case ReportExtraction.ExtractionResult.ReportFound one ->
                    holds(one.bytes().length <= TlsReportJson.MAX_BYTES, "bytes");
              }
            }),
        new FuzzTarget(
            "tlsrpt-dkim",
            List.of(mail),
            input -> {
              // Only what the key's owner wrote is signed: every other byte is from another source.
              if (DkimVerification.of(
                      input, ReportingOrganization.dns(), SUFFIXES, ReportingOrganization.MIDNIGHT)
                  instanceof DkimVerification.Signed(Domain by)) {
                holds(by.equals(Domain.of("sender.example")), "signed by " + by);
                holds(
                    !(ReportExtraction.in(input)
                            instanceof ReportExtraction.ExtractionResult.ReportFound one)
                        || one.packed()
                            && java.util.Arrays.equals(
                                one.bytes(), ReportingOrganization.packed(REPORT)),
                    "signed, and another report");
              }
            }));
  }
}
