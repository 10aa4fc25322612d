package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** {@code sealwax(1)} is that of this command line; {@code SEALWAX_WRITE=1} writes it. */
final class ManualTest {
  @Test
  void thePageIsThatOfTheCommandLine() throws IOException {
    Path page = Path.of("docs/man/sealwax.1");
    if (System.getenv("SEALWAX_WRITE") != null) {
      Files.writeString(page, Help.manual());
    }
    assertEquals(
        Help.manual(), Files.readString(page), "SEALWAX_WRITE=1 mvn test -Dtest=ManualTest");
  }
}
