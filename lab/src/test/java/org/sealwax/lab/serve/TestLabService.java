package org.sealwax.lab.serve;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.sealwax.lab.site.TestLab;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.Wire;
import org.sealwax.testkit.net.FreePort;

/** Public labs on loopback, with ports that are free. */
public final class TestLabService {
  private TestLabService() {}

  /** Small limits, short times. */
  public static LabServiceSettings settings() throws IOException {
    return settings(4);
  }

  /** The same with so many tokens. */
  public static LabServiceSettings settings(int tokens) throws IOException {
    int own = TestLab.loopback();
    LabServiceSettings base =
        LabServiceSettings.loopback(
            new LabServiceSettings.LabPorts(FreePort.pick(), FreePort.pick(), FreePort.pick()));
    return new LabServiceSettings(
        base.zone(),
        base.nameServers(),
        List.of(InetAddress.ofLiteral("127." + own + ".0.1")),
        List.of(Cidr.parse("127." + own + ".128.0/17").orElseThrow()),
        Optional.empty(),
        base.ports(),
        600,
        tokens,
        2,
        Duration.ofHours(1),
        64,
        100_000,
        100_000);
  }

  /** One. */
  public static LabService open(
      LabServiceSettings settings, Path folder, Clock clock, Consumer<Wire> pages)
      throws IOException {
    return new LabService(settings, folder, clock, RandomSource.secure(), pages);
  }

  /** Who closes every connection. */
  public static void closeConnection(Wire wire) {
    try {
      wire.close();
    } catch (IOException e) {
      // It is closed.
    }
  }
}
