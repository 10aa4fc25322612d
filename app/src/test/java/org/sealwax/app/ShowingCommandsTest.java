package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.Command;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.server.Router;

/** A command that only shows changes nothing: no name, size, time or mode in its folders. */
@Timeout(300)
final class ShowingCommandsTest {
  private static final String CONFIGURATION =
      """
      [server]
      hostname = "mx.test.example"
      state = "state"
      [[listener]]
      address = "127.0.0.1:0"
      [[relay_domain]]
      domain = "ours.example"
      recipients = "recipients"
      [dns]
      resolvers = ["127.0.0.1:1"]
      timeout = "1s"
      [receipts]
      [tlsrpt_in]
      addresses = ["tls@ours.example"]
      [rollover]
      enabled = true
      """;

  /** What each command that shows is run with. */
  private static final Map<String, List<String>> SHOWING =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("check", List.of("check", "check --offline --quiet")),
              Map.entry("doctor", List.of("doctor --address 127.0.0.1")),
              Map.entry("dkim check", List.of("dkim check", "dkim check --json")),
              Map.entry("dns", List.of("dns --address 192.0.2.1")),
              Map.entry("status", List.of("status", "status --json")),
              Map.entry("queue", List.of("queue")),
              Map.entry("queue list", List.of("queue list", "queue list --json")),
              Map.entry("queue count", List.of("queue count")),
              Map.entry("queue show", List.of("queue show 4bXk2Lm9")),
              Map.entry("trace", List.of("trace 4bXk2Lm9")),
              Map.entry("policy", List.of("policy")),
              Map.entry("policy list", List.of("policy list --all")),
              Map.entry("policy show", List.of("policy show a.example")),
              Map.entry("rollover", List.of("rollover")),
              Map.entry("rollover status", List.of("rollover status")),
              Map.entry("receipts verify", List.of("receipts verify")),
              Map.entry("receipts export", List.of("receipts export")),
              Map.entry("tlsrpt", List.of("tlsrpt", "tlsrpt --json")),
              Map.entry("feedback", List.of("feedback", "feedback --json")),
              Map.entry("policyd", List.of("policyd --ask a.example")),
              Map.entry(
                  "explain",
                  List.of(
                      "explain a.example",
                      "explain a.example --probe --json",
                      "explain --what-if sealwax.toml",
                      "explain --code tls10")),
              Map.entry("version", List.of("version")),
              Map.entry("help", List.of("help", "help status"))));

  /** The others, and what they do. */
  private static final Map<String, String> CHANGING =
      Map.ofEntries(
          Map.entry("demo", "makes folders of its own"),
          Map.entry("serve", "runs the server"),
          Map.entry("reload", "changes the running server"),
          Map.entry("dkim new", "makes a key"),
          Map.entry("queue hold", "changes the queue"),
          Map.entry("queue release", "changes the queue"),
          Map.entry("queue retry", "changes the queue"),
          Map.entry("queue bounce", "changes the queue"),
          Map.entry("queue delete", "changes the queue"),
          Map.entry("policy accept", "changes the ledger"),
          Map.entry("policy forget", "changes the ledger"),
          Map.entry("rollover start", "changes the rollover"),
          Map.entry("rollover abort", "changes the rollover"),
          Map.entry("sendmail", "sends mail"),
          Map.entry("password", "reads a password, and has no folder"),
          Map.entry("backup", "writes a backup"),
          Map.entry("restore", "writes the spool"),
          Map.entry("lab local", "makes folders of its own"),
          Map.entry("lab serve", "runs a service"),
          Map.entry("assess", "has no state folder"),
          Map.entry("assess serve", "runs a service"),
          Map.entry("survey", "writes what its options name"),
          Map.entry("rehearse", "makes folders of its own"));

  @TempDir private static Path folder = Path.of("");

  enum State {
    /** The folder that the configuration names does not exist. */
    NO_FOLDER,
    EMPTY,
    /** As a server left it. */
    STOPPED,
    /** As a server left it that was killed: with the logs of its databases. */
    KILLED
  }

  @BeforeAll
  static void fill() throws Exception {
    TlsFactory.prepareJvm();
    for (State state : State.values()) {
      Path place = Files.createDirectory(folder.resolve(state.name()));
      Files.writeString(place.resolve("sealwax.toml"), CONFIGURATION);
      Files.writeString(place.resolve("recipients"), "ann@ours.example\n");
      if (state != State.NO_FOLDER) {
        Files.createDirectory(place.resolve("state"));
      }
    }
    Path stopped = folder.resolve("STOPPED");
    Configuration read =
        Configuration.read(
            stopped.resolve("sealwax.toml"),
            new MachineDefaults(Domain.of("mx.test.example"), stopped.resolve("state")));
    if (!(read instanceof Configuration.ValidConfiguration valid)) {
      throw new AssertionError(read.report());
    }
    try (Router router =
        new Router(
            valid.settings(),
            Clock.system(),
            RandomSource.secure(),
            new RecordingMailLog().log(),
            new Counters())) {
      router.start(_ -> ReloadReport.COMPLETE);
      copy(stopped.resolve("state"), folder.resolve("KILLED").resolve("state"));
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (Files.isDirectory(file)) {
          Files.createDirectories(to.resolve(from.relativize(file).toString()));
        } else if (Files.isRegularFile(file)) {
          Files.copy(file, to.resolve(from.relativize(file).toString()));
        }
      }
    }
  }

  private static SortedMap<String, String> content(Path place) throws IOException {
    SortedMap<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.walk(place)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        content.put(
            place.relativize(file).toString(),
            Files.readAttributes(
                    file,
                    "unix:size,mode,lastModifiedTime,ino,nlink,uid,gid",
                    LinkOption.NOFOLLOW_LINKS)
                .toString());
      }
    }
    return content;
  }

  @Test
  void everyCommandIsInOneOfTheTables() {
    Set<String> all = new TreeSet<>();
    new CommandLineRun(folder)
        .commands()
        .all()
        .filter(c -> !c.usage().operands().equals("COMMAND"))
        .forEach(command -> all.add(name(command)));
    Set<String> known = new TreeSet<>(SHOWING.keySet());
    known.addAll(CHANGING.keySet());
    assertEquals(all, known);
  }

  private static String name(Command command) {
    return command.usage().path().replaceFirst("sealwax ?", "");
  }

  private static Stream<Arguments> cases() {
    return Stream.of(State.values())
        .flatMap(
            state ->
                SHOWING.values().stream()
                    .flatMap(List::stream)
                    // It reads no file but the configuration, and takes a second.
                    .filter(line -> state == State.KILLED || !line.startsWith("doctor"))
                    .map(line -> Arguments.of(state, line)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void nothingChanges(State state, String line) throws IOException {
    Path place = folder.resolve(state.name());
    SortedMap<String, String> before = content(place);
    CommandLineRun run = new CommandLineRun(place);
    run.run(
        Stream.concat(
                Stream.of(line.split(" ")),
                line.startsWith("help") || line.equals("version") || line.contains("--code")
                    ? Stream.empty()
                    : Stream.of("--config", "sealwax.toml"))
            .toList());
    assertEquals(before, content(place), () -> run.out() + run.err());
  }

  @ParameterizedTest
  @MethodSource("names")
  void helpChangesNothing(String name) throws IOException {
    Path place = folder.resolve("NO_FOLDER");
    SortedMap<String, String> before = content(place);
    CommandLineRun run = new CommandLineRun(place);
    assertEquals(
        0, run.run(Stream.concat(Stream.of(name.split(" ")), Stream.of("--help")).toList()));
    assertEquals(before, content(place));
  }

  private static Stream<String> names() {
    return Stream.concat(SHOWING.keySet().stream(), CHANGING.keySet().stream());
  }
}
