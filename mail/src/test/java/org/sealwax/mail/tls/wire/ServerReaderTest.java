package org.sealwax.mail.tls.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What one side builds the other reads, however it is cut. */
public final class ServerReaderTest {
  private static final byte[] RANDOM = new byte[32];

  /** A whole flight of TLS 1.2 with everything that may be in it. */
  public static byte[] flight(int fragment) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(
        ServerWriter.hello(
            Records.TLS12,
            RANDOM,
            new byte[] {1, 2},
            0xc02f,
            0,
            ServerWriter.extension(ClientHelloBuilder.RENEGOTIATION_INFO, (byte) 0)));
    out.writeBytes(ServerWriter.certificates(List.of(new byte[700], new byte[3])));
    out.writeBytes(ServerWriter.staple(new byte[] {9}));
    out.writeBytes(ServerWriter.curve(23, new byte[65], 0x0401, p -> new byte[256]));
    out.writeBytes(
        ServerWriter.request(List.of(1, 64), List.of(0x0401), List.of(new byte[20], new byte[9])));
    out.writeBytes(ServerWriter.done());
    return Records.of(RecordHeader.HANDSHAKE, Records.TLS12, out.toByteArray(), fragment);
  }

  private static ServerReader read(byte[] bytes, int step) {
    ServerReader reader = new ServerReader();
    for (int at = 0; at < bytes.length; at += step) {
      reader.feed(bytes, at, Math.min(step, bytes.length - at));
    }
    return reader;
  }

  private static <T extends ServerMessage> T first(ServerReader reader, Class<T> kind) {
    return reader.messages().stream()
        .filter(kind::isInstance)
        .map(kind::cast)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void readsAFlightHoweverItIsCut() {
    List<ServerMessage> whole = read(flight(Records.MAX_PLAINTEXT), 100_000).messages();
    assertEquals(6, whole.size());
    for (int fragment : new int[] {1, 7, 500}) {
      for (int step : new int[] {1, 13, 4_000}) {
        ServerReader reader = read(flight(fragment), step);
        assertEquals(whole, reader.messages());
        assertTrue(reader.complete());
        assertNull(reader.broken());
      }
    }
    ServerReader reader = read(flight(100), 50);
    ServerMessage.ServerHello hello = reader.hello().orElseThrow();
    assertEquals(0xc02f, hello.suite());
    assertTrue(hello.has(ClientHelloBuilder.RENEGOTIATION_INFO));
    assertFalse(hello.has(ClientHelloBuilder.HEARTBEAT));
    assertEquals(2, first(reader, ServerMessage.Certificates.class).chain().size());
    ServerMessage.CurveParameters curve = first(reader, ServerMessage.CurveParameters.class);
    assertEquals(23, curve.group());
    assertEquals(0x0401, curve.scheme());
    ServerMessage.CertificateRequest request =
        first(reader, ServerMessage.CertificateRequest.class);
    assertEquals(2, request.authorities());
    assertEquals(33, request.bytes());
    assertEquals(List.of(0x0401), request.schemes());
  }

  @Test
  void everyBeginningOfAFlightIsNeitherBrokenNorComplete() {
    byte[] bytes = flight(300);
    for (int length = 0; length < bytes.length; length++) {
      ServerReader reader = new ServerReader();
      reader.feed(bytes, 0, length);
      assertNull(reader.broken());
      assertFalse(reader.complete(), "complete at " + length);
    }
  }

  @Test
  void readsTheFieldAndTheExportKeyOfOldSuites() {
    byte[] prime = new byte[64];
    Arrays.fill(prime, (byte) 0xff);
    byte[] dhe =
        join(
            ServerWriter.hello(Records.TLS10, RANDOM, new byte[0], 0x0014, 0, new byte[0]),
            ServerWriter.field(prime, new byte[] {2}, prime, -1, p -> new byte[64]));
    ServerMessage.FieldParameters field = first(read(dhe, 10), ServerMessage.FieldParameters.class);
    assertEquals(512, field.bits());
    assertEquals("2", field.generator());
    assertEquals(-1, field.scheme());
    byte[] export =
        join(
            ServerWriter.hello(Records.TLS10, RANDOM, new byte[0], 0x0003, 0, new byte[0]),
            ServerWriter.exportKey(prime, new byte[] {1, 0, 1}, p -> new byte[64]));
    assertEquals(512, first(read(export, 10), ServerMessage.ExportKey.class).bits());
    byte[] anonymous =
        join(
            ServerWriter.hello(Records.TLS12, RANDOM, new byte[0], 0x0034, 0, new byte[0]),
            ServerWriter.field(prime, new byte[] {2}, prime, -1, null));
    assertEquals(-1, first(read(anonymous, 10), ServerMessage.FieldParameters.class).scheme());
  }

  @Test
  void retryHasGroupAndSuite() {
    byte[] bytes =
        Records.of(
            RecordHeader.HANDSHAKE,
            Records.TLS12,
            ServerWriter.retry(new byte[32], 0x1302, 0x11ec));
    ServerReader reader = read(bytes, 3);
    ServerMessage.ServerHello hello = reader.hello().orElseThrow();
    assertTrue(hello.retry());
    assertEquals(Records.TLS13, hello.version());
    assertEquals(0x11ec, hello.group());
    assertTrue(reader.complete());
  }

  @Test
  void aFatalAlertEndsAWarningDoesNot() {
    ServerReader warned = read(Records.warning(112), 7);
    assertFalse(warned.complete());
    assertEquals("unrecognized_name", warned.alerts().getFirst().name());
    assertTrue(read(Records.fatal(40), 7).complete());
    assertTrue(read(Records.warning(0), 7).complete());
  }

  @Test
  void nonTlsIsReportedAsBroken() {
    ServerReader reader =
        read("500 5.5.2 what?\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 100);
    assertNotNull(reader.broken());
    assertTrue(reader.complete());
  }

  @Test
  void inputIsLimited() {
    byte[] one = Records.of(RecordHeader.HANDSHAKE, Records.TLS12, new byte[] {0, 0, 0, 0});
    ServerReader reader = new ServerReader();
    int fed = 0;
    while (fed + one.length <= ServerReader.MAX_BYTES) {
      reader.feed(one, 0, one.length);
      fed += one.length;
    }
    assertNull(reader.broken());
    reader.feed(one, 0, one.length);
    assertNotNull(reader.broken());
  }

  @Test
  void theBuilderWritesWhatTheParserOfHellosReads() {
    byte[] bytes =
        new ClientHelloBuilder(Records.TLS12)
            .random(RANDOM)
            .sessionId(new byte[32])
            .suites(List.of(ClientHelloBuilder.grease(1), 0x1301, 0xc02f, TlsSuite.FALLBACK_SCSV))
            .serverName("MX.example.org")
            .groups(List.of(0x11ec, 29))
            .pointFormats()
            .schemes(List.of(0x0804))
            .versions(List.of(Records.TLS13, Records.TLS12))
            .shares(List.of(new ClientHelloBuilder.KeyShare(29, new byte[32])))
            .renegotiationInfo()
            .statusRequest()
            .padTo(1_700)
            .records();
    assertEquals(1_705, bytes.length);
    ClientHello hello =
        assertInstanceOf(
                ClientHello.ClientHelloParse.Whole.class, ClientHello.read(bytes, 0, bytes.length))
            .hello();
    assertEquals("mx.example.org", hello.serverName());
    assertEquals(List.of(0x1a1a, 0x1301, 0xc02f, 0x5600), hello.suites());
    assertEquals(List.of(0x11ec, 29), hello.groups());
    assertEquals(List.of(29), hello.shares());
    assertEquals(List.of(0x0304, 0x0303), hello.versions());
    byte[] split =
        Records.of(
            RecordHeader.HANDSHAKE,
            Records.TLS10,
            new ClientHelloBuilder(Records.TLS12)
                .suites(List.of(0x2f))
                .withoutExtensions()
                .message(),
            5);
    assertInstanceOf(
        ClientHello.ClientHelloParse.Whole.class, ClientHello.read(split, 0, split.length));
    assertEquals(
        List.of(2, 1), Records.cut(new byte[3], 2).stream().map(piece -> piece.length).toList());
  }

  @Test
  void vectorsThatDoNotFitAreRefused() {
    assertEquals(256, new PresentationWriter().vector(1, new byte[255]).done().length);
    assertThrows(
        IllegalArgumentException.class, () -> new PresentationWriter().vector(1, new byte[256]));
    assertThrows(
        IllegalArgumentException.class, () -> new ClientHelloBuilder(0x0303).random(new byte[31]));
  }

  @Test
  void readsTheAnswerOfSslTwo() {
    byte[] bytes = Ssl2.serverHello(new byte[900], List.of(0x010080, 0x0700c0), new byte[16]);
    Ssl2.Ssl2ServerHello answer =
        assertInstanceOf(Ssl2.Ssl2Parse.Whole.class, Ssl2.read(bytes, bytes.length)).answer();
    assertEquals(List.of(0x010080, 0x0700c0), answer.kinds());
    assertEquals(1_800, answer.certificate().length());
    for (int length = 0; length < bytes.length; length++) {
      assertInstanceOf(Ssl2.Ssl2Parse.Partial.class, Ssl2.read(bytes, length));
    }
    byte[] hello = Ssl2.clientHello(Ssl2.KINDS, new byte[16]);
    assertInstanceOf(Ssl2.Ssl2Parse.Broken.class, Ssl2.read(hello, hello.length));
    byte[] alert = Records.of(RecordHeader.ALERT, Records.TLS10, new byte[] {2, 40});
    assertInstanceOf(Ssl2.Ssl2Parse.Broken.class, Ssl2.read(alert, alert.length));
  }

  private static byte[] join(byte[]... messages) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] message : messages) {
      out.writeBytes(Records.of(RecordHeader.HANDSHAKE, Records.TLS10, message));
    }
    return out.toByteArray();
  }
}
