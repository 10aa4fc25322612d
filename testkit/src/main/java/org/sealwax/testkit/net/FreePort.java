package org.sealwax.testkit.net;

import java.io.IOException;
import java.net.BindException;
import java.net.DatagramSocket;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for programs that need a port number before they listen. The system assigns ephemeral ports
 * from 32768 on, so that a port below is still free when the program listens at it.
 */
public final class FreePort {
  private static final int FIRST = 20_000;
  private static final int END = 32_000;

  private FreePort() {}

  /** A port without a listener, neither UDP nor TCP, at any address. */
  public static int pick() throws IOException {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(FIRST, END);
      try (ServerSocket _ = new ServerSocket(port);
          DatagramSocket _ = new DatagramSocket(port)) {
        return port;
      } catch (BindException e) {
        // In use: try another one.
      }
    }
  }
}
