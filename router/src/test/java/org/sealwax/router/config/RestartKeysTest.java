package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.settings.SettingKey;

/** A reload that changes one thing names that thing and no other. */
final class RestartKeysTest {
  private static Configuration read(String text) {
    return Configuration.parse(
        text,
        Path.of("/etc/sealwax"),
        "test",
        new MachineDefaults(Domain.of("mx.test.example"), Path.of("/var/lib/sealwax")));
  }

  private static Set<String> named(String before, String after) {
    return assertValid(after).settings().needingRestart(assertValid(before).settings());
  }

  private static Configuration.ValidConfiguration assertValid(String text) {
    Configuration read = read(text);
    if (read instanceof Configuration.ValidConfiguration valid) {
      return valid;
    }
    throw new AssertionError(text + read.report());
  }

  /** Each key of each table that is there once, set to its example. */
  @Test
  void oneKeyIsNamedAlone() {
    int checked = 0;
    List<String> wrong = new ArrayList<>();
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      List<SettingKey> keys = table.repeated() ? List.of() : table.keys();
      for (SettingKey key : keys) {
        String text = table.heading() + "\n" + key.name() + " = " + key.example() + "\n";
        if (!key.declared().restart()
            || !(read(text) instanceof Configuration.ValidConfiguration)) {
          continue;
        }
        Set<String> after = named("", text);
        Set<String> back = named(text, "");
        checked++;
        Stream.of(after, back)
            .filter(names -> names.size() > 1)
            .forEach(names -> wrong.add(text + " " + names));
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(checked > 8, "only " + checked);
  }

  @Test
  void whatFollowsFromAnotherKeyIsNamedByThatKey() {
    String server = "[server]\nhostname = \"%s\"\npostmaster = \"%s\"\n";
    String before = server.formatted("a.example", "ann@example.org");
    assertEquals(
        Set.of("[server] hostname"),
        named(before, server.formatted("b.example", "ann@example.org")));
    assertEquals(
        Set.of("[server] postmaster, as the contact of TLS reports"),
        named(before, server.formatted("a.example", "bob@example.org")));
    String contact = "[tlsrpt]\ncontact = \"tls@example.org\"\n";
    assertEquals(
        Set.of(),
        named(before + contact, server.formatted("a.example", "bob@example.org") + contact));
    assertEquals(Set.of("[tlsrpt] contact"), named(before, before + contact));
    assertEquals(Set.of(), named(before, before));
  }
}
