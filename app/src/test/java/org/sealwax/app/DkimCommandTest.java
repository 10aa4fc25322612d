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

  /** The router's user need not be called sealwax: the owner of its state folder is that user. */
  @Test
  void rootIsToldTheUserOfTheRouter() throws Exception {
    Path state = Files.createDirectories(folder.resolve("router-state"));
    try {
      Files.setOwner(
          state,
          folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    } catch (IOException e) {
      // Only root can do this.
    }
    String owner = Files.getOwner(state).getName();
    Files.writeString(folder.resolve("c.toml"), "[server]\nstate = \"router-state\"\n");
    Files.writeString(folder.resolve("d.toml"), "[server]\nstate = \"not-yet\"\n");
    CommandLineRun root = new CommandLineRun(folder, 80, "root");
    List<String> words = List.of("dkim", "new", "project.example", "--folder", KEYS);
    for (String config : List.of("c.toml", "d.toml")) {
      List<String> all =
          Stream.concat(
                  words.stream(),
                  Stream.of("--config", config, "--selector", config.substring(0, 1)))
              .toList();
      assertEquals(0, root.run(all), root.err());
      boolean known = config.equals("c.toml") && !owner.equals("root");
      assertTrue(
          root.err()
              .contains("run: chown " + (known ? owner : "USER") + " " + folder.resolve(KEYS)),
          root.err());
      assertEquals(!known, root.err().contains("(USER: the user that runs sealwax serve)"));
    }
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
