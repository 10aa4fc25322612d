package org.sealwax.router.reports;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.Mailbox;
import org.sealwax.mail.dkim.DkimSigner;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.smtp.MailboxParser;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.mail.tlsrpt.FailureDetail;
import org.sealwax.mail.tlsrpt.ResultType;
import org.sealwax.mail.tlsrpt.SessionCounts;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.testkit.dns.FixedResolver;

/** An organisation that reports, with a key of its own; what it sends is what we send. */
public final class ReportingOrganization {
  /** The day that its reports are about. */
  public static final Instant MIDNIGHT = Instant.parse("2026-11-24T00:00:00Z");

  /** Where its key is. */
  public static final String KEY = "tlsrpt._domainkey.sender.example";

  private static final KeyPair KEYS = rsa();
  private static final Domain SUBMITTER = Domain.of("mx.sender.example");

  private ReportingOrganization() {}

  private static KeyPair rsa() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The key's record, with more tags before the key. */
  public static String record(String tags) {
    return "v=DKIM1; "
        + tags
        + "p="
        + Base64.getEncoder().encodeToString(KEYS.getPublic().getEncoded());
  }

  /** The DNS with its key. */
  public static FixedResolver dns() {
    return FixedResolver.builder().txt(KEY, record("k=rsa; s=tlsrpt; ")).build();
  }

  /** A report about these domains: five sessions held and three failed. */
  public static TlsReport report(String id, String... domains) {
    FailureDetail failure =
        new FailureDetail(
            ResultType.CERTIFICATE_EXPIRED,
            "192.0.2.1",
            "mx.project.example",
            "198.51.100.7",
            "notAfter");
    List<SessionCounts.PolicySummary> sums =
        java.util.Arrays.stream(domains)
            .map(
                d ->
                    new SessionCounts.PolicySummary(
                        new AppliedPolicy(
                            AppliedPolicy.PolicyType.STS,
                            Domain.of(d),
                            List.of("version: STSv1"),
                            List.of("mx.project.example")),
                        5,
                        3,
                        Map.of(failure, 3L)))
            .toList();
    return new TlsReport(
        "Sender Inc.",
        "tls@sender.example",
        id,
        Domain.of(domains[0]),
        MIDNIGHT,
        MIDNIGHT.plusSeconds(86_399),
        sums);
  }

  /** The same about another day. */
  public static TlsReport of(Instant midnight, TlsReport report) {
    return new TlsReport(
        report.organization(),
        report.contact(),
        report.id(),
        report.domain(),
        midnight,
        midnight.plusSeconds(86_399),
        report.sums());
  }

  /** A report packed as it is posted. */
  public static byte[] packed(TlsReport report) throws IOException {
    return TlsReportMessage.compressed(report);
  }

  /** A report as the message that carries it, signed by {@code signer} and from {@code from}. */
  public static byte[] mail(TlsReport report, String signer, String from, Path folder)
      throws IOException {
    return TlsReportMessage.write(
        report,
        MailboxParser.parse(from).orElseThrow(),
        new Mailbox("tlsrpt", Domain.of("project.example")),
        SUBMITTER,
        List.of(signer(signer, folder)),
        "unique",
        MIDNIGHT.plusSeconds(90_000));
  }

  /** The usual one. */
  public static byte[] mail(TlsReport report, Path folder) throws IOException {
    return mail(report, "sender.example", "tls@sender.example", folder);
  }

  /** Any message, signed. */
  public static byte[] signed(String message, Path folder) throws IOException {
    byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
    try {
      return DkimSigner.sign(bytes, java.util.List.of(signer("sender.example", folder)), MIDNIGHT);
    } catch (DkimSigner.UnsignableHeader | GeneralSecurityException e) {
      throw new IOException(e);
    }
  }

  /** The organisation's private key, for signatures that a test makes by itself. */
  public static java.security.PrivateKey key() {
    return KEYS.getPrivate();
  }

  private static DkimSigningKey signer(String domain, Path folder) throws IOException {
    Path file = folder.resolve("dkim.pem");
    Files.writeString(
        file,
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(KEYS.getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
    return DkimKeyFile.read(Domain.of(domain), Domain.of("tlsrpt"), file);
  }
}
