package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.router.control.ControlServer;
import org.sealwax.router.feedback.FeedbackKind;
import org.sealwax.router.feedback.FeedbackStore;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.testkit.fuzz.Injections;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Nothing that another host, a report or a file contains steers the terminal of the admin: no
 * control character, no direction mark, from any command, in text or in JSON.
 */
@Timeout(120)
final class HostileOutputTest {
  @TempDir private Path folder = Path.of("");

  /** Each kind of injection. */
  private static final String HOSTILE = Injections.together();

  /** A few of them, for many members. */
  private static final String SHORT = "<b>\u202e\u2066\u200b\u001b[31m\u0007\u009b\r\n";

  /** 64 KB of each kind, in one member. */
  private static final String LONG = String.join(" | ", Injections.few());

  /** Where the data of a command comes from, by the test that makes it hostile. */
  private static final Map<String, Set<String>> SOURCES =
      new TreeMap<>(
          Map.of(
              "server",
              Set.of(
                  "queue",
                  "queue list",
                  "queue count",
                  "queue show",
                  "queue hold",
                  "queue release",
                  "queue retry",
                  "queue bounce",
                  "queue delete",
                  "trace",
                  "policy",
                  "policy list",
                  "policy show",
                  "policy accept",
                  "policy forget",
                  "reload",
                  "rollover",
                  "rollover status",
                  "rollover start",
                  "rollover abort",
                  "status",
                  "backup",
                  "explain"),
              "stores",
              Set.of("tlsrpt", "feedback", "receipts verify", "receipts export"),
              "dns",
              Set.of("doctor", "dkim check", "dns"),
              "file",
              Set.of("check", "serve", "policyd", "restore", "dkim new", "lab serve"),
              "peer",
              Set.of("assess", "survey", "sendmail"),
              // They print what the lab saw of a sender, and domains that visitors named.
              "lines",
              Set.of("demo", "lab local", "assess serve"),
              // They print nothing of others.
              "own",
              Set.of("password", "version", "help", "rehearse")));

  /** In UTF-8, which has no halves of characters. */
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static Set<String> of(String source) {
    return SOURCES.getOrDefault(source, Set.of());
  }

  @Test
  void everyCommandHasATest() {
    Set<String> commands = new TreeSet<>();
    new CommandLineRun(folder)
        .commands()
        .all()
        .map(c -> c.usage().path().replaceFirst("^sealwax ?", ""))
        .filter(path -> !Set.of("", "dkim", "receipts", "lab").contains(path))
        .forEach(commands::add);
    Set<String> tested = new TreeSet<>();
    SOURCES.values().forEach(tested::addAll);
    assertEquals(commands, tested);
  }

  /** What a run printed, all of it harmless. */
  private String harmless(CommandLineRun line, List<String> words) {
    int exit = line.run(words);
    String printed = line.out() + line.err();
    assertEquals(
        List.of(),
        printed
            .codePoints()
            .filter(c -> c != '\n' && c != '\t' && steers(c))
            .mapToObj(Integer::toHexString)
            .distinct()
            .toList(),
        () -> words + " prints");
    assertTrue(exit != ExitStatus.SOFTWARE, () -> words + ": " + line.err());
    return printed;
  }

