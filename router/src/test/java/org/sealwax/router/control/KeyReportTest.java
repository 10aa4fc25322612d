package org.sealwax.router.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.router.certs.CertificateGuard;
import org.sealwax.router.certs.CertificateSlot;
import org.sealwax.router.certs.HostKey;
import org.sealwax.router.certs.PublishedNames;
import org.sealwax.router.certs.ServerCertificates;
import org.sealwax.router.log.MailLog;
import org.sealwax.testkit.tls.TestCa;

/** The keys of a server, for the records that name them. */
final class KeyReportTest {
  private static final Domain HOST = Domain.of("mx.example.org");
  private static final Domain OTHER = Domain.of("mail.example.com");
  private static final Domain UNNAMED = Domain.of("mx2.example.org");

  @TempDir private Path folder = Path.of("");

  private static String sha256(byte[] of) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(of));
  }

  @Test
  void eachNameHasTheCertificateThatItsClientsGet() throws Exception {
    TestCa root = TestCa.root("Root");
    Identity host = root.identity(HOST.name());
    Identity other = root.identity(OTHER.name());
    IdentitySettings settings =
        new IdentitySettings(
            TestCa.write(host, folder, "host"),
            List.of(
                new IdentitySettings.NamedPair(
                    List.of(new CertificateName(OTHER.name())),
                    TestCa.write(other, folder, "other"))),
            folder.resolve("tls"),
            HOST);
    Clock clock = Clock.system();
    ServerCertificates certificates =
        new ServerCertificates(
            CertificateSlot.of(settings, clock, RandomSource.secure()),
            new CertificateGuard(root::roots),
            _ -> new PublishedNames(List.of(), List.of(), List.of()),
            folder.resolve("state"),
            () -> false,
            clock,
            new MailLog() {});
    KeyReport report =
        KeyReport.read(
            KeyReport.answer(KeyReport.request(List.of(HOST, OTHER, UNNAMED)), certificates, null));
    assertEquals(
        List.of(host.pin().hex(), other.pin().hex(), host.pin().hex()),
        report.hosts().stream().map(key -> key.tlsa().data()).toList());
    assertEquals(Optional.empty(), report.next());
    HostKey first = report.hosts().getFirst();
    assertEquals(new TlsaRecord(3, 1, 1, host.pin().hex()), first.tlsa());
    List<TlsaRecord> forms = first.forms();
    assertEquals(host.chain().size() * 4, forms.size());
    assertEquals(new TlsaRecord(3, 0, 1, sha256(host.leaf().getEncoded())), forms.getFirst());
    if (host.chain().size() > 1) {
      byte[] issuer = host.chain().get(1).getPublicKey().getEncoded();
      assertEquals(new TlsaRecord(2, 1, 1, sha256(issuer)), forms.get(5));
    }
  }

  /** An older server, or one that was taken over. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"keys\":[{\"host\":\"mx.example.org\"}]}",
        "{\"keys\":[{\"host\":\"a b\",\"tlsa\":\"3 1 1 %1$s\",\"forms\":[]}]}",
        "{\"keys\":[{\"host\":\"mx.example.org\",\"tlsa\":\"3 1 1 %1$s\\n\",\"forms\":[]}]}",
        "{\"keys\":[{\"host\":\"mx.example.org\",\"tlsa\":\"3 1 1 %1$s\",\"forms\":[\"\"]}]}",
        "{\"keys\":[],\"next\":\"1 1 1 %1$s\"}"
      })
  void aMalformedAnswerIsNone(String answer) {
    assertThrows(
        IOException.class, () -> KeyReport.read(Json.read(answer.formatted("ab".repeat(32)))));
  }
}
