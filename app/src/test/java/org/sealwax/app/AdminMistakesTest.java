package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.control.ReloadReport;
import org.sealwax.router.log.Counters;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.server.Router;

/** Mistakes that an admin makes, and the answers of the commands. */
@Timeout(300)
final class AdminMistakesTest {
  @TempDir private static Path folder = Path.of("");

  private static Router router;

  private static final String TEXT =
      """
      [server]
      hostname = "mx.test.example"
      state = "state"
      [[listener]]
      address = "127.0.0.1:0"
      [[alias_domain]]
      domain = "ours.example"
      file = "aliases"
      [[transport]]
      domain = "*"
      next_hop = "[127.0.0.1]:1"
      """;

  @BeforeAll
  static void start() throws Exception {
    TlsFactory.prepareJvm();
    Files.createDirectories(folder.resolve("state"));
    Files.writeString(folder.resolve("aliases"), "ann: ann@peer.example\n");
    Files.writeString(folder.resolve("sealwax.toml"), TEXT);
    Configuration read =
        Configuration.read(
            folder.resolve("sealwax.toml"),
            new MachineDefaults(Domain.of("mx.test.example"), folder.resolve("state")));
    if (!(read instanceof Configuration.ValidConfiguration valid)) {
      throw new AssertionError(read.report());
    }
    router =
        new Router(
            valid.settings(),
            Clock.system(),
            RandomSource.secure(),
            new RecordingMailLog().log(),
            new Counters());
    router.start(_ -> ReloadReport.COMPLETE);
  }

  @AfterAll
  static void stop() throws Exception {
    router.close();
  }

  private CommandLineRun run(int exit, String... words) {
    return runWith("sealwax.toml", exit, words);
  }

  private CommandLineRun runWith(String file, int exit, String... words) {
    List<String> all = new ArrayList<>(List.of(words));
    all.addAll(1, List.of("--config", file));
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(exit, line.run(all), () -> all + ": " + line.out() + line.err());
    return line;
  }

  /** Each names what was not found; "0 recipients" would leave open whether it was understood. */
  @ParameterizedTest
  @ValueSource(strings = {"hold", "release", "retry", "bounce", "delete"})
  void aSelectionWithoutRecipientsIsNamed(String verb) {
    for (List<String> words :
        List.of(
            List.of(
                "--domain gone.example", "no recipient in the queue matches --domain gone.example"),
            List.of(
                "--sender a@b.example", "no recipient in the queue matches --sender a@b.example"),
            List.of(
                "--reason x --state held",
                "no recipient in the queue matches --reason x --state held"),
            List.of("--all", "the queue is empty"),
            List.of("0TestMail1", "there is no message 0TestMail1 in the queue"))) {
      List<String> all = new ArrayList<>(List.of("queue", verb));
      all.addAll(List.of(words.getFirst().split(" ")));
      CommandLineRun line = run(ExitStatus.WARNINGS, all.toArray(String[]::new));
      assertEquals("", line.out());
      assertEquals("sealwax: " + words.getLast() + "\n", line.err());
    }
    CommandLineRun both = run(ExitStatus.WARNINGS, "queue", verb, "0TestMail1", "0TestMail2");
    assertEquals(2, both.err().lines().count(), both.err());
  }

