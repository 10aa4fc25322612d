package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.tls.wire.ClientHello;
import org.sealwax.mail.tls.wire.ServerFlight;

/** The raw parsers: on a real hello, on every cut of it, and on noise. */
final class WireParserTest {
  private static byte[] hello() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, null, null);
    SSLEngine engine = context.createSSLEngine("mx.example.org", 25);
    engine.setUseClientMode(true);
    SSLParameters parameters = engine.getSSLParameters();
    parameters.setNamedGroups(new String[] {"x25519", "secp256r1"});
    engine.setSSLParameters(parameters);
    ByteBuffer out = ByteBuffer.allocate(20_000);
    engine.wrap(ByteBuffer.allocate(0), out);
    return Arrays.copyOf(out.array(), out.position());
  }

  @Test
  void readsARealHello() throws Exception {
    byte[] bytes = hello();
    ClientHello hello =
        assertInstanceOf(
                ClientHello.ClientHelloParse.Whole.class, ClientHello.read(bytes, 0, bytes.length))
            .hello();
    assertEquals("mx.example.org", hello.serverName());
    assertTrue(hello.offersTls13());
    assertEquals(java.util.List.of(29, 23), hello.groups());
    assertTrue(hello.shares().contains(29));
    assertEquals(64, hello.sessionId().length());
    assertTrue(hello.suites().contains(0x1301));
  }

  @Test
  void everyCutIsPartialAndNothingElse() throws Exception {
    byte[] bytes = hello();
    for (int length = 0; length < bytes.length; length++) {
      assertInstanceOf(
          ClientHello.ClientHelloParse.Partial.class, ClientHello.read(bytes, 0, length));
    }
  }

  @Test
  void noiseNeverThrows() throws Exception {
    byte[] whole = hello();
    Random random = new Random(7);
    int broken = 0;
    for (int round = 0; round < 30_000; round++) {
      byte[] bytes = whole.clone();
      int changes = 1 + random.nextInt(4);
      for (int i = 0; i < changes; i++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      int length = random.nextInt(bytes.length + 1);
      ClientHello.ClientHelloParse reading = ClientHello.read(bytes, 0, length);
      assertNotNull(reading);
      broken += reading instanceof ClientHello.ClientHelloParse.Broken ? 1 : 0;
      bytes[5] = 2;
      ServerFlight flight = new ServerFlight();
      flight.record(bytes, 0, length);
      flight.record(bytes, 0, bytes.length);
      // A whole id: one byte is what noise, and the random id of every run's hello, may hit.
      assertFalse(flight.resumed("5a".repeat(32)));
    }
    assertTrue(broken > 100);
  }

  @Test
  void sizeHasALimit() {
    for (int size : new int[] {ClientHello.MAX_SIZE - 4, ClientHello.MAX_SIZE - 3}) {
      byte[] bytes = {22, 3, 1, 0x40, 0, 1, 0, (byte) (size >> 8), (byte) size, 3, 3};
      ClientHello.ClientHelloParse reading = ClientHello.read(bytes, 0, bytes.length);
      assertEquals(
          size > ClientHello.MAX_SIZE - 4, reading instanceof ClientHello.ClientHelloParse.Broken);
    }
  }

  @Test
  void plaintextAndBrokenTlsAreDistinct() {
    byte[] smtp = "EHLO x\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    assertFalse(
        assertInstanceOf(
                ClientHello.ClientHelloParse.Broken.class, ClientHello.read(smtp, 0, smtp.length))
            .tls());
    byte[] record = {22, 3, 1, 0, 1, 2};
    assertTrue(
        assertInstanceOf(ClientHello.ClientHelloParse.Broken.class, ClientHello.read(record, 0, 6))
            .tls());
  }
}
