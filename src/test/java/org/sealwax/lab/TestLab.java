package org.sealwax.lab;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;

/** Labs on ports that are free, without privileges. */
public final class TestLab {
  /** Labs that one process of the tests may open: as many second octets of loopback. */
  private static final int SHARE = 70;

  /** Processes run side by side (pom.xml), each with its own part of loopback. */
  private static final AtomicInteger NEXT =
      new AtomicInteger(40 + SHARE * (Integer.getInteger("sealwax.fork", 1) - 1));

  private TestLab() {}

  /** A lab of its own, with long times made a hundred and fifty times shorter. */
  public static Lab open() throws IOException {
    return open(150);
  }

  /** The same at another scale. */
  public static Lab open(int scale) throws IOException {
    return new Lab(
        LabSettings.defaults()
            .with(Addresses.loopback(NEXT.incrementAndGet()))
            .withPorts(port(), port())
            .withScale(scale),
        Clock.system(),
        Chance.secure());
  }

  private static int port() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.40.0.1"))) {
      return free.getLocalPort();
    }
  }
}
