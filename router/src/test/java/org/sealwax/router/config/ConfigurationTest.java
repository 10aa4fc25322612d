package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.net.DialerSettings;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.sts.FirstContactWait;
import org.sealwax.router.deliver.DeliverySettings;
import org.sealwax.router.dnsbl.DnsList;
import org.sealwax.router.ledger.LedgerSettings;
import org.sealwax.router.queue.QueueSettings;
import org.sealwax.router.receipts.ReceiptSettings;
import org.sealwax.router.receive.ClientLimits;
import org.sealwax.router.receive.ListenerRow;
import org.sealwax.router.receive.ReceiveSettings;
import org.sealwax.router.receive.RelayRules;
import org.sealwax.router.route.ForwardSettings;
import org.sealwax.router.spool.SpoolSettings;
import org.sealwax.router.sts.StsSettings;

/** Mistakes in {@code sealwax.toml} and their messages, as one golden table. */
final class ConfigurationTest {
  private static final MachineDefaults MACHINE =
      new MachineDefaults(Domain.of("mx.machine.example"), Path.of("/var/lib/sealwax"));

  private static String resource(String name) throws IOException {
    try (InputStream in = ConfigurationTest.class.getResourceAsStream(name)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static Configuration parse(String text) {
    return Configuration.parse(text, Path.of("/etc/sealwax"), "sealwax.toml", MACHINE);
  }

  /** Cases are parted by {@code === name}, file and report by {@code ---}. */
  @TestFactory
  List<DynamicTest> reportsProblemPositionAndHelp() throws IOException {
    List<DynamicTest> tests = new ArrayList<>();
    for (String part : resource("/config/mistakes.txt").split("(?m)^=== ")) {
      if (part.isBlank()) {
        continue;
      }
      String name = part.lines().findFirst().orElseThrow();
      String rest = part.substring(name.length() + 1);
      int cut = rest.indexOf("\n---\n");
      String file = rest.substring(0, cut);
      String report = rest.substring(cut + 5);
      tests.add(
          DynamicTest.dynamicTest(
              name, () -> assertEquals(report.strip(), parse(file).report().strip())));
    }
    assertTrue(tests.size() > 20, "only " + tests.size());
    return tests;
  }

  @Test
  void invalidValuesAndCombinationsAreReportedTogether() {
    Configuration read =
        parse(
            """
            [server]
            hostnme = "mx.project.example"
            [[listener]]
            address = "127.0.0.1:2525"
            tls = "none"
            client_certificate = "require"
            [queue]
            lifetime = "5 parsecs"
            [[relay_domain]]
            domain = "lists.example"
            [[transport]]
            domain = "*"
            next_hop = "192.0.2.1:25"
            [[policy]]
            domain = "a.example"
            level = "sicher"
            """);
    assertEquals(
        List.of(2, 6, 8, 9, 13, 16),
        read.problems().stream().map(ConfigurationProblem::line).toList());
  }

  /** UTS 46: the name that a person writes and the one of the DNS are one name, in every row. */
  @ParameterizedTest
  @CsvSource({
    "Straße, xn--strae-oqa",
    "βόλος, xn--nxasmm1c",
    "ශ්‍රී, xn--10cl1a0b660p",
    "نامه‌ای, xn--mgba3gch31f060k",
    "例え, xn--r8jz45g",
  })
  void everyRowReadsADomainAlike(String unicode, String ascii) {
    String text =
        """
        [server]
        hostname = "mx.NAME.example"
        postmaster = "ann@NAME.example"
        [[alias_domain]]
        domain = "a.NAME.example"
        file = "aliases"
        [[relay_domain]]
        domain = "r.NAME.example"
        next_hop = "in.NAME.example:26"
        recipients = "all"
        [[transport]]
        domain = ".t.NAME.example"
        next_hop = "out.NAME.example:27"
        [[policy]]
        domain = ".p.NAME.example"
        level = "secure"
        names = ["m.NAME.example"]
        [[reject]]
        recipient = "bob@NAME.example"
        [[reject]]
        sender = ".s.NAME.example"
        [[trusted_client]]
        ca = "clients.pem"
        names = ["c.NAME.example"]
        """;
    Configuration one = parse(text.replace("NAME", unicode));
    Configuration other = parse(text.replace("NAME", ascii));
    assertEquals(
        assertInstanceOf(Configuration.ValidConfiguration.class, other, other.report()).settings(),
        assertInstanceOf(Configuration.ValidConfiguration.class, one, one.report()).settings());
  }

  @Test
  void aTableHasAtMostTheRowsThatItDeclares() {
    String list = "[[dnsbl]]\nzone = \"l%d.example\"\ncodes = [\"127.0.0.2\"]\n";
    String most =
        IntStream.range(0, DnsList.MAX_LISTS)
            .mapToObj(list::formatted)
            .collect(Collectors.joining());
    assertEquals("", parse(most).report());
    assertEquals(
        """
        sealwax.toml:61:1: error: more than 20 of [[dnsbl]]
          61 | [[dnsbl]]
             | ^^^^^^^^^
        help: remove those that are needed least

        """,
        parse(most + list.formatted(20)).report());
  }

  @Test
  void noFileIsEveryDefault() throws IOException {
    Configuration.ValidConfiguration sound =
        assertInstanceOf(Configuration.ValidConfiguration.class, Configuration.read(null, MACHINE));
    assertEquals(List.of(ListenerRow.byDefault()), sound.settings().listeners());
    RouterSettings settings = sound.settings();
    Domain host = MACHINE.hostname();
    assertEquals(DnsSettings.defaults(), settings.dns());
    assertEquals(ClientLimits.ClientLimitSettings.defaults(), settings.clientLimits());
    assertEquals(ReceiveSettings.defaults(host), settings.receive());
    assertEquals(QueueSettings.defaults(host), settings.queue());
    assertEquals(SpoolSettings.defaults(MACHINE.state().resolve("spool")), settings.spool());
    assertEquals(ForwardSettings.defaults(), settings.forward());
    assertEquals(DialerSettings.defaults(), settings.dialer());
    assertEquals(LedgerSettings.defaults(), settings.ledger());
    assertEquals(ReceiptSettings.defaults(), settings.receipts().orElseThrow());
    assertEquals(StsSettings.in(MACHINE.state().resolve("sts.db")), settings.sts().orElseThrow());
    DeliverySettings deliver = DeliverySettings.defaults(host);
    assertEquals(deliver.pool(), settings.deliver().pool());
    assertEquals(deliver.hold(), settings.deliver().hold());
    assertEquals(deliver.floors(), settings.deliver().floors());
    assertEquals(deliver.level(), settings.deliver().level());
    assertEquals(RelayRules.loopbackOnly().trustedNetworks(), settings.trust().networks());
    assertTrue(sound.effective().stream().noneMatch(e -> e.origin().contains(":")));
  }

  private static FirstContactWait patience(String text) {
    return assertInstanceOf(Configuration.ValidConfiguration.class, parse(text), text)
        .settings()
        .sts()
        .orElseThrow()
        .patience();
  }

  @Test
  void firstContactWaitsAreSetAndNeverExceedTheMailsLifetime() {
    assertEquals(
        new FirstContactWait(Duration.ofSeconds(20), Duration.ofSeconds(40)),
        patience("[sts]\nfirst_contact_hold = \"20s\"\nlookup_hold = \"40s\"\n"));
    // Left out they follow a short lifetime; half an hour is the shorter of the two here.
    String brief = "[queue]\nlifetime = \"2h\"\n";
    assertEquals(
        new FirstContactWait(Duration.ofMinutes(30), Duration.ofHours(1)), patience(brief));
    for (String key : List.of("first_contact_hold", "lookup_hold")) {
      patience(brief + "[sts]\n" + key + " = \"1h\"\n");
      List<ConfigurationProblem> problems =
          parse(brief + "[sts]\n" + key + " = \"1h1s\"\n").problems();
      assertEquals(1, problems.size(), problems.toString());
      assertEquals(4, problems.getFirst().line());
      assertTrue(problems.getFirst().text().contains("half of [queue] lifetime"), key);
    }
  }

  private static RouterSettings settings(String text) {
    return assertInstanceOf(Configuration.ValidConfiguration.class, parse(text), text).settings();
  }

  /** The table is named whether rows come, change or go; rows of other tables need none. */
  @Test
  void rowsNeedARestartAlsoWhereTheLastOneIsRemoved() {
    String anchor =
        """
        [[negative_anchor]]
        domain = "broken.example"
        owner = "ops"
        note = "stale DS"
        expires = 2099-01-31
        """;
    RouterSettings with = settings(anchor);
    RouterSettings without = settings("[[policy]]\ndomain = \"a.example\"\n");
    assertEquals(Set.of("[[negative_anchor]]"), with.needingRestart(without));
    assertEquals(Set.of("[[negative_anchor]]"), without.needingRestart(with));
    RouterSettings other = settings(anchor.replace("broken", "other"));
    assertEquals(Set.of("[[negative_anchor]]"), other.needingRestart(with));
    assertEquals(Set.of(), settings(anchor).needingRestart(with));
  }

  @Test
  void theExampleWorks() {
    Configuration.ValidConfiguration sound =
        assertInstanceOf(
            Configuration.ValidConfiguration.class, parse(ConfigurationReference.example()));
    assertEquals("", sound.report());
    assertTrue(ConfigurationReference.example().lines().count() <= 10);
  }

  @Test
  void theUncommentedSampleHasNoUnknownKeyOrInvalidValue() {
    String keys =
        ConfigurationReference.sample()
            .lines()
            .filter(l -> l.startsWith("#") && !l.startsWith("# "))
            .map(l -> l.substring(1))
            .reduce("", (a, b) -> a + b + "\n");
    for (ConfigurationProblem c : parse(keys).problems()) {
      assertTrue(!c.text().contains("unknown") && !c.text().contains("cannot be"), c + "\n" + keys);
    }
  }

  @Test
  void everyDefaultHasItsKeysType() {
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      Section section = ConfigurationReader.empty().section(table.name());
      for (SettingKey key : table.keys()) {
        section.find(key.name());
      }
    }
  }

  @Test
  void eachValueHasAnOrigin() {
    Configuration.ValidConfiguration sound =
        assertInstanceOf(
            Configuration.ValidConfiguration.class,
            parse("[dns]\ntimeout = \"3s\"\n[log]\nformat = \"json\"\n"));
    assertTrue(
        sound
            .effective()
            .contains(new EffectiveSetting("[dns]", 0, "timeout", "\"3s\"", "sealwax.toml:2")));
    assertTrue(
        sound
            .effective()
            .contains(new EffectiveSetting("[dns]", 0, "total", "\"10s\"", "default")));
    assertTrue(
        sound
            .effective()
            .contains(new EffectiveSetting("[log]", 0, "format", "\"json\"", "sealwax.toml:4")));
  }

  @Test
  void rejectsInvalidUtf8AndOversizedFiles(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("sealwax.toml");
    Files.write(file, new byte[] {'#', (byte) 0xff});
    assertTrue(
        assertThrows(IOException.class, () -> Configuration.read(file, MACHINE))
            .toString()
            .contains("UTF-8"));
    Files.write(file, "#".repeat(ConfigurationReader.MAX_SIZE).getBytes(StandardCharsets.US_ASCII));
    assertInstanceOf(Configuration.ValidConfiguration.class, Configuration.read(file, MACHINE));
    Files.write(
        file, "#".repeat(ConfigurationReader.MAX_SIZE + 1).getBytes(StandardCharsets.US_ASCII));
    assertThrows(IOException.class, () -> Configuration.read(file, MACHINE));
  }

  @Test
  void theNumberOfProblemsIsLimited() {
    StringBuilder text = new StringBuilder("[server]\n");
    for (int i = 0; i < ConfigurationReader.MAX_COMPLAINTS + 1; i++) {
      text.append("zzzz").append(i).append(" = 1\n");
    }
    assertEquals(ConfigurationReader.MAX_COMPLAINTS, parse(text.toString()).problems().size());
  }
}
