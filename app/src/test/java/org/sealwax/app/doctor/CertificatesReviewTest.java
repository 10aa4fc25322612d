package org.sealwax.app.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.app.doctor.SiteFinding.SiteVerdict;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.router.certs.StatusItem;
import org.sealwax.router.certs.StatusTopic;
import org.sealwax.router.certs.acme.IssuedPair;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.router.control.StatusReport;
import org.sealwax.router.wiring.OwnCertificates;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.tls.TestCa;

/** What the doctor makes of the status of the certificates. */
final class CertificatesReviewTest {
  private static final Domain HOST = Domain.of("mx.example.org");

  private static List<SiteFinding> findings(StatusItem... items) throws InterruptedException {
    return new CertificatesReview(StatusReport.of(true, List.of(() -> List.of(items)))).findings();
  }

  @ParameterizedTest
  @CsvSource({
    "CERTIFICATE, '',       80, '',      OK,      certificate",
    "CERTIFICATE, '',        5, renew,   WARNING, certificate",
    "CERTIFICATE, '',       -1, renew,   ERROR,   certificate",
    "CERTIFICATE, refused,   0, publish, WARNING, certificate",
    "CERTIFICATE, broken,    0, correct, ERROR,   certificate",
    "KEY,         '',        0, '',      OK,      certificate",
    "RENEWAL,     '',        0, '',      OK,      renewal",
    "RENEWAL,     '',        0, start,   WARNING, renewal",
    "ROLLOVER,    '',        0, '',      OK,      rollover",
    "ROLLOVER,    '',        0, record,  WARNING, rollover",
    "TLSA,        matches,   0, '',      OK,      tlsa",
    "TLSA,        differs,   0, publish, ERROR,   tlsa",
    "TLSA,        none,      0, '',      NOTE,    tlsa",
    "TLSA,        unusable,  0, '',      NOTE,    tlsa",
    "TLSA,        unknown,   0, '',      UNKNOWN, tlsa"
  })
  void eachItemHasItsVerdict(
      StatusTopic topic, String state, long days, String action, SiteVerdict verdict, String check)
      throws InterruptedException {
    StatusItem item = StatusItem.of(HOST, topic, "text").with("state", state);
    if (days != 0) {
      item = item.with("days_left", days);
    }
    List<SiteFinding> found = findings(action.isEmpty() ? item : item.needs(action + "\nsecond"));
    assertEquals(
        List.of(
            new SiteFinding(
                verdict,
                check,
                "mx.example.org",
                "text",
                action.isEmpty() ? List.of() : List.of(action, "second"))),
        found);
  }

  @Test
  void otherTopicsHaveReviewsOfTheirOwn() throws InterruptedException {
    assertEquals(List.of(), findings(StatusItem.of(HOST, StatusTopic.DKIM, "a key").needs("x")));
  }

  /** Without a server: a renewal that is overdue, and a pair that is kept in the state folder. */
  @Test
  void stoppedServerIsJudgedByItsFiles(@TempDir Path folder) throws Exception {
    TestCa ca = TestCa.root("Public Root");
    Path state = folder.resolve("state");
    Path acme = Files.createDirectories(state.resolve("acme"));
    String directory = "https://acme.example.net/dir";
    Files.writeString(acme.resolve("mx.example.org.pem"), ca.identity(HOST.name()).pem());
    long day = 86_400;
    long now = Clock.system().now().getEpochSecond();
    Configuration read =
        Configuration.parse(
            """
            [server]
            hostname = "mx.example.org"
            state = "%s"
            postmaster = "postmaster@example.net"

            [acme]
            directory = "%s"
            agree_tos = true
            """
                .formatted(state, directory),
            folder,
            "sealwax.toml",
            new MachineDefaults(HOST, state));
    RouterSettings settings =
        assertInstanceOf(Configuration.ValidConfiguration.class, read).settings();
    String stamp = new IssuedPair(acme.resolve("mx.example.org.pem")).stamp();
    Files.writeString(
        acme.resolve("mx.example.org.state"),
        "directory %s\npair %s\nvalid %d\nuntil %d\n"
            .formatted(directory, stamp, now - 40 * day, now + 5 * day));
    List<SiteFinding> found =
        new CertificatesReview(
                StatusReport.of(
                    false,
                    OwnCertificates.offlineStatus(
                        settings,
                        FixedResolver.builder().build(),
                        Clock.system(),
                        RandomSource.secure())))
            .findings();
    SiteFinding renewal =
        found.stream().filter(f -> f.check().equals("renewal")).findFirst().orElseThrow();
    assertEquals(SiteVerdict.WARNING, renewal.verdict());
    assertTrue(renewal.text().startsWith("by ACME is overdue since "), renewal.text());
    assertTrue(renewal.fix().getFirst().contains("sealwax serve"), renewal.toString());
  }
}
