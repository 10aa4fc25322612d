package org.sealwax.app;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.sealwax.address.Domain;
import org.sealwax.config.Configuration;
import org.sealwax.config.Machine;
import org.sealwax.log.CountedLog;
import org.sealwax.log.Counters;
import org.sealwax.log.LibraryLog;
import org.sealwax.log.LineLog;
import org.sealwax.log.LogSettings;
import org.sealwax.log.MailLog;
import org.sealwax.tls.TlsRoom;
import org.sealwax.world.Chance;
import org.sealwax.world.Clock;

/**
 * What the launcher runs once after a build, so that Java can prepare the classes of an ordinary
 * start (JEP 514): a router on loopback with a state of its own takes a message from {@code
 * sendmail}, delivers it under TLS to a second router, and both stop.
 */
final class Rehearsal {
  private static final Duration GRACE = Duration.ofSeconds(5);

  private final Surroundings around;
  private final Folders folders;

  Rehearsal(Surroundings around, Folders folders) {
    this.around = around;
    this.folders = folders;
  }

  int run() throws IOException {
    TlsRoom.beforeAnything();
    Path state = Files.createTempDirectory("sealwax-rehearsal");
    try (LineLog lines = new LineLog(LogSettings.defaults(), around.out(), Clock.system())) {
      MailLog log = new CountedLog(lines, new Counters());
      LibraryLog.lead(log);
      around.out().println("rehearsing; would read " + folders.configurations());
      Router second = router(state.resolve("b"), "next_hop = \"[127.0.0.1]:1\"", log);
      int port = second.addresses().getFirst().getPort();
      Router first = router(state.resolve("a"), "next_hop = \"[127.0.0.1]:" + port + "\"", log);
      try {
        return send(state.resolve("a"), second);
      } finally {
        first.drain(GRACE);
        second.drain(GRACE);
      }
    } finally {
      remove(state);
    }
  }

  private static Router router(Path state, String hop, MailLog log) throws IOException {
    Files.createDirectories(state);
    String text =
        """
        [server]
        hostname = "rehearsal.localdomain"
        [[listener]]
        address = "127.0.0.1:0"
        [[transport]]
        domain = "*"
        %s
        """
            .formatted(hop);
    Configuration read =
        Configuration.parse(
            text, state, "rehearsal", new Machine(Domain.of("rehearsal.localdomain"), state));
    if (!(read instanceof Configuration.Sound sound)) {
      throw new IOException(read.report());
    }
    Router router =
        new Router(
            sound.settings(),
            new Router.World(Clock.system(), Chance.secure(), log, new Counters()));
    router.start(() -> "not now");
    return router;
  }

  private int send(Path state, Router second) throws IOException {
    String message = "From: a@rehearsal.localdomain\nTo: b@example.org\nSubject: x\n\nx\n";
    Surroundings caller =
        new Surroundings(
            around.environment(),
            new ByteArrayInputStream(message.getBytes(StandardCharsets.US_ASCII)),
            new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8),
            around.err(),
            "rehearsal",
            around.home(),
            around.folder());
    try {
      int code =
          new Sendmail(caller, Clock.system(), Chance.secure())
              .run(
                  SendmailArguments.read(List.of("-t", "-i")),
                  state,
                  Domain.of("rehearsal.localdomain"));
      // Until the second router has it, or it is clear that it will not come.
      long end = Clock.system().nanoTime() + Duration.ofSeconds(10).toNanos();
      while (second.accepted() == 0 && Clock.system().nanoTime() < end) {
        Thread.sleep(50);
      }
      return code;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Exit.SOFTWARE;
    } catch (Arguments.Misuse e) {
      throw new IllegalStateException(e);
    }
  }

  private static void remove(Path folder) throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.walk(folder)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : all) {
      Files.deleteIfExists(file);
    }
  }
}
