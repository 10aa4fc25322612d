package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The generated pages are those of this schema. {@code SEALWAX_WRITE=1 mvn test
 * -Dtest=ConfigurationReferenceTest} writes them.
 */
final class ConfigurationReferenceTest {
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
