package org.sealwax.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.cli.Signals;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.Threads;

/**
 * The start of the service as part of a {@link TrainingRun}: {@code sealwax serve} as an admin runs
 * it, from the arguments to the greeting and down again by SIGTERM. Once over an empty state folder
 * and once over what the first left, since the first start makes a certificate.
 */
final class ServeTrainingRun {
  private static final int STARTS = 2;

  /** For the greeting. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Between two tries to connect. */
  private static final Duration PAUSE = Duration.ofMillis(20);

  private final ProcessEnvironment process;
  private final Path folder;

  /**
   * A part that is to be played.
   *
   * @param folder for state and configuration; exists
   */
  ServeTrainingRun(ProcessEnvironment process, Path folder) {
    this.process = process;
    this.folder = folder;
  }

  /**
   * Plays it.
   *
   * @throws IOException when no port is available, or the configuration cannot be written
   */
  void run() throws IOException, InterruptedException {
    int port = unusedPort();
    // There is no resolver at the discard port: no query leaves the machine.
    Path file =
        Files.writeString(
            folder.resolve("serve.toml"),
            """
            [server]
            hostname = "rehearsal.localdomain"
            state = "%s"
            [[listener]]
            address = "127.0.0.1:%d"
            [dns]
            resolvers = ["127.0.0.1:9"]
            """
                .formatted(folder.resolve("serve"), port));
    for (int i = 0; i < STARTS; i++) {
      // It may greet a moment before it handles the signal; a second signal would end it at once.
      Semaphore early = new Semaphore(0);
      if (!Signals.on("TERM", early::release)) {
        return;
      }
      Thread server =
          Threads.startPlatform(
              "serve",
              () -> {
                int code = new CommandLine(process).run("serve", "--config", file.toString());
                process.out().println("serve ended with " + code);
              });
      if (isGreeted(server, port)) {
        new CommandLine(process).run("queue", "--config", file.toString());
        terminate(server, early);
      }
      server.join(PATIENCE);
    }
  }

  /**
   * Sends SIGTERM until the service has it.
   *
   * @param early counts the signals that came before
   */
  private static void terminate(Thread server, Semaphore early) throws InterruptedException {
    long end = Clock.system().nanoTime() + PATIENCE.toNanos();
    boolean tooEarly = true;
    while (tooEarly) {
      Signals.raise("TERM");
      do {
        tooEarly = early.tryAcquire(PAUSE.toMillis(), TimeUnit.MILLISECONDS);
      } while (!tooEarly && server.isAlive() && Clock.system().nanoTime() < end);
    }
  }

  private static boolean isGreeted(Thread server, int port) throws InterruptedException {
    long end = Clock.system().nanoTime() + PATIENCE.toNanos();
    while (server.isAlive() && Clock.system().nanoTime() < end) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoTimeout((int) PATIENCE.toMillis());
        return socket.getInputStream().read() == '2';
      } catch (IOException e) {
        Thread.sleep(PAUSE);
      }
    }
    return false;
  }

  private static int unusedPort() throws IOException {
    try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return listener.getLocalPort();
    }
  }
}
