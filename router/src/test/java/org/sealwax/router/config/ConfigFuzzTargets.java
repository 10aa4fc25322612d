package org.sealwax.router.config;

import static org.sealwax.testkit.fuzz.FuzzTarget.holds;
import static org.sealwax.testkit.fuzz.FuzzTarget.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.router.receive.AddressPattern;
import org.sealwax.testkit.fuzz.FuzzTarget;

/** The configuration: settings or complaints, never anything else. */
public final class ConfigFuzzTargets {
  private static final MachineDefaults MACHINE =
      new MachineDefaults(Domain.of("mx.example.org"), Path.of("/nonexistent/state"));

  private ConfigFuzzTargets() {}

  /** All of them. */
  public static List<FuzzTarget> all() {
    List<String> seeds = new ArrayList<>();
    seeds.add("[server]\nhostname = \"mx.example.org\"\n[[listener]]\naddress = \"[::1]:25\"\n");
    seeds.add("[server]\nhostname = 5\nx.y = {a = 1}\n[[listener]]\naddress = [\"a\", 1979-05-27]");
    // One row with every key of every table, from the schema itself.
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      StringBuilder all = new StringBuilder(table.heading()).append('\n');
      for (SettingKey key : table.keys()) {
        all.append(key.name()).append(" = ").append(key.example()).append('\n');
      }
      seeds.add(all.toString());
    }
    return List.of(
        FuzzTarget.ofTexts(
            "config", ConfigFuzzTargets::configuration, seeds.toArray(String[]::new)),
        FuzzTarget.ofTexts(
            "patterns",
            ConfigFuzzTargets::patterns,
            "example.org",
            "*.example.org",
            ".example.org",
            "*",
            "192.0.2.0/24",
            "2001:db8::/32",
            "fe80::1%eth0/64",
            "a@b.example",
            "@b.example"));
  }

  private static void configuration(byte[] input) {
    String text = text(input);
    List<String> lines = ConfigurationReader.linesOf(text);
    Configuration read = Configuration.parse(text, Path.of("/nonexistent"), "x.toml", MACHINE);
    for (ConfigurationProblem c : read.problems()) {
      holds(
          c.line() >= 0 && c.line() <= Math.max(1, lines.size()),
          c + " is outside " + lines.size());
      int width = c.line() >= 1 && c.line() <= lines.size() ? lines.get(c.line() - 1).length() : 0;
      holds(c.column() >= 1 && c.column() <= width + 1, c + " is outside " + width);
      holds(!c.text().isBlank() && c.at().length() >= 1, "a complaint without words");
    }
    switch (read) {
      case Configuration.InvalidConfiguration b -> {
        holds(
            b.problems().stream().anyMatch(ConfigurationProblem::error), "broken without a reason");
        holds(!b.report().isBlank(), "broken without a word");
      }
      case Configuration.ValidConfiguration s ->
          holds(
              s.problems().stream().noneMatch(ConfigurationProblem::error), "sound with an error");
    }
  }

  private static void patterns(byte[] input) {
    String text = text(input);
    DomainPattern.parse(text).ifPresent(p -> p.matches(Domain.of("a.example.org")));
    Cidr.parse(text).ifPresent(c -> holds(c.contains(c.network()), c + " is not inside itself"));
    AddressPattern.parse(text);
    Domain.parse(text)
        .ifPresent(d -> holds(Domain.parse(d.name()).filter(d::equals).isPresent(), "" + d));
  }
}
