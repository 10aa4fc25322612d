package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.IdentitySettings;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tlsrpt.AppliedPolicy;
import org.sealwax.router.cli.Sendmail;
import org.sealwax.router.cli.SendmailArguments;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.reports.received.ReceivedReport;
import org.sealwax.router.reports.received.ReceivedReportStore;
import org.sealwax.router.reports.received.ReportOrigin;
import org.sealwax.router.wiring.IncomingTlsReports;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/**
 * One router writes to another, reports what it saw by mail and by POST, and is understood; and the
 * report is in no report. In periods of ten seconds, so it takes half a minute.
 */
@Tag("slow")
@Timeout(600)
final class TlsReportExchangeTest {
  private static final TestCa CA = TestCa.root("public");

  @TempDir private Path folder = Path.of("");
  private final List<Router> routers = new ArrayList<>();

  private Router router(String name, String text, RecordingMailLog log) throws IOException {
    TlsFactory.prepareJvm();
    Path home = Files.createDirectories(folder.resolve(name));
    Configuration read =
        Configuration.parse(text, home, name, new MachineDefaults(Domain.of("mx.example"), home));
    Router router =
        new Router(
            assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report())
                .settings(),
            Clock.system(),
            RandomSource.secure(),
            log.log(),
            new Counters());
    routers.add(router);
    router.start(_ -> ReloadReport.COMPLETE);
    return router;
  }

  private static String pem(String what, byte[] bytes) {
    return "-----BEGIN "
        + what
        + "-----\n"
        + Base64.getMimeEncoder().encodeToString(bytes)
        + "\n-----END "
        + what
        + "-----\n";
  }

  private static String dns(LoopbackResolver server) {
    InetSocketAddress at = server.address();
    return "[dns]\nresolvers = [\""
        + at.getAddress().getHostAddress()
        + ":"
        + at.getPort()
        + "\"]\nanchors = [\""
        + String.join("\", \"", server.anchors())
        + "\"]\n";
  }

  private Router receiver(LoopbackResolver dns, RecordingMailLog log) throws IOException {
    Path home = Files.createDirectories(folder.resolve("receiver"));
    IdentitySettings.CertificatePair pair =
        TestCa.write(CA.identity("mx.project.example"), home, "mx");
    Files.writeString(home.resolve("aliases"), "joe: pipe:sink\n");
    return router(
        "receiver",
        """
        [server]
        hostname = "mx.project.example"
        postmaster = "postmaster@project.example"
        [identity]
        certificate = "%s"
        key = "%s"
        [[listener]]
        address = "127.0.0.1:0"
        [[alias_domain]]
        domain = "project.example"
        file = "aliases"
        [[pipe]]
        name = "sink"
        command = ["/bin/cat"]
        wrapper = ["/usr/bin/env"]
        [tlsrpt_in]
        addresses = ["tlsrpt@project.example"]
        listen = "127.0.0.1:0"
        """
                .formatted(pair.certificate(), pair.key())
            + dns(dns),
        log);
  }

  private Router sender(LoopbackResolver dns, int mxPort, KeyPair keys, RecordingMailLog log)
      throws Exception {
    Path home = Files.createDirectories(folder.resolve("sender"));
    Files.writeString(home.resolve("root.pem"), pem("CERTIFICATE", CA.certificate().getEncoded()));
    Files.writeString(home.resolve("dkim.pem"), pem("PRIVATE KEY", keys.getPrivate().getEncoded()));
    return router(
        "sender",
        """
        [server]
        hostname = "mx.sender.example"
        [[listener]]
        address = "127.0.0.1:0"
        [roots]
        files = ["root.pem"]
        [deliver]
        mx_port = %d
        allow_targets = ["127.0.0.0/8"]
        [tlsrpt]
        organization = "Sender Inc."
        contact = "tls@sender.example"
        dkim_domain = "sender.example"
        dkim_selector = "s1"
        dkim_key = "dkim.pem"
        period = "10s"
        """
                .formatted(mxPort)
            + dns(dns),
        log);
  }

  private void send(String to) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    int code =
        new Sendmail(
                new ProcessEnvironment(
                    Map.of(),
                    new ByteArrayInputStream("\nx\n".getBytes(StandardCharsets.UTF_8)),
                    print,
                    print,
                    "tester",
                    folder,
                    folder),
                Clock.system(),
                RandomSource.secure())
            .run(
                SendmailArguments.read(List.of("-f", "me@sender.example", to)),
                folder.resolve("sender"),
                Domain.of("mx.sender.example"));
    assertEquals(ExitStatus.OK, code, out.toString(StandardCharsets.UTF_8));
  }

  private List<ReceivedReport> storedReports() throws IOException {
    List<ReceivedReport> all = new ArrayList<>();
    ReceivedReportStore.each(
        IncomingTlsReports.storeFolder(folder.resolve("receiver")),
        LocalDate.EPOCH,
        all::add,
        file -> {});
    return all;
  }

  @Test
  void aRouterReportsToAnotherButNotAboutItsOwnReports() throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
    generator.initialize(2048);
    KeyPair keys = generator.generateKeyPair();
    String key = Base64.getEncoder().encodeToString(keys.getPublic().getEncoded());
    RecordingMailLog receiving = new RecordingMailLog();
    RecordingMailLog sending = new RecordingMailLog();
    try (LoopbackResolver dns =
        LoopbackResolver.start(
            Clock.system(),
            Zone.of(
                "sender.example",
                "s1._domainkey 300 IN TXT \"v=DKIM1; s=tlsrpt; p=\" \""
                    + key.replaceAll("(.{200})", "$1\" \"")
                    + "\"\n"),
            Zone.of("project.example", ""))) {
      Router receiver = receiver(dns, receiving);
      int posts = receiver.reportAddress().orElseThrow().getPort();
      dns.replace(
          List.of(
              Zone.of(
                  "project.example",
                  "@ 300 IN MX 10 mx\nmx 300 IN A 127.0.0.1\n_smtp._tls 300 IN TXT \"v=TLSRPTv1;"
                      + " rua=mailto:tlsrpt@project.example,https://mx.project.example:"
                      + posts
                      + "/v1/tlsrpt\"\n")));
      sender(dns, receiver.addresses().getFirst().getPort(), keys, sending);
      send("joe@project.example");
      while (storedReports().size() < 2) {
        Thread.sleep(100);
      }
      // Two more periods: a report about the report would come in the second.
      Thread.sleep(Duration.ofSeconds(25));
      routers.forEach(Router::close);
    }
    List<ReceivedReport> kept = storedReports();
    assertEquals(2, kept.size(), kept.toString());
    assertEquals(kept.getFirst().report(), kept.getLast().report(), "by both ways the same");
    var sum = kept.getFirst().report().sums().getFirst();
    assertEquals(1, kept.getFirst().report().sums().size());
    assertEquals(AppliedPolicy.PolicyType.NONE, sum.policy().type());
    assertEquals(1, sum.succeeded(), "the mail, and not the report");
    assertEquals(0, sum.failed());
    assertTrue(
        kept.stream()
            .map(ReceivedReport::origin)
            .toList()
            .containsAll(
                List.of(
                    new ReportOrigin(ReportOrigin.ReportTransport.MAIL, "sender.example"),
                    new ReportOrigin(ReportOrigin.ReportTransport.POST, "127.0.0.1"))));
    assertTrue(sending.facts().stream().noneMatch(f -> f.startsWith("bug")), "no bug");
    assertTrue(receiving.facts().stream().noneMatch(f -> f.startsWith("bug")), "no bug");
  }
}
