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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.assess.model.CheckOutcome;
import org.sealwax.assess.model.Grade;
import org.sealwax.assess.model.GradeLetter;
import org.sealwax.mail.cli.ProcessEnvironment;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.TlsFactory;

/** The demo reports what happened, its report is true, and nothing of it stays. */
@Tag("long")
@Timeout(600)
final class DemoTest {
  /** The first address that the lab takes: its post office is there. */
  private static final String FIRST = "127.25.0.2";

  @TempDir private Path folder = Path.of("");
  private final ByteArrayOutputStream written = new ByteArrayOutputStream();

  @BeforeEach
  void prepare() {
    TlsFactory.prepareJvm();
  }

  private Demo demo(Duration patience) {
    PrintStream out = new PrintStream(written, true, StandardCharsets.UTF_8);
    ProcessEnvironment around =
        new ProcessEnvironment(
            Map.of("TMPDIR", folder.toString()),
            new ByteArrayInputStream(new byte[0]),
            out,
            out,
            "tester",
            folder,
            folder);
    return new Demo(around, Clock.system(), patience);
  }

  private String output() {
    return written.toString(StandardCharsets.UTF_8);
  }

  private Set<Path> folders() throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> p.getFileName().toString().startsWith("sealwax-demo"))
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  private int port(String after) {
    Matcher found = Pattern.compile(after + " ([0-9]+)\\.").matcher(output());
    assertTrue(found.find(), output());
    return Integer.parseInt(found.group(1));
  }

  private String routerDomain() {
    Matcher found = Pattern.compile("listening at ([0-9.]+) port").matcher(output());
    assertTrue(found.find(), output());
    return found.group(1);
  }

  private void noFilesRemain() throws IOException {
    assertEquals(Set.of(), folders(), "a folder stayed");
    for (InetSocketAddress at :
        new InetSocketAddress[] {
          new InetSocketAddress(FIRST, port("mail domains, port")),
          new InetSocketAddress(routerDomain(), port("listening at " + routerDomain() + " port"))
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
        output().lines().anyMatch(l -> l.strip().startsWith(label + " ") && l.contains(text)),
        label + ": " + text + "\n" + output());
  }

  @Test
  void goodDestinationsReceiveMailAndAttackedOnesDoNot() throws Exception {
    Demo.DemoResult result = demo(Duration.ofSeconds(100)).run();
    assertTrue(result.good(), output());
    assertEquals(Set.of("b1", "c1n"), result.plaintext());
    assertLine("a1", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("a4", "DELIVERED under TLSv1.3, certificate verified(tlsa 3 1 1");
    assertLine("e2", "DELIVERED under TLSv1.3, certificate verified(tlsa 3 1 1");
    assertLine("c9", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("b8", "DELIVERED under TLSv1.3, certificate trusted");
    assertLine("b1", "DELIVERED in plaintext");
    assertLine("c1n", "NOT SENT, waits");
    assertLine("c1n", "DELIVERED in plaintext");
    assertLine("h1", "RETURNED to the sender: 5.1.10");
    assertLine("b2", "TLS is required, but was not offered [dane: ");
    assertLine("b3", "TLS is required, but was not offered [sts: enforce");
    assertLine("d5s", "[sts: enforce");
    assertLine("e3", "[dane: ");
    assertLine("f3", "is not among the MX hosts of the MTA-STS policy [sts: enforce");
    for (String attacked : new String[] {"b2", "b3", "d5s", "e3", "f3"}) {
      assertLine(attacked, "NOT SENT, waits");
      assertFalse(
          output()
              .lines()
              .anyMatch(l -> l.strip().startsWith(attacked + " ") && l.contains("DELIV")),
          output());
      assertEquals(
          CheckOutcome.PASS,
          result.sender().findings().stream()
              .filter(f -> f.check().id().equals("lab." + attacked))
              .findFirst()
              .orElseThrow()
              .outcome());
    }
    assertTrue(output().contains("not in plaintext: a4 e2 b8 b2 b3 d5s e3 f3"), output());
    assertTrue(
        output().contains("as a sender    " + result.sender().grade().text() + ": "), output());
    assertTrue(output().contains("as a receiver  " + result.receiver().letter() + ": "), output());
    // The small world publishes for the router what a good domain has: both sides count.
    assertEquals(GradeLetter.A, result.sender().grade().letter(), output());
    Grade receiver = result.receiver().graded().orElseThrow();
    assertEquals(
        30,
        receiver.parts().stream()
            .filter(p -> p.category().equals("Downgrade protection"))
            .findFirst()
            .orElseThrow()
            .points(),
        output());
    noFilesRemain();
  }

  @Test
  void endsAtItsTimeLimitAndListsUndecidedDestinations() throws Exception {
    Demo.DemoResult result = demo(Duration.ZERO).run();
    assertEquals(
        DemoDestination.all().stream().map(DemoDestination::label).collect(Collectors.toSet()),
        result.undecided());
    assertFalse(result.good());
    assertTrue(output().contains("not decided in time: a1 a4"), output());
    noFilesRemain();
  }

  @Test
  void interruptEndsItAndRemovesItsFiles() throws Exception {
    AtomicReference<Throwable> ended = new AtomicReference<>();
    Demo demo = demo(Duration.ofSeconds(100));
    Thread player =
        new Thread(
            () -> {
              try {
                demo.run();
              } catch (IOException | InterruptedException | RuntimeException e) {
                ended.set(e);
              }
            });
    player.start();
    while (!output().contains("DELIVERED") && player.isAlive()) {
      player.join(20);
    }
    player.interrupt();
    player.join();
    assertInstanceOf(InterruptedException.class, ended.get(), output());
    noFilesRemain();
  }

  @Test
  void usesOtherPortsWhenTheDefaultsAreInUse() throws Exception {
    ServerSocket other = new ServerSocket();
    try (other) {
      try {
        other.bind(new InetSocketAddress(InetAddress.ofLiteral(FIRST), 25));
      } catch (IOException e) {
        // Then they are not available either: reserved for others, or in use.
      }
      demo(Duration.ZERO).run();
    }
    assertTrue(output().contains("Ports 25 and 443 are not available ("), output());
    assertNotEquals(25, port("mail domains, port"));
    noFilesRemain();
  }
}
