package org.sealwax.mail.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where configuration and state are looked for. */
final class DefaultPathsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        // user | HOME | XDG_CONFIG_HOME | XDG_STATE_HOME | configuration | state
        "joe  | /x  | - | - | /x/.config/sealwax/sealwax.toml | /x/.local/state/sealwax",
        "joe  | -   | - | - | /a/.config/sealwax/sealwax.toml | /a/.local/state/sealwax",
        "joe  | rel | - | - | /a/.config/sealwax/sealwax.toml | /a/.local/state/sealwax",
        "joe  | /x  | /c | /s | /c/sealwax/sealwax.toml | /s/sealwax",
        "joe  | /x  | c | s | /x/.config/sealwax/sealwax.toml | /x/.local/state/sealwax",
        "root | /x  | /c | /s | /etc/sealwax/sealwax.toml | /var/lib/sealwax"
      })
  void defaultPathsFollowHomeAndXdg(
      String user, String home, String config, String xdgState, String first, String state) {
    Map<String, String> environment = new java.util.HashMap<>();
    environment.put("HOME", home);
    environment.put("XDG_CONFIG_HOME", config);
    environment.put("XDG_STATE_HOME", xdgState);
    environment.values().removeIf(java.util.Objects::isNull);
    PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream());
    DefaultPaths paths =
        new DefaultPaths(
            new ProcessEnvironment(
                environment,
                InputStream.nullInputStream(),
                nowhere,
                nowhere,
                user,
                ProcessEnvironment.home(environment, "/a"),
                Path.of("/")));
    assertEquals(Path.of(first), paths.configurations().getFirst());
    assertEquals(Path.of(state), paths.state());
  }
}
