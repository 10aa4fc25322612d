package org.sealwax.router.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.mail.tls.ClientOffer;
import org.sealwax.mail.tls.ClientTlsSettings;
import org.sealwax.mail.tls.IdentityStore;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.mail.tls.TlsSettings;
import org.sealwax.mail.tls.verdict.ReferenceIdentity;
import org.sealwax.mail.tls.verdict.TlsFloor;
import org.sealwax.mail.tls.verdict.TlsVersion;
import org.sealwax.mail.tls.verdict.TrustRoots;
import org.sealwax.mail.tlsrpt.TlsReport;
import org.sealwax.router.cli.TlsRptCommand;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.reports.ReportingOrganization;
import org.sealwax.router.wiring.IncomingTlsReports;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** Reports about our domains, through the wired router, by both ways, to what a person reads. */
@Timeout(300)
final class IncomingTlsReportsTest {
  private static final String KEY =
      "tlsrpt._domainkey 300 IN TXT "
          + "\""
          + ReportingOrganization.record("s=tlsrpt; ").replaceAll("(.{200})", "$1\" \"")
          + "\"\n";

  @TempDir private Path folder = Path.of("");
  private final RecordingMailLog log = new RecordingMailLog();

  private Router router(LoopbackResolver dns) throws IOException {
    TlsFactory.prepareJvm();
    Files.writeString(folder.resolve("aliases"), "tlsrpt: nobody@elsewhere.example\n");
    InetSocketAddress at = dns.address();
    String text =
        """
        [server]
        hostname = "mx.project.example"
        [[listener]]
        address = "127.0.0.1:0"
        [[alias_domain]]
        domain = "project.example"
        file = "aliases"
        [tlsrpt_in]
        addresses = ["TLSrpt@project.example"]
        listen = "127.0.0.1:0"
        [dns]
        resolvers = ["%s:%d"]
        anchors = ["%s"]
        """
            .formatted(
                at.getAddress().getHostAddress(),
                at.getPort(),
                String.join("\", \"", dns.anchors()));
    Configuration read =
        Configuration.parse(
            text,
            folder,
            "test",
            new MachineDefaults(Domain.of("mx.project.example"), folder.resolve("state")));
    Router router =
        new Router(
            assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report())
                .settings(),
            Clock.system(),
            RandomSource.secure(),
            log.log(),
            new Counters());
    router.start(_ -> ReloadReport.COMPLETE);
    return router;
  }

  /** Read once: a test may run over midnight. */
  private static final Instant YESTERDAY =
      Clock.system().now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(1));

  private void mail(Router router, byte[] message) throws IOException {
    int port = router.addresses().getFirst().getPort();
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(60_000);
      BufferedReader in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      OutputStream out = socket.getOutputStream();
      StringBuilder text = new StringBuilder(in.readLine());
      for (String command :
          List.of(
              "HELO mx.sender.example",
              "MAIL FROM:<tls@sender.example>",
              "RCPT TO:<tlsrpt@project.example>",
              "DATA",
              new String(message, StandardCharsets.UTF_8).replace("\r\n.", "\r\n..") + ".",
              "QUIT")) {
        out.write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
        text.append('\n').append(in.readLine());
      }
      assertTrue(text.toString().contains("queued as"), text.toString());
    }
  }

  private String post(Router router, byte[] body) throws IOException {
    TlsFactory tls = new TlsFactory(TlsSettings.defaults(), Clock.system(), RandomSource.secure());
    Domain host = Domain.of("mx.project.example");
    ClientOffer offer =
        new ClientOffer(
            host,
            TlsFloor.DEFAULT,
            TlsVersion.TLS_1_3,
            true,
            false,
            false,
            false,
            new ReferenceIdentity(List.of(host), Set.of(), TrustRoots.none()),
            "test");
    InetSocketAddress address = router.reportAddress().orElseThrow();
    try (Socket socket = new Socket(address.getAddress(), address.getPort());
        var wire =
            tls.client(
                    ClientTlsSettings.defaults(),
                    IdentityStore.fixed(TestCa.selfSigned("x.example"), Map.of(), Clock.system()))
                .connect(Wire.of(socket), offer, Duration.ofSeconds(20))) {
      String head =
          "POST /v1/tlsrpt HTTP/1.1\r\nHost: mx.project.example\r\nContent-Type:"
              + " application/tlsrpt+gzip\r\nContent-Length: "
              + body.length
              + "\r\n\r\n";
      wire.out().write(head.getBytes(StandardCharsets.US_ASCII));
      wire.out().write(body);
      wire.out().flush();
      return new String(wire.in().readAllBytes(), StandardCharsets.US_ASCII);
    }
  }

  private record TlsRptOutput(int code, String out, String err) {}

  private TlsRptOutput tlsrpt(String... words) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of("STATE_DIRECTORY", folder.resolve("state").toString()),
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            "tester",
            folder,
            folder);
    int code = new TlsRptCommand(around).command().run(around, List.of(words));
    return new TlsRptOutput(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  private void await(String... words) throws InterruptedException {
    while (!log.recorded(words)) {
      Thread.sleep(5);
    }
  }

  @Test
  void reportsByMailAndByPostAppearInTheSummary() throws Exception {
    TlsReport mailed =
        ReportingOrganization.of(
            YESTERDAY, ReportingOrganization.report("id-1", "project.example"));
    TlsReport posted =
        ReportingOrganization.of(
            YESTERDAY, ReportingOrganization.report("id-2", "project.example"));
    try (LoopbackResolver dns =
            LoopbackResolver.start(Clock.system(), Zone.of("sender.example", KEY));
        Router router = router(dns)) {
      mail(router, ReportingOrganization.mail(mailed, folder));
      await("delivered", "kept");
      mail(router, "From: <x@spam.example>\r\n\r\nbuy\r\n".getBytes(StandardCharsets.UTF_8));
      await("warning", "is put aside: no part of type");
      String answer = post(router, ReportingOrganization.packed(posted));
      assertTrue(answer.startsWith("HTTP/1.1 201 "), answer);
      while (log.facts().stream().filter(f -> f.startsWith("removed")).count() < 2) {
        Thread.sleep(5);
      }
    }
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(
                IncomingTlsReports.storeFolder(folder.resolve("state")))));
    List<String> lines = new ArrayList<>(log.facts());
    lines.removeIf(f -> !f.startsWith("notified") && !f.startsWith("bounced"));
    assertEquals(List.of(), lines, "nobody is written to");
    String day = YESTERDAY.toString().substring(0, 10);
    TlsRptOutput output = tlsrpt();
    assertEquals(ExitStatus.WARNINGS, output.code());
    assertEquals(
        "project.example  "
            + day
            + "\n  Sender Inc. (https 127.0.0.1), sts: 5 succeeded, 3 failed\n"
            + "    3 certificate-expired: 192.0.2.1 to mx.project.example [198.51.100.7],"
            + " \"notAfter\"\n"
            + "  Sender Inc. (mail sender.example), sts: 5 succeeded, 3 failed\n"
            + "    3 certificate-expired: 192.0.2.1 to mx.project.example [198.51.100.7],"
            + " \"notAfter\"\n"
            + "2 reports about days from DAY on: 10 sessions succeeded, 6 failed\n",
        output.out().replaceFirst("days from [-0-9]{10} on", "days from DAY on"));
    assertTrue(
        Stream.of(7, 6)
            .map(days -> YESTERDAY.minus(Duration.ofDays(days)).toString().substring(0, 10))
            .anyMatch(since -> output.out().contains("about days from " + since)),
        output.out());
    String json = tlsrpt("--json", "--since", day, "--domain", "project.example").out();
    assertTrue(json.contains("\"from\":\"sender.example\""), json);
    assertTrue(json.contains("\"receiving_ip\":\"198.51.100.7\""), json);
    TlsRptOutput none = tlsrpt("--since", "0d");
    assertEquals(ExitStatus.OK, none.code());
    assertTrue(none.out().startsWith("no reports about days from "), none.out());
  }

  /** What a reporter calls himself is shown, not obeyed. */
  @Test
  void reportTextCannotControlTheTerminal() throws Exception {
    Path store = IncomingTlsReports.storeFolder(folder.resolve("state"));
    String day = YESTERDAY.toString().substring(0, 10);
    Files.createDirectories(store.resolve(day));
    Files.writeString(
        store.resolve(day).resolve("0".repeat(32) + ".json"),
        "{\"way\":\"https\",\"from\":\"\\u001b[2J\",\"received\":\""
            + YESTERDAY
            + "\"}\n{\"organization-name\":\"a\u202eb\",\"report-id\":\"i\",\"date-range\":"
            + "{\"start-datetime\":\""
            + YESTERDAY
            + "\",\"end-datetime\":\""
            + YESTERDAY
            + "\"},\"policies\":[{\"policy\":{\"policy-type\":\"no-policy-found\","
            + "\"policy-domain\":\"project.example\"},\"summary\":"
            + "{\"total-successful-session-count\":1,\"total-failure-session-count\":0}}]}");
    TlsRptOutput output = tlsrpt();
    assertEquals(ExitStatus.OK, output.code(), output.err());
    assertTrue(output.out().contains("a\\u{202e}b (https \\u{1b}[2J)"), output.out());
  }
}