  @Test
  void aListWithoutMatchesDoesNotSayThatTheQueueIsEmpty() {
    for (String words : List.of("queue list", "queue list --by cause")) {
      List<String> all = new ArrayList<>(List.of(words.split(" ")));
      all.addAll(List.of("--domain", "gone.example"));
      CommandLineRun line = run(ExitStatus.OK, all.toArray(String[]::new));
      assertEquals("no recipient in the queue matches --domain gone.example\n", line.out());
    }
    assertEquals("the queue is empty\n", run(ExitStatus.OK, "queue", "list").out());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ann@peer.example     | \"ann@peer.example\" is a mail address; its domain is peer.example",
        "ann@@                | \"ann@@\" is not a domain",
        "192.0.2.1            | \"192.0.2.1\" is an IP address; name a domain",
        "[192.0.2.1]          | \"[192.0.2.1]\" is an IP address; name a domain",
        "2001:db8::1          | \"2001:db8::1\" is an IP address; name a domain",
        "[2001:db8::1]        | \"[2001:db8::1]\" is an IP address; name a domain",
        "[IPv6:2001:db8::1]   | \"[IPv6:2001:db8::1]\" is an IP address; name a domain",
        "IPv6:::1             | \"IPv6:::1\" is an IP address; name a domain",
        "::ffff:192.0.2.1     | \"::ffff:192.0.2.1\" is an IP address; name a domain",
        "fe80::1%eth0         | \"fe80::1%eth0\" is an IP address; name a domain",
        "[192.0.2.1]:25       | \"[192.0.2.1]:25\" is not a domain",
        "[IPv6:2001:db8]      | \"[IPv6:2001:db8]\" is not a domain",
        "https://a.example/   | \"https://a.example/\" is a URL; its domain is a.example",
        "peer..example        | \"peer..example\" is not a domain",
        "''                   | \"\" is not a domain",
      })
  void whatIsNotADomainIsNamedWithWhatToWrite(String text, String expected) {
    for (List<String> words :
        List.of(
            List.of("explain", text),
            List.of("queue", "list", "--domain", text),
            List.of("queue", "retry", "--domain", text),
            List.of("policy", "show", text),
            List.of("policy", "accept", text),
            List.of("policy", "forget", text))) {
      CommandLineRun line = run(ExitStatus.WARNINGS, words.toArray(String[]::new));
      assertEquals("sealwax: " + expected + "\n", line.err());
    }
  }

  @Test
  void aDomainInUnicodeIsRead() {
    String text = run(ExitStatus.OK, "explain", "B\u00fccher.example.").out();
    assertTrue(text.startsWith("xn--bcher-kva.example\n  next hop: "), text);
  }

  /** Its mail is not passed to the next hop of "*". */
  @Test
  void anAliasDomainHasNoNextHop() {
    String text = run(ExitStatus.OK, "explain", "ours.example").out();
    assertEquals(
        "ours.example\n  next hop: none: this server looks up its addresses in "
            + folder.resolve("aliases")
            + "\n  result: mail goes to the targets of the aliases; explain their domains\n",
        text);
  }

  @Test
  void anUnknownStateIsAnsweredWithTheStates() {
    assertEquals(
        "sealwax: there is no state \"frozen\"; the states are fresh, queued, deferred, held\n",
        run(ExitStatus.WARNINGS, "queue", "list", "--state", "frozen").err());
  }

  /** Every command that asks the server names the file, and prints the errors of [server]. */
  @ParameterizedTest
  @ValueSource(
      strings = {"reload", "explain peer.example", "queue list", "policy list", "trace ID"})
  void theConfigurationFileIsNamed(String command) throws Exception {
    String[] words = command.split(" ");
    String missing = runWith("gone.toml", ExitStatus.CONFIGURATION, words).err();
    assertEquals(
        "sealwax: cannot read the configuration: " + folder.resolve("gone.toml: no such file\n"),
        missing);
    String directory = runWith("state", ExitStatus.CONFIGURATION, words).err();
    assertEquals(
        "sealwax: cannot read the configuration: "
            + folder.resolve("state: it is a folder, not a file\n"),
        directory);
    Files.writeString(folder.resolve("bad.toml"), TEXT.replace("hostname", "hostnam"));
    String wrong = runWith("bad.toml", ExitStatus.CONFIGURATION, words).err();
    assertTrue(wrong.contains("bad.toml:2:1: error: unknown key \"hostnam\" in [server]"), wrong);
    assertTrue(wrong.contains("help: did you mean \"hostname\"?"), wrong);
    assertTrue(
        wrong.endsWith("sealwax: the configuration has errors, so the state folder is not known\n"),
        wrong);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"reload", "explain --message ID", "queue list", "policy list", "trace ID"})
  void aServerThatDoesNotRunIsNamedByItsStateFolder(String command) throws Exception {
    Files.writeString(folder.resolve("other.toml"), TEXT.replace("\"state\"", "\"other\""));
    assertEquals(
        "sealwax: no server is running on "
            + folder.resolve("other")
            + "\nhelp: sealwax serve starts one; --config names its configuration\n",
        runWith("other.toml", ExitStatus.UNAVAILABLE, command.split(" ")).err());
  }

  @Test
  void withoutServerAndStateNothingIsExplained() throws Exception {
    Files.writeString(folder.resolve("other.toml"), TEXT.replace("\"state\"", "\"other\""));
    String err = runWith("other.toml", ExitStatus.SYSTEM, "explain", "peer.example").err();
    assertEquals(
        "sealwax: no server is running, and its state folder cannot be used: "
            + folder.resolve("other: no such file\n"),
        err);
    assertEquals(
        "sealwax: there is no code nix\nhelp: sealwax assess DOMAIN --all shows the codes\n",
        run(ExitStatus.DATA, "explain", "--code", "nix").err());
  }

  @Test
  void aStrayArgumentIsNamedWithWhatIsExpected() {
    assertEquals(
        "sealwax: sealwax reload takes no argument; \"now\" is not expected\n"
            + "help: sealwax reload --help\n",
        run(ExitStatus.USAGE, "reload", "now").err());
    assertEquals("configuration reloaded\n", run(ExitStatus.OK, "reload", "--force").out());
    assertEquals(
        "sealwax: name one domain, or --message ID, or --code CODE\nhelp: sealwax explain --help\n",
        run(ExitStatus.USAGE, "explain", "--message", "0TestMail1", "peer.example").err());
  }

  /** A word that nearly fits is answered with the one that fits. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "chek                | sealwax has no command \"chek\"; did you mean sealwax check?",
        "CHECK               | sealwax has no command \"CHECK\"; did you mean sealwax check?",
        "list queue          | sealwax has no command \"list\"; did you mean sealwax queue list?",
        "queue lst           | sealwax queue has no command \"lst\"; did you mean sealwax queue list?",
        "help quue           | sealwax has no command \"quue\"; did you mean sealwax queue?",
        "check -c x.toml     | sealwax check has no option -c; did you mean --config?",
        "check --confg x     | sealwax check has no option --confg; did you mean --config?",
        "check --ofline      | sealwax check has no option --ofline; did you mean --offline?",
        "queue list --josn   | sealwax queue list has no option --josn; did you mean --json?",
        "assess a.example --htlm x | sealwax assess has no option --htlm; did you mean --html?",
        "check x.toml        | sealwax check takes no argument; \"x.toml\" is not expected; --config FILE names the configuration file",
        "check --config      | --config needs FILE",
        "check --config a --config b | --config is given twice",
        "check --offline=yes | --offline takes no value",
        "queue show          | sealwax queue show needs ID",
        "dkim                | sealwax dkim needs one of new, check",
        "assess a.example --quick --full | --quick or --full, not both",
        "assess a.example --fail-below Z | --fail-below is one of A+ A A- B C D E F",
        "lab local --ports 25 | --ports takes two ports: 2525:8443",
        "tlsrpt --since yesterday | --since is a day, 2026-11-24, or a number of days: 30d",
        "policyd --listen 25 | --listen is an address and a port, or unix: and a path",
        "doctor --address x  | --address x is not an address",
      })
  void aWordThatIsNearlyRightIsAnsweredWithTheRightOne(String words, String expected) {
    CommandLineRun line = new CommandLineRun(folder);
    assertEquals(ExitStatus.USAGE, line.run(List.of(words.split(" "))), line::err);
    assertEquals("sealwax: " + expected, line.err().lines().findFirst().orElseThrow());
    assertTrue(line.err().contains("\nhelp: sealwax "), line.err());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "assess   | ann@peer.example     | is a mail address; its domain is peer.example",
        "assess   | https://peer.example/x | is a URL; its domain is peer.example",
        "assess   | peer..example        | is not a domain, host or host:port",
        "assess   | mx.peer.example:0    | is not a domain, host or host:port",
        "dkim new | ann@peer.example     | is a mail address; its domain is peer.example",
        "dkim new | http://peer.example  | is a URL; its domain is peer.example",
        "dkim new | 192.0.2.1            | is an IP address; name a domain",
        "dkim new | peer..example        | is not a domain",
      })
  void whatIsNotADomainIsNamedByEveryCommand(String command, String text, String expected) {
    CommandLineRun line = new CommandLineRun(folder);
    List<String> words = new ArrayList<>(List.of(command.split(" ")));
    words.add(text);
    assertEquals(ExitStatus.USAGE, line.run(words));
    assertEquals(
        "sealwax: \"" + text + "\" " + expected, line.err().lines().findFirst().orElseThrow());
  }

  /** Text that is not TOML: what is wrong and what a line looks like, and nothing that follows. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "hostname = mx.test.example | this is not a value | a text, an address or a time is in quotes",
        "hostname = 'a.example', 'b.example' | more than one value | several values are a list",
        "hostname = | the value is missing | a line is key = value",
        "hostname mx.test.example | this line is neither a key with its value nor a table | a line is",
        "hostname: mx.test.example | this line is neither a key with its value nor a table | a line is",
        "hostname = 'mx.test.example | the quote at the end is missing | a text is",
        "[[listener] | this is not the name of a table | a table is [server]",
        "state = ['a' 'b'] | this is not a list | a list is",
      })
  void whatIsNotTomlIsExplained(String line, String sentence, String help) throws Exception {
    Files.writeString(
        folder.resolve("toml.toml"), "[server]\n" + line.replace('\'', '"') + "\n[[listener]]\n");
    CommandLineRun run = runWith("toml.toml", ExitStatus.ERRORS, "check", "--offline");
    String first = run.err().lines().findFirst().orElseThrow();
    assertEquals("error: " + sentence, first.replaceAll(".*toml.toml:2:[0-9]+: ", ""), run.err());
    assertTrue(run.err().contains("\nhelp: " + help), run.err());
    assertTrue(run.err().endsWith("\nsealwax: 1 error\n"), run.err());
  }

  /** Editors of some systems write a byte order mark, and lines that end with CR LF. */
  @Test
  void aFileOfAnotherSystemIsRead() throws Exception {
    Files.writeString(folder.resolve("bom.toml"), "\ufeff" + TEXT.replace("\n", "\r\n"));
    runWith("bom.toml", ExitStatus.OK, "check", "--offline", "--quiet");
  }

  @ParameterizedTest
  @ValueSource(strings = {"mx", "localhost", "mx_1.test.example"})
  void aHostNameThatOthersRejectIsWarnedOf(String name) throws Exception {
    Files.writeString(folder.resolve("name.toml"), TEXT.replace("mx.test.example", name));
    String err = runWith("name.toml", ExitStatus.WARNINGS, "check", "--offline").err();
    assertTrue(err.contains(": warning: many servers reject \"" + name + "\" in EHLO\n"), err);
  }

  /** Before minutes of work, and not after them. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "assess peer.example --html %s",
        "assess peer.example --badge %s",
        "survey aliases --html %s",
        "survey aliases --out %s",
        "lab local --html %s",
        "lab local --junit %s"
      })
  void anOutputThatCannotBeWrittenIsNamedFirst(String command) {
    for (List<String> place :
        List.of(
            List.of("state", "it is a folder, not a file"),
            List.of("gone/report.html", "there is no such folder"))) {
      CommandLineRun line = new CommandLineRun(folder);
      String words = command.formatted(place.getFirst());
      assertEquals(ExitStatus.DATA, line.run(List.of(words.split(" "))), line::err);
      String option = words.replaceAll(".* (--[a-z]+) .*", "$1");
      assertEquals(
          "sealwax: "
              + option
              + ": "
              + folder.resolve(place.getFirst())
              + ": "
              + place.getLast()
              + "\n",
          line.err());
    }
  }

  @Test
  void aBackupThatIsNoneIsNamed() throws Exception {
    Files.createDirectories(folder.resolve("notes"));
    for (List<String> place :
        List.of(
            List.of("gone", ": no such folder"),
            List.of("aliases", ": it is a file, not a folder"),
            List.of("notes", " is not a backup: spool.db is missing"))) {
      Files.writeString(folder.resolve("other.toml"), TEXT.replace("\"state\"", "\"fresh\""));
      String err = runWith("other.toml", ExitStatus.SYSTEM, "restore", place.getFirst()).err();
      assertEquals("sealwax: " + folder.resolve(place.getFirst()) + place.getLast() + "\n", err);
    }
  }

  @Test
  void whatIsMissingIsNamed() throws Exception {
    Files.writeString(folder.resolve("other.toml"), TEXT.replace("\"state\"", "\"fresh\""));
    assertEquals(
        "sealwax: standard input has no password\n"
            + "help: printf %s 'the password' | sealwax password USER\n",
        run(ExitStatus.DATA, "password", "ann").err());
    assertEquals(
        "there are no receipts in " + folder.resolve("fresh/receipts") + "\n",
        runWith("other.toml", ExitStatus.OK, "receipts", "verify").out());
    CommandLineRun survey = new CommandLineRun(folder);
    assertEquals(ExitStatus.DATA, survey.run(List.of("survey", "state")));
    assertEquals(
        "sealwax: " + folder.resolve("state") + ": it is a folder, not a file\n", survey.err());
  }

  /** What would fail at the start or with the first message is reported by check. */
  @Test
  void checkLooksAtTheMachine() throws Exception {
    try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Files.writeString(
          folder.resolve("machine.toml"),
          TEXT.replace("127.0.0.1:0", "127.0.0.1:" + used.getLocalPort())
                  .replace("\"state\"", "\"aliases\"")
                  .replace("[127.0.0.1]:1", "pipe:filter")
              + "[[pipe]]\nname = \"filter\"\ncommand = [\"/nowhere/filter\"]\n");
      String err =
          runWith("machine.toml", ExitStatus.WARNINGS, "check", "--offline", "--quiet").err();
      for (String part :
          List.of(
              "/nowhere/filter",
              folder.resolve("aliases").toString(),
              "127.0.0.1:" + used.getLocalPort())) {
        assertTrue(
            err.lines().anyMatch(l -> l.contains("warning: ") && l.contains(part)),
            () -> part + " is missing in:\n" + err);
      }
    }
  }
}
