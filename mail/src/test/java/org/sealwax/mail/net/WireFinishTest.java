package org.sealwax.mail.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The last word on a connection whose peer is still sending. */
@Timeout(300)
final class WireFinishTest {
  private static final byte[] WORD = "552 5.3.4 too large\r\n".getBytes(StandardCharsets.US_ASCII);

  private static ServerSocket server() throws IOException {
    return new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  @Test
  void thePeerReadsTheLastWordAlthoughItWasStillSending() throws Exception {
    try (ServerSocket server = server();
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      Wire wire = Wire.of(server.accept());
      client.getOutputStream().write(new byte[20_000]);
      wire.out().write(WORD);
      Thread ending =
          Threads.start(
              "finish",
              () -> {
                try {
                  wire.finish();
                } catch (IOException e) {
                  throw new java.io.UncheckedIOException(e);
                }
              });
      client.getOutputStream().write(new byte[20_000]);
      assertEquals(
          new String(WORD, StandardCharsets.US_ASCII),
          new String(client.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
      client.shutdownOutput();
      ending.join();
    }
  }

  @Test
  void aPeerThatNeverStopsSendingIsCutOff() throws Exception {
    try (ServerSocket server = server();
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      Wire wire = Wire.of(server.accept());
      AtomicBoolean cutOff = new AtomicBoolean();
      Thread sending =
          Threads.start(
              "sender",
              () -> {
                try {
                  while (!client.isOutputShutdown()) {
                    client.getOutputStream().write(new byte[4_096]);
                  }
                } catch (IOException e) {
                  cutOff.set(true);
                }
              });
      wire.finish();
      sending.join();
      assertTrue(cutOff.get());
    }
  }

  @Test
  void aPeerThatNeverEndsIsCutOffInTime() throws Exception {
    try (ServerSocket server = server();
        Socket client = new Socket(server.getInetAddress(), server.getLocalPort())) {
      Wire wire = Wire.of(server.accept());
      wire.finish();
      assertThrows(IOException.class, () -> wire.in().read());
      assertTrue(client.isConnected());
    }
  }
}
