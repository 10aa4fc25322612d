package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.UnusualFile;
import org.sealwax.mail.settings.SettingKey;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.wiring.ConfiguredFilesCheck;
import org.sealwax.testkit.tls.TestCa;

/** Each key that names a file, with a FIFO, a folder and the like there: an error, and no wait. */
@Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class NamedFilesTest {
  private static final Identity PAIR = TestCa.root("Root").identity("a.example");

  private static final String ACME =
      "directory = \"https://ca.example/directory\"\nagree_tos = true\n";

  /** By table and key, a configuration in which the file {@code named} is the one that is wrong. */
  private static final Map<String, String> CONFIGURATIONS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(
                  "identity certificate", "[identity]\ncertificate = \"named\"\nkey = \"a.key\""),
              Map.entry("identity key", "[identity]\ncertificate = \"a.crt\"\nkey = \"named\""),
              Map.entry(
                  "identity_for certificate",
                  "[[identity_for]]\nnames = [\"a.example\"]\ncertificate = \"named\"\nkey = \"a.key\""),
              Map.entry(
                  "identity_for key",
                  "[[identity_for]]\nnames = [\"a.example\"]\ncertificate = \"a.crt\"\nkey = \"named\""),
              Map.entry("roots files", "[roots]\nfiles = [\"named\"]"),
              Map.entry(
                  "trusted_client ca",
                  "[[trusted_client]]\nca = \"named\"\nnames = [\"a.example\"]"),
              Map.entry(
                  "policy ca",
                  "[[policy]]\ndomain = \"a.example\"\nlevel = \"secure\"\nca = \"named\""),
              Map.entry("auth password_file", "[auth]\npassword_file = \"named\""),
              Map.entry(
                  "transport password_file",
                  "[[transport]]\ndomain = \"*\"\nnext_hop = \"a.example:587\"\nuser = \"u\"\n"
                      + "level = \"secure\"\npassword_file = \"named\""),
              Map.entry(
                  "alias_domain file",
                  "[[alias_domain]]\ndomain = \"a.example\"\nfile = \"named\""),
              Map.entry(
                  "relay_domain recipients",
                  "[[relay_domain]]\ndomain = \"a.example\"\nrecipients = \"named\""),
              Map.entry(
                  "dkim key",
                  "[[dkim]]\ndomain = \"a.example\"\nselector = \"s\"\nkey = \"named\""),
              Map.entry(
                  "dns_update key",
                  "[[dns_update]]\nzone = \"a.example\"\nserver = \"127.0.0.1:53\"\nkey = \"named\""),
              Map.entry(
                  "tlsrpt dkim_key",
                  "[tlsrpt]\ncontact = \"tls@a.example\"\ndkim_domain = \"a.example\"\ndkim_selector = \"s\"\ndkim_key = \"named\""),
              Map.entry("acme roots", "[acme]\n" + ACME + "roots = \"named\""),
              Map.entry(
                  "acme eab_key_file",
                  "[acme]\n" + ACME + "eab_key_id = \"k\"\neab_key_file = \"named\"")));

  /** Keys of another kind, and why. */
  private static final Map<String, String> OTHERS =
      Map.of(
          "server state", "a folder, made at the start",
          "srs secret_file", "made at the start; read as alias files are",
          "milter socket", "a socket of another program",
          "pipe directory", "a folder",
          "acme dns_command", "a program");

  @TempDir private Path folder = Path.of("");

  @AfterEach
  void remove() throws IOException {
    Files.deleteIfExists(folder.resolve("named")); // perhaps a link to a device
  }

  @Test
  void everyKeyThatNamesAFileIsInTheTable() {
    Set<String> declared = new TreeSet<>();
    for (ConfigurationTable table : ConfigurationSchema.tables()) {
      for (SettingKey key : table.keys()) {
        if (key.type().typeName().contains("file") || key.type().typeName().contains("path")) {
          declared.add(table.name() + " " + key.name());
        }
      }
    }
    Set<String> known = new TreeSet<>(CONFIGURATIONS.keySet());
    known.addAll(OTHERS.keySet());
    assertEquals(declared, known);
  }

  private static Stream<Arguments> cases() {
    return CONFIGURATIONS.keySet().stream()
        .flatMap(key -> Stream.of(UnusualFile.values()).map(kind -> Arguments.of(key, kind)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void whatIsNoFileIsAnErrorAtOnce(String key, UnusualFile kind) throws Exception {
    TestCa.write(PAIR, folder, "a");
    Path named = folder.resolve("named");
    kind.put(named);
    String report = report(CONFIGURATIONS.get(key) + "\n");
    assertTrue(report.contains(kind.error(named)), report);
  }

  /** All that check prints: the errors of the configuration, else those of the files. */
  private String report(String text) throws IOException {
    Path file = Files.writeString(folder.resolve("sealwax.toml"), text);
    return switch (Configuration.read(
        file, new MachineDefaults(Domain.of("mx.a.example"), folder))) {
      case Configuration.InvalidConfiguration invalid -> invalid.report();
      case Configuration.ValidConfiguration valid ->
          ConfiguredFilesCheck.of(valid.settings(), Clock.system()).toString();
    };
  }
}
