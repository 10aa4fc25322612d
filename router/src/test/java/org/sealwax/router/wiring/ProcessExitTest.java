package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.ProcessExit;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Supervisor;
import org.sealwax.router.log.LogSettings;
import org.sealwax.router.log.TextMailLog;

/** A process without one of its threads ends, and logs it. */
@Tag("process")
@Timeout(300)
final class ProcessExitTest {
  /** The child process: one thread ends while others would run without end. */
  public static void main(String[] args) throws InterruptedException {
    TextMailLog log = new TextMailLog(LogSettings.defaults(), System.out, Clock.system());
    ProcessExit.exitWhenThreadEnds(LastLogLine.in(log, log::close), System.err);
    Supervisor.start(
        "queue",
        () -> false,
        () -> {
          if (args[0].equals("throws")) {
            throw new IllegalStateException("a poisoned item");
          }
        });
    new CountDownLatch(1).await();
  }

  @ParameterizedTest
  @ValueSource(strings = {"throws", "returns"})
  void theLastLogLineNamesTheThreadAndTheExitCodeRequestsARestart(String how) throws Exception {
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                ProcessExitTest.class.getName(),
                how)
            .redirectErrorStream(true)
            .start();
    try {
      String out = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(child.waitFor(30, TimeUnit.SECONDS));
      assertEquals(ExitStatus.SOFTWARE, child.exitValue(), out);
      assertTrue(out.lines().toList().getLast().contains("thread \"queue\" ended"), out);
    } finally {
      child.destroyForcibly();
    }
  }

  @Test
  void theLauncherEndsTheProcessOnOutOfMemory() throws Exception {
    assertTrue(Files.readString(Path.of("sealwax")).contains("-XX:+ExitOnOutOfMemoryError"));
    for (String unit : List.of("sealwax", "sealwax-policyd", "sealwax-lab")) {
      String text = Files.readString(Path.of("dist", unit + ".service"));
      assertTrue(text.contains("ExecStart=/opt/sealwax/sealwax "), "by the launcher");
      assertTrue(text.contains("StartLimitIntervalSec=0\n"), unit);
      assertTrue(text.contains("RestartSec=1\nRestartSteps="), unit);
    }
  }
}
