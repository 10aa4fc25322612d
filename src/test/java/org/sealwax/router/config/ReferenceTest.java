package org.sealwax.router.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * The generated pages are those of this schema. {@code SEALWAX_WRITE=1 mvn test
 * -Dtest=ReferenceTest} writes them.
 */
final class ReferenceTest {
  @Test
  void thePagesAreThoseOfTheSchema() throws IOException {
    Map<Path, String> pages =
        Map.of(
            Path.of("docs/man/sealwax.toml.5"), Reference.manual(),
            Path.of("docs/sealwax.toml.sample"), Reference.sample());
    for (Map.Entry<Path, String> page : pages.entrySet()) {
      if (System.getenv("SEALWAX_WRITE") != null) {
        Files.writeString(page.getKey(), page.getValue());
      }
      assertEquals(
          page.getValue(),
          Files.readString(page.getKey()),
          page.getKey() + " is stale: SEALWAX_WRITE=1 mvn test -Dtest=ReferenceTest");
    }
  }
}
