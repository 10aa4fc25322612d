package org.sealwax.assess.receiver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Finding;
import org.sealwax.assess.model.ScanDepth;
import org.sealwax.assess.model.TlsStart;
import org.sealwax.mail.tls.wire.RecordHeader;
import org.sealwax.mail.tls.wire.Records;

/** Servers that send anything but what they should: the scan ends in time and reports it. */
@Execution(ExecutionMode.CONCURRENT)
final class UncooperativeServerTest {
  private static final Duration LIMIT = Duration.ofSeconds(8);

  /** A server and the findings it must lead to. */
  private record Row(String name, Consumer<LegacyTlsServer> behaviour, String code) {}

  private static void repeat(OutputStream out, byte[] what, int times) throws IOException {
    for (int i = 0; i < times; i++) {
      out.write(what);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void readToEnd(InputStream in) throws IOException {
    while (in.read() >= 0) {
      // Until the other side has enough.
    }
  }

  private static final List<Row> ROWS =
      List.of(
          new Row(
              "garbage for a banner",
              s -> s.banner = "\u0001\u0002 what\r\n",
              "scan.trouble/garbage"),
          new Row("HTTP", s -> s.banner = "HTTP/1.1 400 Bad Request\r\n", "scan.trouble/garbage"),
          new Row("nothing at all", s -> s.banner = "", "scan.trouble/silent"),
          new Row(
              "an endless banner line",
              s -> s.banner = "220 " + "x".repeat(200_000),
              "scan.trouble/endless"),
          new Row(
              "ten thousand reply lines",
              s -> s.ehlo = "250-x\r\n".repeat(10_000) + "250 STARTTLS\r\n",
              "scan.trouble/endless"),
          new Row("a banner of refusal", s -> s.banner = "554 no\r\n", "scan.trouble"),
          new Row(
              "silence after the 220",
              s -> s.behaviour = (in, out) -> readToEnd(in),
              "starttls.works/never"),
          new Row(
              "text after the 220",
              s ->
                  s.behaviour =
                      (in, out) -> {
                        in.read();
                        out.write(ascii("500 5.5.2 what?\r\n"));
                        readToEnd(in);
                      },
              "starttls.works/never"),
          new Row(
              "noise after the 220",
              s ->
                  s.behaviour =
                      (in, out) -> {
                        in.read();
                        byte[] noise = new byte[10_000];
                        new Random(3).nextBytes(noise);
                        repeat(out, noise, 20);
                        readToEnd(in);
                      },
              "starttls.works/never"),
          new Row(
              "endless handshake records",
              s ->
                  s.behaviour =
                      (in, out) -> {
                        in.read();
                        byte[] record =
                            Records.of(
                                RecordHeader.HANDSHAKE, Records.TLS12, new byte[] {4, 0, 0, 0});
                        repeat(out, record, 100_000);
                        readToEnd(in);
                      },
              "starttls.works/never"),
          new Row(
              "oversize records",
              s ->
                  s.behaviour =
                      (in, out) -> {
                        in.read();
                        out.write(new byte[] {22, 3, 3, (byte) 0xff, (byte) 0xff});
                        repeat(out, new byte[1_000], 100);
                        readToEnd(in);
                      },
              "starttls.works/never"),
          new Row(
              "half a ServerHello",
              s ->
                  s.behaviour =
                      (in, out) -> {
                        in.read();
                        out.write(new byte[] {22, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3, 1, 2, 3});
                        readToEnd(in);
                      },
              "starttls.works/never"),
          new Row(
              "closes at once after the 220",
              s -> s.behaviour = (in, out) -> {},
              "starttls.works/never"));

  @TestFactory
  Stream<DynamicTest> everyFailureIsReportedInTime() {
    return ROWS.stream()
        .map(
            row ->
                DynamicTest.dynamicTest(
                    row.name(),
                    () -> {
                      try (LegacyTlsServer server = new LegacyTlsServer()) {
                        row.behaviour().accept(server);
                        server.start();
                        long start = System.nanoTime();
                        List<Finding> found =
                            VulnerabilityProbesTest.scan(
                                server.address(),
                                server.port(),
                                TlsStart.STARTTLS,
                                ScanDepth.STANDARD,
                                server.connections,
                                LIMIT);
                        Duration took = Duration.ofNanos(System.nanoTime() - start);
                        assertTrue(
                            found.stream()
                                .anyMatch(
                                    f ->
                                        f.code().equals(row.code())
                                            && f.outcome() == CheckOutcome.FAIL),
                            () -> row.code() + " is not in " + text(found));
                        // One wait may have begun just before the end, and the machine is busy.
                        assertTrue(took.compareTo(LIMIT.multipliedBy(10)) < 0, "took " + took);
                      }
                    }));
  }

  private static List<String> text(List<Finding> found) {
    return found.stream()
        .filter(f -> f.outcome().known())
        .map(f -> f.code() + " " + f.outcome() + ": " + f.observed())
        .toList();
  }

  /** Whatever bytes come after STARTTLS, the scan ends, reports every check, and throws nothing. */
  @Test
  void randomBytesNeverCauseAnException() throws Exception {
    Random random = new Random(11);
    for (int i = 0; i < 40; i++) {
      byte[] noise = new byte[1 + random.nextInt(400)];
      random.nextBytes(noise);
      if (random.nextBoolean()) {
        // As far as the start of the handshake, so that it is not thrown away at the first byte.
        System.arraycopy(
            new byte[] {22, 3, 3, 0, 60, 2, 0, 0, 56, 3, 3},
            0,
            noise,
            0,
            Math.min(11, noise.length));
      }
      try (LegacyTlsServer server = new LegacyTlsServer()) {
        server.behaviour = (in, out) -> out.write(noise);
        server.start();
        List<Finding> found =
            VulnerabilityProbesTest.scan(
                server.address(),
                server.port(),
                TlsStart.STARTTLS,
                ScanDepth.QUICK,
                server.connections,
                LIMIT);
        assertEquals(
            List.of(),
            found.stream()
                .filter(f -> f.outcome() == CheckOutcome.PASS)
                .filter(f -> f.check().id().startsWith("vuln."))
                .toList(),
            "a pass out of noise");
      }
    }
  }

  /** Also when it comes in answer to the ClientHello, where a refusal would come. */
  @Test
  void noiseInAnswerToAClientHelloIsNoRefusal() throws Exception {
    Random random = new Random(12);
    for (int i = 0; i < 20; i++) {
      byte[] noise = new byte[1 + random.nextInt(60)];
      random.nextBytes(noise);
      noise[0] = (byte) (i % 2 == 0 ? 0x80 | noise[0] : noise[0] & 0x0F);
      try (LegacyTlsServer server = new LegacyTlsServer()) {
        server.behaviour =
            (in, out) -> {
              if (in.read(new byte[1000]) > 0) {
                out.write(noise);
              }
            };
        server.start();
        List<Finding> found =
            VulnerabilityProbesTest.scan(
                server.address(),
                server.port(),
                TlsStart.STARTTLS,
                ScanDepth.QUICK,
                server.connections,
                LIMIT);
        assertEquals(
            List.of(),
            found.stream()
                .filter(f -> f.outcome() == CheckOutcome.PASS)
                .filter(f -> f.check().id().startsWith("vuln.") || f.check().id().equals("ssl2"))
                .toList(),
            "a pass out of noise");
      }
    }
  }

  /** One byte a second: each read succeeds, the scan must end nevertheless. */
  @Test
  void aSlowServerDoesNotExceedTheTimeLimit() throws Exception {
    try (LegacyTlsServer server = new LegacyTlsServer()) {
      server.behaviour =
          (in, out) -> {
            byte[] hello = new byte[] {22, 3, 3, 1, 0, 2, 0, 0, (byte) 250, 3, 3};
            for (byte b : hello) {
              out.write(b);
              pause();
            }
            while (true) {
              out.write(0);
              pause();
            }
          };
      server.start();
      long start = System.nanoTime();
      VulnerabilityProbesTest.scan(
          server.address(),
          server.port(),
          TlsStart.STARTTLS,
          ScanDepth.QUICK,
          server.connections,
          LIMIT);
      assertTrue(Duration.ofNanos(System.nanoTime() - start).toSeconds() < 100, "held");
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(300);
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }
}
