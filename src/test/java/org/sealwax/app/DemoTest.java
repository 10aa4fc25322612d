package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.Letter;
import org.sealwax.assess.model.Outcome;
import org.sealwax.mail.cli.Folders;
import org.sealwax.mail.cli.Surroundings;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsRoom;

/** The demo says what happened, what it says is so, and nothing of it stays. */
@Timeout(180)
final class DemoTest {
  /** The first address that the lab takes: its post office is there. */
  private static final String FIRST = "127.25.0.2";

  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @BeforeEach
  void prepare() {
    TlsRoom.beforeAnything();
  }

  private Demo demo(Duration patience) {
    PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    Surroundings around =
        new Surroundings(
            Map.of("TMPDIR", folder.toString()),
            new ByteArrayInputStream(new byte[0]),
            out,
            out,
            "tester",
            folder,
            folder);
    return new Demo(around, new Folders(around), Clock.system(), patience);
  }

  private String said() {
    return written.toString(StandardCharsets.UTF_8);
  }

  private Set<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.getFileName().toString().startsWith("sealwax-demo"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private int port(String after) {
    Matcher found = Pattern.compile(after + " ([0-9]+)\\.").matcher(said());
    assertTrue(found.find(), said());
    return Integer.parseInt(found.group(1));
  }

  private String home() {
    Matcher found = Pattern.compile("listening at ([0-9.]+) port").matcher(said());
    assertTrue(found.find(), said());
    return found.group(1);
  }

  private void nothingStays() throws IOException {
    assertEquals(Set.of(), folders(), "a folder stayed");
    for (InetSocketAddress at :
        new InetSocketAddress[] {
          new InetSocketAddress(FIRST, port("mail domains, port")),
          new InetSocketAddress(home(), port("listening at " + home() + " port"))
        }) {
      assertThrows(
          ConnectException.class,
          () -> {
            try (Socket socket = new Socket()) {
              socket.connect(at);
            }
          },
          "somebody still listens at " + at);
    }
  }

  private void assertLine(String label, String text) {
    assertTrue(
        said().lines().anyMatch(l -> l.strip().startsWith(label + " ") && l.contains(text)),
        label + ": " + text + "\n" + said());
  }

  @Test
  void whatIsGoodArrivesAndWhatIsAttackedIsNeverSent() throws Exception {
    Demo.Ending ending = demo(Duration.ofSeconds(100)).play();
    assertTrue(ending.good(), said());
    assertEquals(Set.of("b1", "c1n"), ending.clear());
    assertLine("a1", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("a4", "DELIVERED under TLSv1.3, certificate verified(tlsa 3 1 1");
    assertLine("e2", "DELIVERED under TLSv1.3, certificate verified(tlsa 3 1 1");
    assertLine("c9", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("b8", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("b1", "DELIVERED in clear");
    assertLine("c1n", "NOT SENT, waits");
    assertLine("c1n", "DELIVERED in clear");
    assertLine("h1", "RETURNED to the sender: 5.1.10");
    assertLine("b2", "TLS is demanded and was not offered [dane: ");
    assertLine("b3", "TLS is demanded and was not offered [sts: enforce");
    assertLine("d5s", "[sts: enforce");
    assertLine("e3", "[dane: ");
    assertLine("f3", "is not among the MX hosts of the MTA-STS policy [sts: enforce");
    for (String attacked : new String[] {"b2", "b3", "d5s", "e3", "f3"}) {
      assertLine(attacked, "NOT SENT, waits");
      assertFalse(
          said().lines().anyMatch(l -> l.strip().startsWith(attacked + " ") && l.contains("DELIV")),
          said());
      assertEquals(
          Outcome.PASS,
          ending.sender().findings().stream()
              .filter(f -> f.check().id().equals("lab." + attacked))
              .findFirst()
              .orElseThrow()
              .outcome());
    }
    assertTrue(said().contains("never in clear: a4 e2 b8 b2 b3 d5s e3 f3"), said());
    assertTrue(said().contains("as a sender    " + ending.sender().grade().text() + ": "), said());
    assertTrue(said().contains("as a receiver  " + ending.receiver().letter() + ": "), said());
    // The small world publishes for the router what a good domain has: both sides count.
    assertEquals(Letter.A, ending.sender().grade().letter(), said());
    Grade receiver = ending.receiver().graded().orElseThrow();
    assertEquals(
        30,
        receiver.parts().stream()
            .filter(p -> p.category().equals("Downgrade protection"))
            .findFirst()
            .orElseThrow()
            .points(),
        said());
    nothingStays();
  }

  @Test
  void itEndsWhenItsTimeIsOverAndSaysWhatWasNotDecided() throws Exception {
    Demo.Ending ending = demo(Duration.ZERO).play();
    assertEquals(
        DemoDestination.all().stream().map(DemoDestination::label).collect(Collectors.toSet()),
        ending.undecided());
    assertFalse(ending.good());
    assertTrue(said().contains("not decided in time: a1 a4"), said());
    nothingStays();
  }

  @Test
  void whoeverHasSeenEnoughEndsItAndNothingStays() throws Exception {
    AtomicReference<Throwable> ended = new AtomicReference<>();
    Demo demo = demo(Duration.ofSeconds(100));
    Thread player =
        new Thread(
            () -> {
              try {
                demo.play();
              } catch (IOException | InterruptedException | RuntimeException e) {
                ended.set(e);
              }
            });
    player.start();
    while (!said().contains("DELIVERED") && player.isAlive()) {
      player.join(20);
    }
    player.interrupt();
    player.join();
    assertInstanceOf(InterruptedException.class, ended.get(), said());
    nothingStays();
  }

  @Test
  void itTakesOtherPortsWhenTheUsualOnesAreNotToBeHad() throws Exception {
    ServerSocket other = new ServerSocket();
    try (other) {
      try {
        other.bind(new InetSocketAddress(InetAddress.ofLiteral(FIRST), 25));
      } catch (IOException e) {
        // Then they are not to be had either: reserved for others, or in use.
      }
      demo(Duration.ZERO).play();
    }
    assertTrue(said().contains("Ports 25 and 443 are not to be had ("), said());
    assertNotEquals(25, port("mail domains, port"));
    nothingStays();
  }
}
