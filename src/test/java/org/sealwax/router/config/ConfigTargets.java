package org.sealwax.router.config;

import static org.sealwax.mail.fuzz.Target.holds;
import static org.sealwax.mail.fuzz.Target.text;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.cli.Machine;
import org.sealwax.mail.fuzz.Target;
import org.sealwax.router.receive.AddressPattern;

/** The configuration: settings or complaints, never anything else. */
public final class ConfigTargets {
  private static final Machine MACHINE =
      new Machine(Domain.of("mx.example.org"), Path.of("/nonexistent/state"));

  private ConfigTargets() {}

  /** All of them. */
  public static List<Target> all() {
    List<String> seeds = new ArrayList<>();
    seeds.add("[server]\nhostname = \"mx.example.org\"\n[[listener]]\naddress = \"[::1]:25\"\n");
    seeds.add("[server]\nhostname = 5\nx.y = {a = 1}\n[[listener]]\naddress = [\"a\", 1979-05-27]");
    // One row with every key of every table, from the schema itself.
    for (Table table : Schema.tables()) {
      StringBuilder all = new StringBuilder(table.heading()).append('\n');
      for (Key<?> key : table.keys()) {
        all.append(key.name()).append(" = ").append(key.example()).append('\n');
      }
      seeds.add(all.toString());
    }
    return List.of(
        Target.ofTexts("config", ConfigTargets::configuration, seeds.toArray(String[]::new)),
        Target.ofTexts(
            "patterns",
            ConfigTargets::patterns,
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
    List<String> lines = Reading.linesOf(text);
    Configuration read = Configuration.parse(text, Path.of("/nonexistent"), "x.toml", MACHINE);
    for (Complaint c : read.complaints()) {
      holds(
          c.line() >= 0 && c.line() <= Math.max(1, lines.size()),
          c + " is outside " + lines.size());
      int width = c.line() >= 1 && c.line() <= lines.size() ? lines.get(c.line() - 1).length() : 0;
      holds(c.column() >= 1 && c.column() <= width + 1, c + " is outside " + width);
      holds(!c.text().isBlank() && c.length() >= 1, "a complaint without words");
    }
    switch (read) {
      case Configuration.Broken b -> {
        holds(b.complaints().stream().anyMatch(Complaint::error), "broken without a reason");
        holds(!b.report().isBlank(), "broken without a word");
      }
      case Configuration.Sound s ->
          holds(s.complaints().stream().noneMatch(Complaint::error), "sound with an error");
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
