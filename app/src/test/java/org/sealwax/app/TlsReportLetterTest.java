package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import tools.jackson.databind.JsonNode;

/** The TLS report of a running server, as the admin of the other domain reads it. */
@Tag("process")
@Tag("long")
@Timeout(value = 300, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class TlsReportLetterTest {
  /** The counts of a period that ended before the server started. */
  private static final String COUNTS =
      """
      {"report":{"organization-name":"mx.project.example","date-range":{"start-datetime":\
      "2026-11-30T00:00:00Z","end-datetime":"2026-11-30T00:00:09Z"},"contact-info":\
      "postmaster@project.example","report-id":"1.peer.example@mx.project.example","policies":[{\
      "policy":{"policy-type":"sts","policy-string":["version: STSv1","mode: enforce"],\
      "policy-domain":"peer.example"},"summary":{"total-successful-session-count":12,\
      "total-failure-session-count":4},"failure-details":[{"result-type":"certificate-expired",\
      "receiving-mx-hostname":"mx1.peer.example","failed-session-count":3,"failure-reason-code":\
      "expired"},{"result-type":"starttls-not-supported","receiving-mx-hostname":\
      "mx2.peer.example","failed-session-count":1}]}]},"handed-over":[]}
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void theLetterAboutAPeriodIsCompleteAndPlain() throws Exception {
    CommandLineRun keys = new CommandLineRun(folder);
    assertEquals(
        ExitStatus.OK,
        keys.run(List.of("dkim", "new", "project.example", "--folder", "keys", "--selector", "s")));
    String rows = keys.out().substring(keys.out().indexOf("[[dkim]]"));
    long begin = java.time.Instant.now().getEpochSecond() / 10 * 10 - 60;
    Path counts = Files.createDirectories(folder.resolve("state/tlsrpt"));
    Files.writeString(counts.resolve("sessions-" + begin + ".jsonl"), COUNTS);
    try (ReceivingHost host = new ReceivingHost();
        LoopbackResolver dns =
            LoopbackResolver.start(
                Clock.system(),
                Zone.of(
                    "peer.example",
                    "_smtp._tls.peer.example. TXT \"v=TLSRPTv1; rua=mailto:tls@peer.example\""))) {
      Path file =
          Files.writeString(
              folder.resolve("sealwax.toml"),
              configuration(dns.address().getPort(), host.port()) + rows);
      try (ServerProcess server = new ServerProcess(file, Map.of())) {
        String letter = host.next(server::output);
        readAsAnAdmin(letter);
        readAsAProgram(letter);
        server.signal("TERM");
        assertEquals(ExitStatus.OK, server.end());
      }
    }
  }

  private static String configuration(int resolver, int nextHop) {
    return """
      [server]
      hostname = "mx.project.example"
      state = "state"
      postmaster = "postmaster@project.example"
      [dns]
      resolvers = ["127.0.0.1:%d"]
      validation = "off"
      [[listener]]
      address = "127.0.0.1:0"
      [inbound]
      dmarc = "off"
      [tlsrpt]
      period = "10s"
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:%d"
      """
        .formatted(resolver, nextHop);
  }

  private static void readAsAnAdmin(String letter) {
    for (String part :
        List.of(
            "From: postmaster@project.example\n",
            "To: tls@peer.example\n",
            "Subject: Report Domain: peer.example\n Submitter: mx.project.example\n Report-ID: <1.",
            "TLS-Report-Domain: peer.example\n",
            "TLS-Report-Submitter: mx.project.example\n",
            "Auto-Submitted: auto-generated\n",
            "DKIM-Signature: ",
            """
            This is an aggregate TLS report (RFC 8460) from mx.project.example
            about sessions with the mail hosts of peer.example
            from 2026-11-30T00:00:00Z to 2026-11-30T00:00:09Z.

            Sessions: 12 succeeded, 4 failed.
              3 certificate-expired at mx1.peer.example
              1 starttls-not-supported at mx2.peer.example

            The attachment has the details. It was requested by the TXT record at
            _smtp._tls.peer.example. Questions: reply to this message.
            """)) {
      assertTrue(letter.contains(part), () -> part + " is missing:\n" + letter);
    }
    for (String once : List.of("From:", "To:", "Date:", "Message-ID:", "Subject:")) {
      assertEquals(
          1, letter.lines().takeWhile(l -> !l.isEmpty()).filter(l -> l.startsWith(once)).count());
    }
    letter.lines().forEach(line -> assertTrue(line.length() <= 998, line));
    assertTrue(letter.chars().allMatch(c -> c == '\n' || c == '\t' || c >= ' ' && c < 0x7f));
  }

  private static void readAsAProgram(String letter) throws Exception {
    Matcher attached =
        Pattern.compile(
                "filename=\"(mx\\.project\\.example!peer\\.example![^\"]+\\.json\\.gz)\"\n\n([^-]+)\n--")
            .matcher(letter);
    assertTrue(attached.find(), letter);
    byte[] packed = Base64.getMimeDecoder().decode(attached.group(2));
    try (GZIPInputStream unpacked = new GZIPInputStream(new ByteArrayInputStream(packed))) {
      JsonNode report = Json.read(new String(unpacked.readAllBytes(), StandardCharsets.UTF_8));
      assertEquals("postmaster@project.example", report.path("contact-info").asString());
      assertEquals(
          "certificate-expired", report.at("/policies/0/failure-details/0/result-type").asString());
    }
  }
}
