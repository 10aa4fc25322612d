package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The units that we ship, as the distribution's own systemd reads them. */
final class SystemdUnitTest {
  private static final Path ANALYZE = Path.of("/usr/bin/systemd-analyze");

  @TempDir private Path folder = Path.of("");

  /**
   * A word that it does not know is ignored at run time: systemd 252 knows no notify-reload. The
   * growing delay between starts needs 254, and is a fixed second before.
   */
  @ParameterizedTest
  @ValueSource(strings = {"sealwax.service", "sealwax-policyd.service", "sealwax-assess.service"})
  void systemdAcceptsEveryDirective(String name) throws IOException, InterruptedException {
    assumeTrue(Files.isExecutable(ANALYZE), "no systemd here");
    String unit = Files.readString(Path.of("dist").resolve(name));
    boolean reloads = unit.contains("ExecReload=/bin/kill -HUP $MAINPID\n");
    assertEquals(!name.equals("sealwax-assess.service"), reloads, "a reload");
    // Neither the program nor its manual is installed where the test runs.
    Path copy = folder.resolve(name);
    Files.writeString(
        copy,
        unit.replace("/opt/sealwax/sealwax", "/bin/true")
            .replaceAll("Documentation=.*|RestartSteps=.*|RestartMaxDelaySec=.*", ""));
    Process process =
        new ProcessBuilder(List.of(ANALYZE.toString(), "verify", copy.toString()))
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals("", output);
    assertEquals(0, process.waitFor());
  }
}
