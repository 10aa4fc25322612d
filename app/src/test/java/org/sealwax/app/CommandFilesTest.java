package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.net.UnusualFile;
import org.sealwax.mail.tls.Identity;
import org.sealwax.testkit.tls.TestCa;

/** Each command with a FIFO, a folder and the like as its file: it ends with an error at once. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class CommandFilesTest {
  private static final Identity PAIR = TestCa.root("Root").identity("a.example");

  private static final String SERVE = "assess serve --listen 127.0.0.1:0 --no-dnssec ";

  /** By option or operand, a command line in which the file {@code named} is the wrong one. */
  private static final Map<String, String> COMMANDS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("--config", "check --offline --config named"),
              Map.entry("explain --what-if", "explain --what-if named"),
              Map.entry("assess --baseline", "assess a.example --baseline named"),
              Map.entry("assess --roots", "assess a.example --roots named"),
              Map.entry("assess --trust-anchor", "assess a.example --trust-anchor named"),
              Map.entry("survey FILE", "survey named --dns 127.0.0.1:1"),
              Map.entry("survey --state", "survey list --dns 127.0.0.1:1 --state named"),
              Map.entry("survey --roots", "survey list --roots named"),
              Map.entry("survey --trust-anchor", "survey list --trust-anchor named"),
              Map.entry("assess serve --certificate", SERVE + "--certificate named --key a.key"),
              Map.entry("assess serve --key", SERVE + "--certificate a.crt --key named"),
              Map.entry("assess serve --opt-out", SERVE + "--opt-out named"),
              Map.entry("assess serve --roots", SERVE + "--roots named"),
              Map.entry("assess serve --trust-anchor", SERVE + "--trust-anchor named")));

  /** Files that are not read as a whole, or that are made. */
  private static final Map<String, Set<UnusualFile>> NO_ERROR =
      Map.of(
          "survey FILE",
          EnumSet.of(UnusualFile.LARGE),
          "survey --state",
          EnumSet.of(
              UnusualFile.LARGE,
              UnusualFile.MISSING,
              UnusualFile.LINK_TO_NOWHERE,
              // Root can write there.
              UnusualFile.UNREADABLE));

  /** Options with files that are written, and one that is followed while it grows. */
  private static final Set<String> OTHERS =
      Set.of(
          "assess --html",
          "assess --badge",
          "survey --out",
          "survey --html",
          "survey --csv",
          "lab local --html",
          "lab local --junit",
          "policyd --learn-from");

  @TempDir private Path folder = Path.of("");

  @AfterEach
  void remove() throws IOException {
    Files.deleteIfExists(folder.resolve("named")); // perhaps a link to a device
  }

  @Test
  void everyOptionWithAFileIsInTheTable() {
    Set<String> declared = new TreeSet<>(Set.of("--config", "survey FILE"));
    new CommandLineRun(folder)
        .commands()
        .all()
        .map(command -> command.usage())
        .forEach(
            usage ->
                usage.options().stream()
                    .filter(option -> "FILE".equals(option.argument()))
                    .forEach(
                        option ->
                            declared.add(
                                usage.path().replace("sealwax ", "") + " " + option.name())));
    assertEquals(
        declared,
        Stream.concat(COMMANDS.keySet().stream(), OTHERS.stream())
            .collect(Collectors.toCollection(TreeSet::new)));
  }

  private static Stream<Arguments> cases() {
    return COMMANDS.keySet().stream()
        .flatMap(
            key ->
                Stream.of(UnusualFile.values())
                    .filter(kind -> !NO_ERROR.getOrDefault(key, Set.of()).contains(kind))
                    .map(kind -> Arguments.of(key, kind)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whatIsNoFileIsAnErrorAtOnce(String key, UnusualFile kind) throws Exception {
    TestCa.write(PAIR, folder, "a");
    Files.writeString(folder.resolve("list"), "");
    Path named = folder.resolve("named");
    kind.put(named);
    CommandLineRun run = new CommandLineRun(folder);
    int exit = run.run(List.of(COMMANDS.getOrDefault(key, "").split(" ")));
    assertNotEquals(0, exit);
    assertTrue(run.err().contains(kind.error(named)), run.err());
  }
}
