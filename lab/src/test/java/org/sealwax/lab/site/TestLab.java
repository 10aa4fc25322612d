package org.sealwax.lab.site;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.net.FreePort;

/** Labs on ports that are free, without privileges. */
public final class TestLab {
  /** Second bytes of loopback that the labs of one process of the tests take in turn. */
  private static final int SHARE = 50;

  /** The first of them, of the first process. */
  private static final int FIRST = 50;

  /** Second bytes of all processes. There may be more processes than these have shares. */
  private static final int ALL = 4 * SHARE;

  private static final AtomicInteger NEXT = new AtomicInteger();

  private TestLab() {}

  /** A lab of its own, with long times made a hundred and fifty times shorter. */
  public static Lab open() throws IOException {
    return open(150);
  }

  /** The same at another scale. */
  public static Lab open(int scale) throws IOException {
    return open(scale, Clock.system());
  }

  /** The same by another clock. */
  public static Lab open(int scale, Clock clock) throws IOException {
    return new Lab(
        LabSettings.defaults()
            .with(AddressSource.loopback(loopback()))
            .withPorts(FreePort.pick(), FreePort.pick())
            .withScale(scale),
        clock,
        RandomSource.secure());
  }

  /** The second byte of loopback addresses that no other lab of the running tests has. */
  public static int loopback() {
    // Processes that run tests side by side are counted from 1 (pom.xml).
    int process = Integer.getInteger("sealwax.fork", 1) - 1;
    return FIRST + (SHARE * process + NEXT.getAndIncrement() % SHARE) % ALL;
  }
}
