package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.settings.SettingKey;

/** A key that is declared, documented and accepted also changes the settings. */
final class EffectiveKeysTest {
  private static final Pattern NUMBER = Pattern.compile("(\"?)([0-9]+)([A-Za-z]*\"?)");

  /** For tables that need one key before the others have an effect: the table with that key. */
  private static final List<String> NEEDED =
      List.of(
          "[srs]\ndomain = \"srs.example.org\"\n",
          "[tlsrpt]\ncontact = \"tls@example.org\"\n",
          "[tlsrpt_in]\naddresses = [\"tls@example.org\"]\n");

  /** Other values where neither the default nor the example is one. */
  private static final Map<String, String> OTHER =
      Map.ofEntries(
          Map.entry("[roots] files", "[\"ca.pem\"]"),
          Map.entry("[trust] networks", "[\"192.0.2.0/24\"]"),
          Map.entry("[forward] delimiter", "\"-\""),
          Map.entry("[limits] exempt", "[\"192.0.2.0/24\"]"),
          Map.entry("[queue] retry", "[\"3m\"]"),
          Map.entry("[deliver] allow_targets", "[\"127.0.0.0/8\"]"),
          Map.entry("[https] listen", "\"192.0.2.25:443\""),
          Map.entry("[tlsrpt_in] path", "\"/other\""),
          Map.entry("[feedback] addresses", "[\"reports@example.org\"]"),
          Map.entry("[dns] resolvers", "[\"192.0.2.53\"]"),
          Map.entry("[dns] anchors", "[\"example. DS 1 13 2 " + "00".repeat(32) + "\"]"));

  @TempDir private Path folder = Path.of("");

  private Configuration read(String text) {
    return Configuration.parse(
        text, folder, "test.toml", new MachineDefaults(Domain.of("mx.example.org"), folder));
  }

  /** Values that differ from the default, in the form of the file. */
  private static Stream<String> others(ConfigurationTable table, SettingKey key) {
    String usual = key.fallback();
    String given = OTHER.get(table.heading() + " " + key.name());
    if (given != null) {
      return Stream.of(given);
    }
    if (usual == null) {
      return Stream.of(key.example());
    }
    if (usual.equals("true") || usual.equals("false")) {
      return Stream.of(usual.equals("true") ? "false" : "true");
    }
    Matcher number = NUMBER.matcher(usual);
    if (number.matches()) {
      long value = Long.parseLong(number.group(2));
      return Stream.of(value + 1, value - 1, value * 2)
          .map(other -> number.group(1) + other + number.group(3));
    }
    return Stream.concat(
        key.type().words().stream().map(word -> "\"" + word + "\"").filter(w -> !w.equals(usual)),
        Stream.of(key.example()));
  }

  @Test
  void eachKeyOfATableThatIsThereOnceTakesEffect() {
    List<String> without = new ArrayList<>();
    int checked = 0;
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      if (table.repeated()) {
        continue;
      }
      String head =
          NEEDED.stream()
              .filter(needed -> needed.startsWith(table.heading()))
              .findFirst()
              .orElse(table.heading() + "\n");
      if (!(read(head) instanceof Configuration.ValidConfiguration before)) {
        continue;
      }
      for (SettingKey key : table.keys()) {
        if (head.contains("\n" + key.name() + " = ")) {
          continue;
        }
        List<Configuration.ValidConfiguration> after =
            others(table, key)
                .map(value -> read(head + key.name() + " = " + value + "\n"))
                .filter(Configuration.ValidConfiguration.class::isInstance)
                .map(Configuration.ValidConfiguration.class::cast)
                .toList();
        if (after.isEmpty()) {
          continue;
        }
        checked++;
        if (after.stream().allMatch(a -> Objects.equals(a.settings(), before.settings()))) {
          without.add(table.heading() + " " + key.name());
        }
      }
    }
    assertEquals(List.of(), without, "these keys change nothing");
    assertTrue(checked > 70, "only " + checked + " keys were tried");
  }
}
