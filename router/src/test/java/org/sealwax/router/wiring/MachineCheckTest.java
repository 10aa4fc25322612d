package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;

/** What check reports about the state folder and the addresses to listen at. */
final class MachineCheckTest {
  @TempDir private Path folder = Path.of("");

  private List<String> found(Path state, int port, boolean running) {
    String text = "[[listener]]\naddress = \"127.0.0.1:" + port + "\"\n";
    Configuration read =
        Configuration.parse(
            text, folder, "sealwax.toml", new MachineDefaults(Domain.of("mx.test.example"), state));
    RouterSettings settings =
        assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report()).settings();
    return MachineCheck.of(settings, running).stream()
        .map(ConfiguredFilesCheck.FileProblem::toString)
        .toList();
  }

  @Test
  void aFolderThatCanBeMadeAndAFreePortAreFine() {
    assertEquals(List.of(), found(folder.resolve("a/b/c"), 0, false));
  }

  @Test
  void aStateFolderThatIsAFileIsNamed() throws Exception {
    Path file = Files.writeString(folder.resolve("state"), "");
    assertEquals(
        List.of("warning: [server] state: " + file + ": is not a folder"),
        found(file.resolve("sealwax"), 0, false));
  }

  /** Unless the router itself has it. */
  @Test
  void aPortInUseIsNamed() throws Exception {
    int port;
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = other.getLocalPort();
      List<String> found = found(folder, port, false);
      assertEquals(1, found.size());
      String start =
          "warning: [[listener]] address: port "
              + port
              + " is in use by another program (127.0.0.1:"
              + port
              + "); ";
      assertTrue(found.getFirst().startsWith(start), found.getFirst());
      assertEquals(List.of(), found(folder, port, true));
      // A connection that this side closes leaves the port waiting for a minute.
      try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
        other.accept().close();
        assertEquals(-1, client.getInputStream().read());
      }
    }
    assertEquals(List.of(), found(folder, port, false));
  }
}