  private static boolean steers(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          true;
      default -> false;
    };
  }

  private List<String> words(String command, String... more) {
    List<String> all = new ArrayList<>(List.of(command.split(" ")));
    all.addAll(List.of("--config", "sealwax.toml"));
    all.addAll(List.of(more));
    return all;
  }

  private void configuration(String rest) throws Exception {
    Files.createDirectories(folder.resolve("state"));
    Files.writeString(
        folder.resolve("sealwax.toml"),
        "[server]\nhostname = \"mx.test.example\"\nstate = \"state\"\n" + rest);
  }

  /** Arrays of the answers of a server; every other member is a text. */
  private static final List<String> OBJECTS =
      List.of(
          "messages",
          "recipients",
          "stations",
          "waiting",
          "domains",
          "hosts",
          "keys",
          "destinations",
          "sources",
          "differences");

  private static final List<String> TEXTS =
      List.of("records", "identity", "because", "rungs", "offers", "changes", "not_known");

  private static final List<String> FIELDS =
      List.of(
          ("accepts address arrived at better broken cause class clear_text connections days"
                  + " delayed demands destination does_not_count domain due encryption end evidence"
                  + " expires explanation falls_away first floor groups header host id key known_by"
                  + " last level more never next_hop note now of oldest origin original owner"
                  + " plaintext port reason recipient refused remembered refresh reply rfc seen"
                  + " sender sessions since size source state status text then tls to trouble"
                  + " unknown value wanted warning what where folder")
              .split(" "));

  private static final int DEPTH = 2;

  private static ObjectNode hostile(int depth) {
    ObjectNode out = Json.object();
    FIELDS.forEach(field -> out.put(field, SHORT));
    if (depth == DEPTH) {
      out.put("text", LONG);
    }
    TEXTS.forEach(field -> out.putArray(field).add(SHORT));
    if (depth > 0) {
      OBJECTS.forEach(field -> out.putArray(field).add(hostile(depth - 1)));
      for (String one : List.of("arrival", "sender_checks", "peer", "memory", "probe", "shown")) {
        out.set(one, hostile(depth - 1));
      }
      out.putObject("shown").set(SHORT, hostile(0));
      out.putObject("violation").put("since", SHORT).put("class", SHORT);
    }
    return out;
  }

  static Stream<String> ofServer() {
    return of("server").stream();
  }

  /** A server that was taken over, or whose data a peer chose. */
  @ParameterizedTest
  @MethodSource("ofServer")
  void theAnswersOfAServerAreEscaped(String command) throws Exception {
    configuration("");
    ControlServer.ControlHandler answers =
        request -> {
          String what = request.path("do").asString("");
          if (Set.of("reasons", "causes").contains(what)) {
            ArrayNode rows = Json.array();
            rows.add(hostile(0));
            return rows;
          }
          return hostile(DEPTH);
        };
    ControlServer.ControlHandler refusals =
        request -> {
          throw new ControlServer.ControlRequestRefused(LONG);
        };
    List<String> operands =
        switch (command) {
          case "queue show", "trace", "policy show", "policy accept", "policy forget", "explain" ->
              List.of("a.example");
          case "backup" -> List.of("copy");
          default ->
              command.startsWith("queue ") && !command.matches("queue (list|count)")
                  ? List.of("--all")
                  : List.of();
        };
    Set<String> withJson =
        Set.of("queue list", "queue show", "trace", "policy list", "policy show", "explain");
    for (ControlServer.ControlHandler handler : List.of(answers, refusals)) {
      ControlServer server =
          ControlServer.open(folder.resolve("state"), handler, new RecordingMailLog().log());
      try {
        CommandLineRun line = new CommandLineRun(folder);
        String printed = harmless(line, words(command, operands.toArray(String[]::new)));
        if (handler.equals(refusals)) {
          assertTrue(printed.contains("<svg onload="), printed);
        }
        if (withJson.contains(command)) {
          List<String> json = words(command, operands.toArray(String[]::new));
          json.add("--json");
          harmless(line, json);
          if (handler.equals(answers)) {
            assertTrue(first(Json.read(line.out())).startsWith("<script>"), "the same JSON");
          }
        }
        if (command.equals("queue list")) {
          harmless(line, words(command, "--by", "cause"));
        }
      } finally {
        server.close();
      }
    }
  }

  private static String first(JsonNode answer) {
    return answer.path("text").asString("");
  }

  /** Names that reports and receipts contain. */
  @Test
  void theContentsOfStoresAreEscaped() throws Exception {
    configuration("");
    LocalDate today = LocalDate.now(ZoneOffset.UTC);
    Path reports = folder.resolve("state/tlsrpt-received").resolve(today.toString());
    Files.createDirectories(reports);
    String shown = "\u202egro\u202c \u2066x\u2069 \u200b\ufeff <script>alert(1)</script>";
    Files.writeString(
        reports.resolve("0".repeat(32) + ".json"),
        Json.line(
                Json.object()
                    .put("way", "mail")
                    .put("from", "a.example")
                    .put("received", today + "T00:00:00Z"))
            + "\n"
            + report(shown, today)
            + "\n");
    Files.write(reports.resolve("1".repeat(32) + ".json"), bytes(HOSTILE));
    try (FeedbackStore store =
        FeedbackStore.open(
            folder.resolve("state").resolve(FeedbackStore.FILE), new RecordingMailLog().log())) {
      assertFalse(store.takeFresh().iterator().hasNext());
    }
    try (Connection file =
        DriverManager.getConnection(
            "jdbc:sqlite:" + folder.resolve("state").resolve(FeedbackStore.FILE))) {
      try (PreparedStatement row =
          file.prepareStatement("INSERT INTO reported VALUES(?, ?, ?, ?, ?, ?, 3, 3)")) {
        for (FeedbackKind kind : FeedbackKind.values()) {
          row.setLong(1, today.toEpochDay());
          row.setString(2, kind.word());
          for (int i = 3; i <= 6; i++) {
            row.setString(i, HOSTILE);
          }
          row.executeUpdate();
        }
      }
      try (PreparedStatement run = file.prepareStatement("INSERT INTO run VALUES(?, ?, ?, ?)")) {
        run.setString(1, HOSTILE);
        run.setString(2, HOSTILE);
        run.setLong(3, today.toEpochDay() - 9);
        run.setLong(4, today.toEpochDay());
        run.executeUpdate();
      }
    }
    Path receipts = Files.createDirectories(folder.resolve("state/receipts"));
    Files.write(
        receipts.resolve("receipts-" + "0".repeat(18) + ".log"), bytes(HOSTILE + "\n" + HOSTILE));
    CommandLineRun line = new CommandLineRun(folder);
    assertTrue(harmless(line, words("tlsrpt")).contains("\\u{202e}gro"), line.out() + line.err());
    assertTrue(harmless(line, words("tlsrpt", "--json")).contains("\\u202egro"), line.out());
    assertTrue(harmless(line, words("feedback")).contains("\\u{202e}"), line.out() + line.err());
    assertTrue(harmless(line, words("feedback", "--json")).contains("\\u202e"), line.out());
    harmless(line, words("receipts verify"));
    harmless(line, words("receipts export"));
  }

  /** A report about today, with these words wherever a reporter writes his own. */
  private static String report(String words, LocalDate day) {
    ObjectNode root =
        Json.object()
            .put("organization-name", words)
            .put("contact-info", words)
            .put("report-id", words);
    root.putObject("date-range")
        .put("start-datetime", day + "T00:00:00Z")
        .put("end-datetime", day + "T23:59:59Z");
    ObjectNode policy = root.putArray("policies").addObject();
    policy.putObject("policy").put("policy-type", "sts").put("policy-domain", "test.example");
    policy
        .putObject("summary")
        .put("total-successful-session-count", 1)
        .put("total-failure-session-count", 1);
    policy
        .putArray("failure-details")
        .addObject()
        .put("result-type", "certificate-expired")
        .put("sending-mta-ip", "192.0.2.1")
        .put("receiving-mx-hostname", words)
        .put("failure-reason-code", words)
        .put("failed-session-count", 1);
    return Json.line(root);
  }

  /** As the zone file of an attacker writes it: ESC [ 2 J, and U+202E in UTF-8. */
  private static final String IN_ZONE = "\\027[2J\\007\\000\\226\\128\\174gro <b>\\195\\040";

  @Test
  void recordsOfTheDnsAreEscaped() throws Exception {
    CommandLineRun line = new CommandLineRun(folder);
    Files.createDirectories(folder.resolve("keys"));
    assertEquals(
        0, line.run(List.of("dkim", "new", "test.example", "--folder", "keys", "--selector", "s")));
    String rows = line.out().substring(line.out().indexOf("[[dkim]]"));
    String zone =
        Stream.of(
                "test.example. TXT \"v=spf1 %s -all\"",
                "mx.test.example. TXT \"v=spf1 include:%s\"",
                "_dmarc.test.example. TXT \"v=DMARC1; p=%s; rua=%s\"",
                "s._domainkey.test.example. TXT \"v=DKIM1; p=%s; n=%s\"",
                "s-ed._domainkey.test.example. TXT \"%s\"",
                "test.example. MX 10 mx.test.example.",
                "mx.test.example. A 127.0.0.2")
            .map(record -> record.replace("%s", IN_ZONE))
            .reduce("", (all, record) -> all + record + "\n");
    try (LoopbackResolver dns =
        LoopbackResolver.start(Clock.system(), Zone.of("test.example", zone))) {
      configuration(
          "[dns]\nresolvers = [\"127.0.0.1:"
              + dns.address().getPort()
              + "\"]\nvalidation = \"off\"\n"
              + rows
              + "[[relay_domain]]\ndomain = \"test.example\"\nnext_hop = \"[127.0.0.1]:1\"\n");
      for (String command : of("dns")) {
        List<String> words = words(command);
        if (!command.equals("dkim check")) {
          words.addAll(List.of("--address", "127.0.0.2"));
        }
        if (command.equals("doctor")) {
          words.addAll(List.of("--reach", "test.example"));
        }
        String text = harmless(line, words);
        assertTrue(text.contains("error"), text);
        if (command.equals("dns")) {
          for (String format : List.of("zone", "nsupdate")) {
            harmless(line, words("dns", "--address", "127.0.0.2", "--format", format));
          }
        }
        words.add("--json");
        harmless(line, words);
      }
    }
  }

  /** Files that others may have written, as configuration, list, report, key or certificate. */
  @Test
  void filesAreEscaped() throws Exception {
    CommandLineRun line = new CommandLineRun(folder);
    Files.write(folder.resolve("any"), bytes(HOSTILE));
    List<String> texts = new ArrayList<>(Injections.few());
    texts.add("[server]\n" + "\u202ehostname = \"\u001b[2J\"\n");
    texts.add("[server]\nhostname = \"" + "\\u001b[2J\\u202e" + "\"\n");
    texts.add("[server]\npostmaster = \"\\u202e@a.example\"\n[\"\\u001b\"]\nx = 1\n");
    texts.add(
        "[[alias_domain]]\ndomain = \"a.example\"\nfile = \"any\"\n[auth]\npassword_file = \"any\"\n");
    texts.add("[[pipe]]\nname = \"a\"\ncommand = [\"/\\u001b[2J\\u202e\", \"\\u0007\"]\n");
    texts.add("[identity]\ncertificate = \"any\"\nkey = \"any\"\n[roots]\nfiles = [\"any\"]\n");
    texts.add(
        "[[policy]]\ndomain = \"a.example\"\nlevel = \"none\"\nnote = \"\\u202e\\u001b[2J\"\n");
    for (String text : texts) {
      Files.write(folder.resolve("sealwax.toml"), bytes(text));
      for (String command : of("file")) {
        switch (command) {
          case "check" -> harmless(line, words(command, "--offline"));
          case "serve", "policyd", "lab serve" -> {
            // A configuration that is valid would be served.
            if (line.run(words("check", "--offline")) == ExitStatus.ERRORS
                && line.err().matches("(?s).*\nsealwax: \\d+ errors?\n")) {
              harmless(line, words(command));
            }
          }
          case "dkim new" -> harmless(line, words(command, "\u202ea\u001b[2J.example"));
          case "restore" -> harmless(line, words(command, "any\u202e\u001b[2J"));
          default -> throw new AssertionError(command);
        }
      }
      harmless(line, words("explain", "--what-if", "any"));
    }
  }

  /** What the admin pastes may come from a mail or a web page. */
  @ParameterizedTest
  @MethodSource("org.sealwax.app.CommandLineTest#parsed")
  void argumentsAreEscaped(List<String> command) {
    CommandLineRun line = new CommandLineRun(folder);
    for (String word :
        List.of("\u202e\u001b[31mx", "--\u202e\u001b[2J", "--config=\u001b[2J\u202e")) {
      List<String> words = new ArrayList<>(command);
      words.addAll(List.of(word, "--bogus\u001b[31m", word));
      harmless(line, words);
    }
  }

  /** A list of targets and an earlier report that others may have written. */
  @Test
  void filesOfTheExaminerAreEscaped() throws Exception {
    configuration("");
    CommandLineRun line = new CommandLineRun(folder);
    for (String text : Injections.few()) {
      Files.write(folder.resolve("any"), bytes(text));
      harmless(line, words("assess", "a.example", "--baseline", "any"));
    }
    harmless(line, words("survey", "any\u202e\u001b[2J"));
  }

  /** A mail server with each reply hostile, in the greeting, to EHLO, and to anything else. */
  @Test
  void repliesOfAMailServerAreEscaped() throws Exception {
    String shown = String.join(" ", SHORT.split("[\\r\\n]+")) + "\u001b]0;title\u0007 gro\u202c";
    List<String> replies = List.of("220-" + shown + "\r\n220 " + shown + "\r\n");
    try (HostilePeer host = HostilePeer.mailServer(shown, replies.getFirst());
        LoopbackResolver dns =
            LoopbackResolver.start(Clock.system(), Zone.of("test.example", ""))) {
      List<String> options =
          List.of(
              "--no-dnssec", "--allow-private", "--dns", "127.0.0.1:" + dns.address().getPort());
      CommandLineRun line = new CommandLineRun(folder);
      List<String> assess = new ArrayList<>(List.of("assess", "127.0.0.1:" + host.port()));
      assess.addAll(options);
      assess.addAll(List.of("--quick", "--all"));
      String text = harmless(line, assess);
      assertTrue(text.contains("\\u{202e}"), text);
      assess.add("--json");
      harmless(line, assess);
      Files.writeString(folder.resolve("targets"), "127.0.0.1:" + host.port() + "\n");
      List<String> survey = new ArrayList<>(List.of("survey", "targets"));
      survey.addAll(options);
      survey.addAll(List.of("--whole", "--html", "survey.html", "--csv", "survey.csv"));
      harmless(line, survey);
      for (String file : List.of("survey.html", "survey.csv")) {
        assertEquals(
            List.of(),
            Files.readString(folder.resolve(file))
                .codePoints()
                .filter(c -> c != '\n' && c != '\r' && c != '\t' && steers(c))
                .mapToObj(Integer::toHexString)
                .toList());
      }
    }
  }

  /** Another program that has taken the place of the server. */
  @Test
  void repliesToSendmailAreEscaped() throws Exception {
    configuration("");
    for (String text : List.of(LONG, HOSTILE, SHORT)) {
      String oneLine = text.replaceAll("[\\r\\n]", " ");
      for (String first : List.of("220 ", "554 ")) {
        try (HostilePeer _ =
            HostilePeer.submission(
                org.sealwax.mail.cli.StateFolder.submissionSocket(folder.resolve("state")),
                oneLine,
                first + oneLine + "\r\n")) {
          harmless(
              new CommandLineRun(folder),
              List.of("sendmail", "-C", "sealwax.toml", "-f", "a@b.example", "c@d.example"));
          harmless(
              new CommandLineRun(folder),
              List.of("sendmail", "-C", "sealwax.toml", "-F", HOSTILE, "-f", SHORT, HOSTILE));
        }
      }
    }
  }

  /** Every command writes to the streams that escape, and to no other. */
  @Tag("long")
  @Test
  void onlyTheProcessItselfUsesItsStreams() {
    Set<String> users = new TreeSet<>();
    for (JavaClass c : ArchitectureTest.mainClasses()) {
      for (JavaFieldAccess access : c.getFieldAccessesFromSelf()) {
        if (access.getTargetOwner().isEquivalentTo(System.class)
            && Set.of("out", "err").contains(access.getTarget().getName())) {
          users.add(c.getName().replaceAll("\\$.*", ""));
        }
      }
    }
    // It escapes each line.
    assertEquals(Set.of("org.sealwax.router.log.LibraryLog"), users);
  }
}
