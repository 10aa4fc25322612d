package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.policy.TlsLevel;

/**
 * The generated pages are those of this schema. {@code SEALWAX_WRITE=1 mvn test
 * -Dtest=ConfigurationReferenceTest} writes them.
 */
final class ConfigurationReferenceTest {
  private static void assertValid(String text) {
    Configuration read =
        Configuration.parse(
            text,
            Path.of("/etc/sealwax"),
            "example",
            new MachineDefaults(Domain.of("mx.project.example"), Path.of("/var/lib/sealwax")));
    assertInstanceOf(Configuration.ValidConfiguration.class, read, text + read.report());
    assertEquals("", read.report(), text);
  }

  @Test
  void everyExampleIsAConfigurationWithoutWarnings() {
    assertValid(ConfigurationReference.example());
    ConfigurationReference.LEVELS.forEach(level -> assertValid(level.example()));
  }

  /** The rows that the manual page of alias files shows below the file. */
  @Test
  void theExampleOfTheAliasPageIsValid() throws IOException {
    String page = Files.readString(Path.of("docs/man/sealwax-aliases.5"));
    int rows = page.indexOf("[[alias_domain]]\ndomain");
    assertValid(page.substring(rows, page.indexOf(".fi\n", rows)));
  }

  /** The levels of the page are those that a row may have, in their order. */
  @Test
  void everyLevelIsExplained() {
    assertEquals(
        Stream.of(TlsLevel.values())
            .filter(level -> level != TlsLevel.STS && level != TlsLevel.DANE)
            .map(TlsLevel::word)
            .toList(),
        ConfigurationReference.LEVELS.stream()
            .map(ConfigurationReference.TlsLevelText::level)
            .toList());
  }

  @Test
  void generatedPagesMatchTheSchema() throws IOException {
    Map<Path, String> pages =
        Map.of(
            Path.of("docs/man/sealwax.toml.5"), ConfigurationReference.manual(),
            Path.of("docs/sealwax.toml.sample"), ConfigurationReference.sample());
    for (Map.Entry<Path, String> page : pages.entrySet()) {
      if (System.getenv("SEALWAX_WRITE") != null) {
        Files.writeString(page.getKey(), page.getValue());
      }
      assertEquals(
          page.getValue(),
          Files.readString(page.getKey()),
          page.getKey() + " is stale: SEALWAX_WRITE=1 mvn test -Dtest=ConfigurationReferenceTest");
    }
  }
}
