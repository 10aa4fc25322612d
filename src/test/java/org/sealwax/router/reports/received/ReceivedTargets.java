package org.sealwax.router.reports.received;

import static org.sealwax.mail.fuzz.Target.holds;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.PublicSuffixes;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.mail.tlsrpt.Report;
import org.sealwax.mail.tlsrpt.ReportForm;
import org.sealwax.router.reports.SignedReports;

/** Messages that should carry reports: something named comes of each, and no exception. */
public final class ReceivedTargets {
  private static final PublicSuffixes SUFFIXES = PublicSuffixes.bundled();
  private static final Report REPORT = SignedReports.report("id", "project.example");

  private ReceivedTargets() {}

  private static byte[] signed() {
    Path folder = null;
    try {
      folder = Files.createTempDirectory("received");
      return SignedReports.mail(REPORT, folder);
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
  public static List<Target> all() {
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
        new Target(
            "tlsrpt-mail",
            List.of(mail, plain),
            input -> {
              switch (ReportParts.in(input)) {
                case ReportParts.Found.None none -> holds(!none.why().isEmpty(), "no reason");
                case ReportParts.Found.One one ->
                    holds(one.octets().length <= ReportForm.MAX_OCTETS, "octets");
              }
            }),
        new Target(
            "tlsrpt-dkim",
            List.of(mail),
            input -> {
              // Only what the key's owner wrote is signed: every other octet is somebody else's.
              if (MailProof.of(input, SignedReports.dns(), SUFFIXES)
                  instanceof MailProof.Signed(Domain by)) {
                holds(by.equals(Domain.of("sender.example")), "signed by " + by);
                holds(
                    !(ReportParts.in(input) instanceof ReportParts.Found.One one)
                        || one.packed()
                            && java.util.Arrays.equals(one.octets(), SignedReports.packed(REPORT)),
                    "signed, and another report");
              }
            }),
        Target.ofTexts(
            "dkim-key",
            input -> {
              String record = Target.text(input);
              if (MailProof.KeyRecord.serves(record)) {
                holds(!MailProof.KeyRecord.plain(record).matches(".*;\\s*s\\s*=.*"), "a service");
              }
            },
            SignedReports.record("s=tlsrpt; "),
            "v=DKIM1;s=*;p=",
            "k=rsa; t=s; s=email:tlsrpt"));
  }
}
