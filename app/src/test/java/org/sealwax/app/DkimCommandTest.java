package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;

/** What {@code sealwax dkim new} prints, put into a zone and a configuration, is in order. */
final class DkimCommandTest {
  private static final String KEYS = "keys";

  @TempDir private Path folder = Path.of("");

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder.resolve(KEYS))) {
      return files.map(f -> f.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void newKeysArePublishedAsPrinted() throws Exception {
    CommandLineRun run = new CommandLineRun(folder);
    List<String> create =
        List.of("dkim", "new", "project.example", "--folder", KEYS, "--selector", "s1");
    assertEquals(0, run.run(create), run.err());
    String printed = run.out();
    assertEquals(List.of("project.example.s1-ed.pem", "project.example.s1.pem"), files());
    assertEquals(71, run.run(create));
    assertTrue(run.err().contains("exists already"), run.err());

    String zone =
        printed.lines().filter(l -> l.contains(" TXT ")).collect(Collectors.joining("\n"));
    try (LoopbackResolver full =
            LoopbackResolver.start(Clock.system(), Zone.of("project.example", zone));
        LoopbackResolver empty =
            LoopbackResolver.start(Clock.system(), Zone.of("project.example", ""))) {
      assertEquals(0, run.run(check(printed, full)), run.out() + run.err());
      assertTrue(run.out().endsWith("0 errors, 0 warnings, 0 unknown, 2 in order\n"), run.out());
      List<String> json =
          Stream.concat(check(printed, empty).stream(), Stream.of("--json")).toList();
      assertEquals(2, run.run(json), run.out());
      assertEquals(
          zone,
          Json.read(run.out())
              .path("findings")
              .valueStream()
              .map(f -> f.path("fix").path(0).asString())
              .collect(Collectors.joining("\n")));
    }
    assertEquals(78, run.run(List.of("dkim", "check", "other.example", "--config", "c.toml")));
  }

  private List<String> check(String printed, LoopbackResolver resolver) throws IOException {
    Files.writeString(
        folder.resolve("c.toml"),
        "[dns]\nresolvers = [\"127.0.0.1:"
            + resolver.address().getPort()
            + "\"]\nvalidation = \"off\"\n"
            + printed.substring(printed.indexOf("[[dkim]]")));
    return List.of("dkim", "check", "project.example", "--config", "c.toml");
  }

  /** One that is there keeps the other from being made. */
  @Test
  void nothingIsMadeWhenOneOfTheFilesExists() throws Exception {
    Files.createDirectories(folder.resolve(KEYS));
    Files.writeString(folder.resolve(KEYS).resolve("project.example.s1-ed.pem"), "mine");
    CommandLineRun run = new CommandLineRun(folder);
    assertEquals(
        71,
        run.run(List.of("dkim", "new", "project.example", "--folder", KEYS, "--selector", "s1")));
    assertEquals(List.of("project.example.s1-ed.pem"), files());
  }
}
